"""Jobs on the clock: a delivery within five minutes of an event, and a digest file at the full hour."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from . import delivery, digests
from .delivery import Place
from .records import TRAILS

SOON = 300.0
AGAIN = 3600.0  # seconds until a bucket that refused is tried again, unless new events come before


def _place(ctx: Context, payload: dict[str, Any]) -> Place:
    return Place(ctx.account, payload["home"], payload["name"], ctx.region)


@job("cloudtrail.deliver")
async def deliver(ctx: Context, payload: dict[str, Any]) -> None:
    """Deliver the events of this region for one trail. The job has the same name as the trail's Ask."""
    place = _place(ctx, payload)
    more = await delivery.deliver(ctx, place)
    if more:
        name = f"{place.home}/{place.name}"
        await ctx.transact(_again, ctx, place, "cloudtrail.deliver", payload, name)


@job("cloudtrail.digest")
async def digest(ctx: Context, payload: dict[str, Any]) -> None:
    place = _place(ctx, payload)
    if not await digests.write(ctx, place, payload["end"]):
        await ctx.transact(_again, ctx, place, "cloudtrail.digest", payload, f"{place.home}/{place.name}")


def _again(tx: Transaction, ctx: Context, place: Place, kind: str, payload: dict[str, Any], name: str) -> None:
    trail = tx.get(TRAILS, place.trail)
    if trail is not None:
        refused = trail.status.get("LatestDeliveryError") or kind == "cloudtrail.digest"
        ctx.later(tx, kind, payload, delay=AGAIN if refused else SOON, name=name)
