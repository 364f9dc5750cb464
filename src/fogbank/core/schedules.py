"""Schedule expressions: cron(…), rate(…) and at(…).

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

    Cron("0 10 ? * MON-FRI *").after(moment)       # the first time later than `moment`, or None
    rate("rate(3 hours)")                          # Rate(3, "hours")
    at("at(2026-12-24T18:00:00)")                  # epoch seconds

What is no expression raises ValueError. What services allow beyond the form (units, the shortest rate) they check.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"rate\(\s*([0-9]{1,9})\s+(minute|hour|day)(s?)\s*\)")
_AT = re.compile(r"at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)\)")
_MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
FIRST_YEAR, LAST_YEAR = 1970, 2199


class Rate(NamedTuple):
    value: int
    unit: str  # minute, hour or day

    @property
    def seconds(self) -> int:
        return self.value * SECONDS[self.unit]


def rate(text: str) -> Rate:
    """`rate(1 hour)`, `rate(2 hours)`: the unit is in the plural if, and only if, the value is not 1."""
    match = _RATE.fullmatch(text)
    if match is None or int(match[1]) < 1 or (int(match[1]) == 1) is bool(match[3]):
        raise ValueError(f"not a rate: {text}")
    return Rate(int(match[1]), match[2])


def at(text: str, zone: tzinfo = UTC) -> float:
    """`at(yyyy-mm-ddThh:mm:ss)`, in epoch seconds."""
    match = _AT.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time: {text}")
    return datetime.fromisoformat(match[1]).replace(tzinfo=zone).timestamp()


def cron(text: str) -> Cron:
    """`cron(minutes hours day-of-month month day-of-week year)`"""
    if not (text.startswith("cron(") and text.endswith(")")):
        raise ValueError(f"not a cron expression: {text}")
    return Cron(text[5:-1])


class Cron:
    """Six fields. One of day-of-month and day-of-week is `?`."""

    def __init__(self, text: str) -> None:
        fields = text.upper().split()
        if len(fields) != 6:
            raise ValueError(f"{len(fields)} fields instead of 6")
        minutes, hours, days, months, weekdays, years = self.fields = tuple(fields)
        if (days == "?") is (weekdays == "?"):
            raise ValueError("one of day-of-month and day-of-week has to be ?")
        self.minutes = _numbers(minutes, 0, 59)
        self.hours = _numbers(hours, 0, 23)
        self._months = frozenset(_numbers(months, 1, 12, _MONTHS))
        self._years = frozenset(_numbers(years, FIRST_YEAR, LAST_YEAR))
        self._day = _month_day(days) if weekdays == "?" else _week_day(weekdays)

    def after(self, moment: float, zone: tzinfo = UTC) -> float | None:
        """The first time later than `moment`, in epoch seconds. Times that a change of the clock skips are left out."""
        began = datetime.fromtimestamp(moment, zone)
        month = (began.year, began.month)
        while month[0] <= LAST_YEAR:
            for day in self._days(*month):
                if day < began.date():
                    continue
                for hour in self.hours:
                    for minute in self.minutes:
                        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                        stamp = local.timestamp()
                        back = datetime.fromtimestamp(stamp, zone)
                        if stamp > moment and (back.hour, back.minute) == (hour, minute):
                            return stamp
            month = (month[0], month[1] + 1) if month[1] < 12 else (month[0] + 1, 1)
        return None

    def _days(self, year: int, month: int) -> list[date]:
        if year not in self._years or month not in self._months:
            return []
        return sorted({date(year, month, day) for day in self._day(year, month)})


# -- fields ------------------------------------------------------------------------------------------------------------


def _numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    """The numbers of a field of `*`, numbers, names, ranges, lists and steps."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and not (step.isdecimal() and int(step) > 0):
            raise ValueError(f"not a step: {part}")
        if span == "*":
            first, last = low, high
        else:
            begin, dash, end = span.partition("-")
            first = _number(begin, low, high, names)
            last = _number(end, low, high, names) if dash else (high if slash else first)
        if last < first:  # FRI-MON
            found.update(range(first, high + 1, int(step or 1)))
            first = low
        found.update(range(first, last + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(text: str, low: int, high: int, names: dict[str, int] | None) -> int:
    number = (names or {}).get(text) or (int(text) if text.isdecimal() and len(text) <= 4 else None)
    if number is None or not low <= number <= high:
        raise ValueError(f"{text} is not between {low} and {high}")
    return number


class _month_day:
    """Day-of-month: numbers, `L` (the last day), `3W` (the weekday nearest to the third)."""

    def __init__(self, text: str) -> None:
        self.last = text == "L"
        near = re.fullmatch(r"([0-9]{1,2}|L)W", text)
        self.near = (_number(near[1], 1, 31, {"L": 31})) if near else 0
        self.days: tuple[int, ...] = () if self.last or near else _numbers(text, 1, 31)

    def __call__(self, year: int, month: int) -> list[int]:
        length = calendar.monthrange(year, month)[1]
        if self.last:
            return [length]
        if not self.near:
            return [day for day in self.days if day <= length]
        wanted = date(year, month, min(self.near, length))
        near, far = {5: (-1, 2), 6: (1, -2)}.get(wanted.weekday(), (0, 0))
        found = wanted + timedelta(days=near)
        if found.month != month:  # never into another month
            found = wanted + timedelta(days=far)
        return [found.day]


class _week_day:
    """Day-of-week: numbers and names, `5L` (the last Thursday), `3#2` (the second Tuesday)."""

    def __init__(self, text: str) -> None:
        self.nth = 0
        self.days: tuple[int, ...]
        counted = re.fullmatch(r"([0-9A-Z]+)#([1-5])", text)
        if counted:
            self.nth = int(counted[2])
            self.days = (_number(counted[1], 1, 7, _DAYS),)
        elif len(text) > 1 and text.endswith("L"):
            self.nth = -1
            self.days = (_number(text[:-1], 1, 7, _DAYS),)
        elif text == "L":
            self.days = (7,)
        else:
            self.days = _numbers(text, 1, 7, _DAYS)

    def __call__(self, year: int, month: int) -> list[int]:
        first, length = calendar.monthrange(year, month)  # Monday is 0 there, and Sunday 1 here
        found = [day for day in range(1, length + 1) if (first + day) % 7 + 1 in self.days]
        if not self.nth:
            return found
        return found[-1:] if self.nth < 0 else found[self.nth - 1 : self.nth]
