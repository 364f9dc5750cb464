"""Rotation rules: what is allowed, and when the next rotation window opens and closes.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html

AWS rotates at any time of a window; Fogbank does as soon as it opens. `NextRotationDate` is the last second of the
window. Rates are counted from midnight (UTC) of the day of the last rotation; for rates in hours that is not confirmed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.core import schedules

from .errors import InvalidParameterException

HOUR, DAY = 3600, 86400
SHORTEST = 4 * HOUR  # "You can rotate a secret as often as every four hours."
LONGEST = 1000 * DAY


class Window(NamedTuple):
    opens: float
    closes: float


def checked(rules: dict[str, Any]) -> dict[str, Any]:
    """The rules as they are shown. Raises InvalidParameterException; its texts are not confirmed."""
    days, expression = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
    if days is not None and expression is not None:
        raise InvalidParameterException("You can't specify both AutomaticallyAfterDays and ScheduleExpression.")
    if days is None and expression is None:
        raise InvalidParameterException("You must specify AutomaticallyAfterDays or ScheduleExpression.")
    try:
        window = next_window(rules, 0.0)
        following = next_window(rules, window.opens)
    except ValueError as error:
        raise InvalidParameterException(f"Invalid ScheduleExpression or Duration: {error}.") from None
    if following.opens - window.opens < SHORTEST:
        raise InvalidParameterException("A secret can be rotated every four hours at most.")
    if window.closes > following.opens or window.closes > window.opens - window.opens % DAY + DAY:
        raise InvalidParameterException("The rotation window extends into the next window or the next UTC day.")
    if expression is not None and expression.startswith("rate(") and schedules.rate(expression).unit == "day":
        return {**rules, "AutomaticallyAfterDays": schedules.rate(expression).value}
    return dict(rules)


def next_window(rules: dict[str, Any], last: float) -> Window:
    """The first window that opens after the time of the last rotation. Raises ValueError for rules that have none."""
    expression = rules.get("ScheduleExpression") or _rate(rules["AutomaticallyAfterDays"])
    if expression.startswith("rate("):
        rate = schedules.rate(expression)
        if rate.unit == "minute" or rate.seconds > LONGEST:
            raise ValueError("a rate is in hours or days, and 1000 days at most")
        midnight = last - last % DAY
        opens = midnight + rate.seconds * ((last - midnight) // rate.seconds + 1)
        hourly = rate.unit == "hour"
    else:
        cron = schedules.cron(expression)
        if cron.fields[0] != "0" or cron.fields[5] != "*":
            raise ValueError("the minutes have to be 0, and the year *")
        found = cron.after(last)
        if found is None:
            raise ValueError("there is no such date")
        opens, hourly = found, len(cron.hours) > 1
    return Window(opens, opens + _length(rules.get("Duration"), opens, hourly) - 1)


def _rate(days: int) -> str:
    return f"rate({days} day{'s' if days > 1 else ''})"


def _length(duration: str | None, opens: float, hourly: bool) -> float:
    """Without a Duration a window is an hour for schedules in hours, and lasts to the end of the day for others."""
    if duration:
        return int(duration.removesuffix("h")) * HOUR
    return HOUR if hourly else DAY - opens % DAY
