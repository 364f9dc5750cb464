"""A usage plan's quota: the period a day belongs to, and the count of requests in it.

https://docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fogbank.store.api import Transaction

from .records import GRANTS, USAGE, Usage

_EPOCH = date(1970, 1, 1)


def period_start(quota: dict[str, Any], day: int) -> int:
    """The first day (epoch day number) of the period `day` is in. `offset` days after Sunday, or after the first."""
    offset = int(quota.get("offset") or 0)
    match quota["period"]:
        case "WEEK":
            weekday = (day + 4) % 7  # the epoch began on a Thursday; 0 is Sunday
            return day - (weekday - offset) % 7
        case "MONTH":
            shown = _EPOCH + timedelta(days=day - offset)
            return (shown.replace(day=1) - _EPOCH).days + offset
        case _:
            return day


def take(tx: Transaction, scope: tuple[str, str, str, str], quota: dict[str, Any], day: int) -> bool:
    """Count one request of a key (scope: account, region, plan, key); False when the quota is used up."""
    start = period_start(quota, day)
    today = tx.get(USAGE, (*scope, day))
    grant = tx.get(GRANTS, scope)
    if grant is not None and grant.period == start:
        if grant.remaining <= 0:
            return False
        grant.remaining -= 1
        tx.put(GRANTS, grant)
        remaining = grant.remaining
    else:
        used = sum(u.used for u in tx.scan(USAGE, scope, start=(*scope, start), end=(*scope, day + 1)))
        remaining = int(quota["limit"]) - used - 1
        if remaining < 0:
            return False
    account, region, plan, key = scope
    if today is None:
        today = Usage(account=account, region=region, plan=plan, key=key, day=day, used=0)
    today.used += 1
    today.remaining = remaining
    tx.put(USAGE, today)
    return True
