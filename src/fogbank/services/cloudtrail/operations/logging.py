"""StartLogging, StopLogging and GetTrailStatus.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import event_subscriptions
from ..arns import TRAIL
from ..delivery import stamp
from ..records import TRAILS
from .trails import home


@operation("cloudtrail", "StartLogging", resource=TRAIL.of("Name"))
def start_logging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.write() as tx:
        trail = home(tx, ctx, req["Name"])
        if not trail.logging:
            trail.logging, trail.started = True, ctx.now()
            tx.put(TRAILS, trail)
            event_subscriptions.ask(tx, trail)
    return {}


@operation("cloudtrail", "StopLogging", resource=TRAIL.of("Name"))
async def stop_logging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop logging. Earlier events are still delivered: they are written to disk before the trail stops."""
    await ctx.app.audit.flush()
    await ctx.transact(_stop, ctx, req["Name"])
    return {}


def _stop(tx: Transaction, ctx: Context, name: str) -> None:
    trail = home(tx, ctx, name)
    if trail.logging:
        trail.logging, trail.stopped = False, ctx.now()
        tx.put(TRAILS, trail)
        event_subscriptions.ask(tx, trail)


@operation("cloudtrail", "GetTrailStatus", resource=TRAIL.of("Name"))
def get_trail_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        trail = TRAIL.require(tx, ctx, req["Name"])
    return {
        "IsLogging": trail.logging,
        "LatestDeliveryAttemptTime": "",
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "LatestDeliveryAttemptSucceeded": "",
        "StartLoggingTime": trail.started or None,
        "StopLoggingTime": trail.stopped or None,
        "TimeLoggingStarted": stamp(trail.started) if trail.started else "",
        "TimeLoggingStopped": stamp(trail.stopped) if trail.stopped else "",
        **{name: value for name, value in trail.status.items() if value != "" or not name.endswith("Error")},
    }
