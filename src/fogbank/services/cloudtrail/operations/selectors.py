"""Event selectors, and insight selectors.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutInsightSelectors.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation

from .. import event_subscriptions
from ..arns import STORE, TRAIL, store_arn, trail_arn, trail_or_store
from ..errors import InsightNotEnabledException, InvalidEventSelectorsException, InvalidInsightSelectorsException
from ..records import STORES, TRAILS, Trail
from ..selectors import DEFAULT, check_advanced, check_basic
from .trails import home

_INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")


def _shown(ctx: Context, trail: Trail) -> dict[str, Any]:
    arn = trail_arn(ctx, TRAILS.key(trail))
    if trail.advanced:
        return {"TrailARN": arn, "AdvancedEventSelectors": trail.advanced}
    return {"TrailARN": arn, "EventSelectors": trail.selectors or [DEFAULT]}


@operation("cloudtrail", "PutEventSelectors", resource=TRAIL.of("TrailName"))
def put_event_selectors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set event selectors or advanced event selectors. One kind replaces the other."""
    basic, advanced = req.get("EventSelectors"), req.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise InvalidEventSelectorsException("Specify either event selectors or advanced event selectors.")
    kept = check_basic(basic or [])
    chosen = check_advanced(advanced or [])
    with ctx.write() as tx:
        trail = home(tx, ctx, req["TrailName"])
        trail.selectors, trail.advanced = kept, chosen
        tx.put(TRAILS, trail)
        event_subscriptions.ask(tx, trail)
    return _shown(ctx, trail)


@operation("cloudtrail", "GetEventSelectors", resource=TRAIL.of("TrailName"))
def get_event_selectors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        return _shown(ctx, TRAIL.require(tx, ctx, req["TrailName"]))


def _one(req: dict[str, Any]) -> None:
    if bool(req.get("TrailName")) == bool(req.get("EventDataStore")):
        raise ValidationError("You must specify either TrailName or EventDataStore.")


@operation("cloudtrail", "PutInsightSelectors", resource=trail_or_store, fidelity="recorded")
def put_insight_selectors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Only records the selectors: Fogbank detects no insights."""
    _one(req)
    chosen = req["InsightSelectors"]
    if any(selector.get("InsightType") not in _INSIGHTS for selector in chosen):
        raise InvalidInsightSelectorsException(f"InsightType must be one of {', '.join(_INSIGHTS)}.")
    with ctx.write() as tx:
        if req.get("EventDataStore"):
            store = STORE.require(tx, ctx, req["EventDataStore"])
            store.settings["InsightSelectors"] = chosen
            store.settings["InsightsDestination"] = req.get("InsightsDestination")
            tx.put(STORES, store)
            return {"EventDataStoreArn": store_arn(ctx, STORES.key(store)), "InsightSelectors": chosen,
                    "InsightsDestination": req.get("InsightsDestination")}  # fmt: skip
        trail = home(tx, ctx, req["TrailName"])
        trail.insights = chosen
        tx.put(TRAILS, trail)
    return {"TrailARN": trail_arn(ctx, TRAILS.key(trail)), "InsightSelectors": chosen}


@operation("cloudtrail", "GetInsightSelectors", resource=trail_or_store, fidelity="recorded")
def get_insight_selectors(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _one(req)
    with ctx.read() as tx:
        if req.get("EventDataStore"):
            store = STORE.require(tx, ctx, req["EventDataStore"])
            chosen, arn = store.settings.get("InsightSelectors"), store_arn(ctx, STORES.key(store))
            shown = {"EventDataStoreArn": arn, "InsightsDestination": store.settings.get("InsightsDestination")}
        else:
            trail = TRAIL.require(tx, ctx, req["TrailName"])
            chosen, arn = trail.insights, trail_arn(ctx, TRAILS.key(trail))
            shown = {"TrailARN": arn}
    if not chosen:
        raise InsightNotEnabledException(f"Insights is not enabled on {arn}.")
    return {**shown, "InsightSelectors": chosen}
