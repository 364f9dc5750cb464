"""Decides increase requests: approves them, passes them to Support, or denies them.

https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html

A request up to the maximum that AWS documents for a quota is approved a minute after it was made. A larger one goes to
Support, who close the case after a day; if no case is allowed, it is not approved. AWS's times differ from request to
request; these are Fogbank's own.
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas as applied
from fogbank.core import quotas
from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from .records import CHANGES, Change

PENDING = 60.0  # seconds until a request is decided
CASE = 86_400.0  # seconds until Support has decided


def later(tx: Transaction, ctx: Context, change: Change) -> None:
    """Schedule the decision about a request."""
    delay = CASE if change.status == "CASE_OPENED" else PENDING
    ctx.later(tx, "service-quotas.decide", {"id": change.id}, delay=delay, name=change.id)


def open_case(tx: Transaction, ctx: Context, change: Change) -> None:
    """Pass a request to Support."""
    change.case = ctx.ids.digits(15)
    _become(tx, ctx, change, "CASE_OPENED")
    later(tx, ctx, change)


@job("service-quotas.decide")
async def decide(ctx: Context, payload: dict[str, Any]) -> None:
    """Decide a request that is still open."""
    await ctx.transact(_decide, ctx, payload["id"])


def _decide(tx: Transaction, ctx: Context, id: str) -> None:
    change = tx.get(CHANGES, (ctx.account, ctx.region, id))
    if change is None or not change.open:
        return
    quota = quotas.table()[change.service].quotas[change.quota]
    if quota.highest is None or change.desired <= quota.highest:
        applied.grant(tx, ctx, change.service, quota, change.desired)
        _become(tx, ctx, change, "APPROVED")
    elif change.status == "CASE_OPENED":
        _become(tx, ctx, change, "CASE_CLOSED")
    elif change.case_allowed:
        open_case(tx, ctx, change)
    else:
        _become(tx, ctx, change, "NOT_APPROVED")


def _become(tx: Transaction, ctx: Context, change: Change, status: str) -> None:
    change.status = status
    change.changed = ctx.now()
    tx.put(CHANGES, change)
