"""Spot instances: each has a request, which is fulfilled at once. Nothing ever interrupts them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.store.api import Transaction

from .. import tags
from ..errors import InvalidParameterValue
from .records import INSTANCES, SPOT_REQUESTS, Instance, Kept

FULFILLED = {"Code": "fulfilled", "Message": "Your Spot request is fulfilled."}
ENDED = {
    "Code": "instance-terminated-by-user",
    "Message": "Spot Instance terminated due to user-initiated termination.",
}
PRICE = "0.0100000"  # US dollars an hour, of everything: prices are not known here


def requested(tx: Transaction, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The members of instances that a launch wants as spot instances."""
    options = req.get("InstanceMarketOptions") or {}
    market = options.get("MarketType")
    if market in (None, "", "on-demand"):
        return {}
    if market != "spot":
        raise InvalidParameterValue(f"Value ({market}) for parameter marketType is invalid.")
    kind = (options.get("SpotOptions") or {}).get("SpotInstanceType") or "one-time"
    return {"lifecycle": "spot", "persistent": kind == "persistent"}


def fulfil(tx: Transaction, ctx: Context, req: dict[str, Any], made: list[Instance]) -> None:
    """Give each spot instance of a launch a request of its own."""
    for instance in made:
        if instance.lifecycle != "spot":
            continue
        options = (req.get("InstanceMarketOptions") or {}).get("SpotOptions") or {}
        kept = create(tx, ctx, options, instance, tags.given(req, "spot-instances-request"))
        instance.spot_request = kept.id
        tx.put(INSTANCES, instance)


def create(tx: Transaction, ctx: Context, options: dict[str, Any], instance: Instance, given: dict[str, str]) -> Kept:
    """A request that an instance fulfils."""
    now = ctx.now()
    kept = Kept(
        **vpcs.common(ctx, "sir", given),
        word="spot-instances-request",
        shown={
            "CreateTime": now,
            "InstanceId": instance.id,
            "LaunchedAvailabilityZone": instance.zone,
            "LaunchSpecification": {"ImageId": instance.image, "InstanceType": instance.type,
                                    "Placement": {"AvailabilityZone": instance.zone}},
            "ProductDescription": "Windows" if instance.platform else "Linux/UNIX",
            "SpotPrice": options.get("MaxPrice") or PRICE,
            "State": "active",
            "Status": {**FULFILLED, "UpdateTime": now},
            "Type": options.get("SpotInstanceType") or "one-time",
            "InstanceInterruptionBehavior": options.get("InstanceInterruptionBehavior") or "terminate",
            **({"ValidUntil": options["ValidUntil"].timestamp()} if options.get("ValidUntil") else {}),
        },
    )  # fmt: skip
    tx.put(SPOT_REQUESTS, kept)
    return kept


def ended(tx: Transaction, ctx: Context, instance: Instance) -> None:
    """Close the request of a spot instance that a user terminates."""
    kept = tx.get(SPOT_REQUESTS, (ctx.account, ctx.region, instance.spot_request)) if instance.spot_request else None
    if kept is not None:
        state = "cancelled" if kept.shown["State"] == "cancelled" else "closed"
        kept.shown = {**kept.shown, "State": state, "Status": {**ENDED, "UpdateTime": ctx.now()}}
        tx.put(SPOT_REQUESTS, kept)
