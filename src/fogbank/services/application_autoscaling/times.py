"""When scheduled actions run.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fogbank.core import schedules

from .records import Action


def zone(name: str) -> tzinfo:
    """Raises ValueError for a name that is no time zone."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is not a time zone") from None


def next_run(action: Action, now: float) -> float:
    """The next time after `now`, 0 if there is none. Raises ValueError for what is no schedule."""
    after = max(now, action.begins - 1)
    if action.schedule.startswith("at("):
        due = schedules.at(action.schedule, zone(action.timezone))
        found: float | None = due if due > now else None
    elif action.schedule.startswith("rate("):
        every = schedules.rate(action.schedule).seconds
        start = action.begins or action.created
        past = int(max(after - start, -1) // every) + 1
        found = start + past * every
    else:
        found = schedules.cron(action.schedule).after(after, zone(action.timezone))
    return 0.0 if found is None or (action.ends and found > action.ends) else found
