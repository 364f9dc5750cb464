"""Spot fleets, the older form of fleets.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-fleet.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Transaction

from ..calls import Answer, Request, action
from ..compute import kept, templates
from ..compute.find import SPOT_FLEET
from ..compute.records import Kept
from ..errors import InvalidParameterValue, MissingParameter
from ..filters import Filters
from ..kinds import created, on
from ..tags import given
from . import fleets
from .spot_requests import PASSED

SERVICE = "spotfleet.amazonaws.com"


def _requests(ctx: Context, req: Request) -> list[Access]:
    config = req.get("SpotFleetRequestConfig") or {}
    found = created(ctx, SPOT_FLEET.new(ctx), given(config, "spot-fleet-request"))
    for each in config.get("LaunchTemplateConfigs") or ():
        spec = each.get("LaunchTemplateSpecification") or {}
        if spec.get("LaunchTemplateId") or spec.get("LaunchTemplateName"):
            found.append(Access("", templates.named(ctx, spec)))
    return [*found, roles.passed(ctx, config.get("IamFleetRole") or "", SERVICE)]


def _launches(config: Request) -> list[tuple[Request, Request]]:
    found: list[tuple[Request, Request]] = []
    for each in config.get("LaunchSpecifications") or ():
        request = {name: each[name] for name in PASSED if each.get(name) is not None and name != "SecurityGroups"}
        groups = [group["GroupId"] for group in each.get("SecurityGroups") or () if group.get("GroupId")]
        found.append(({**request, **({"SecurityGroupIds": groups} if groups else {})}, {}))
    return [*found, *fleets.launches(config.get("LaunchTemplateConfigs") or [])]


@action("RequestSpotFleet", resource=_requests, fidelity="recorded")
async def request_spot_fleet(ctx: Context, req: Request) -> Answer:
    """Request a spot fleet, and launch its instances as the caller."""
    config = req["SpotFleetRequestConfig"]
    if bool(config.get("LaunchSpecifications")) == bool(config.get("LaunchTemplateConfigs")):
        raise MissingParameter("The request must contain either LaunchSpecifications or LaunchTemplateConfigs.")
    total, on_demand = config["TargetCapacity"], config.get("OnDemandTargetCapacity") or 0
    if total < 0 or on_demand > total:
        raise InvalidParameterValue(f"Value ({total}) for parameter targetCapacity is invalid.")
    choices = _launches(config)
    groups, _ = await fleets.fill(ctx, choices, on_demand, False, [])
    more, _ = await fleets.fill(ctx, choices, total - on_demand, True, [])
    ids = [id for group in (*groups, *more) for id in group["InstanceIds"]]

    def keep(tx: Transaction) -> Kept:
        shown = {
            "ActivityStatus": "fulfilled" if len(ids) == total else "error", "CreateTime": ctx.now(),
            "SpotFleetRequestConfig": kept.plain({**DEFAULTS, **config, "FulfilledCapacity": float(len(ids))}),
            "SpotFleetRequestState": "active", "InstanceIds": ids,
        }  # fmt: skip
        return kept.create(tx, ctx, SPOT_FLEET, given(config, "spot-fleet-request"), shown)

    return {"SpotFleetRequestId": (await ctx.transact(keep)).id}


DEFAULTS = {
    "AllocationStrategy": "lowestPrice",
    "ExcessCapacityTerminationPolicy": "default",
    "Type": "maintain",
    "InstanceInterruptionBehavior": "terminate",
    "ReplaceUnhealthyInstances": False,
    "OnDemandFulfilledCapacity": 0.0,
    "OnDemandTargetCapacity": 0,
    "TerminateInstancesWithExpiration": False,
}


@action("CancelSpotFleetRequests", resource=on((SPOT_FLEET, "SpotFleetRequestIds")), fidelity="recorded")
async def cancel_spot_fleet_requests(ctx: Context, req: Request) -> Answer:
    """Cancel spot fleets, with their instances if the request says so."""
    ending = bool(req["TerminateInstances"])

    def cancel(tx: Transaction) -> tuple[list[Answer], list[str]]:
        done: list[Answer] = []
        ids: list[str] = []
        for id in req["SpotFleetRequestIds"]:
            found = SPOT_FLEET.require(tx, ctx, id)
            live = [each["InstanceId"] for each in fleets.instances(tx, ctx, found.shown["InstanceIds"])]
            state = "cancelled" if not live else "cancelled_terminating" if ending else "cancelled_running"
            previous = found.shown["SpotFleetRequestState"]
            done.append({"CurrentSpotFleetRequestState": state, "PreviousSpotFleetRequestState": previous,
                         "SpotFleetRequestId": id})  # fmt: skip
            kept.change(tx, SPOT_FLEET, found, SpotFleetRequestState=state)
            ids += live
        return done, ids

    done, ids = await ctx.transact(cancel)
    if ending and ids:
        await ctx.call("ec2", "TerminateInstances", {"InstanceIds": ids})
    return {"SuccessfulFleetRequests": done, "UnsuccessfulFleetRequests": []}


@action("ModifySpotFleetRequest", resource=on((SPOT_FLEET, "SpotFleetRequestId")), fidelity="recorded")
def modify_spot_fleet_request(ctx: Context, req: Request) -> Answer:
    """Change the target of a spot fleet, which launches and ends nothing."""
    with ctx.write() as tx:
        found = SPOT_FLEET.require(tx, ctx, req["SpotFleetRequestId"])
        config = dict(found.shown["SpotFleetRequestConfig"])
        for member in ("TargetCapacity", "OnDemandTargetCapacity", "ExcessCapacityTerminationPolicy"):
            if req.get(member) is not None:
                config[member] = req[member]
        kept.change(tx, SPOT_FLEET, found, SpotFleetRequestConfig=config)
    return {"Return": True}


NONE: Filters[Kept] = Filters({}, tags=False)


@action("DescribeSpotFleetRequests", resource="*", fidelity="recorded")
def describe_spot_fleet_requests(ctx: Context, req: Request) -> Answer:
    """Describe spot fleets."""
    return kept.described(
        ctx, req, SPOT_FLEET, NONE, ids="SpotFleetRequestIds", into="SpotFleetRequestConfigs", id="SpotFleetRequestId"
    )


@action("DescribeSpotFleetInstances", resource=on((SPOT_FLEET, "SpotFleetRequestId")), fidelity="recorded")
def describe_spot_fleet_instances(ctx: Context, req: Request) -> Answer:
    """The instances of a spot fleet that run."""
    with ctx.read() as tx:
        found = SPOT_FLEET.require(tx, ctx, req["SpotFleetRequestId"])
        shown = fleets.instances(tx, ctx, found.shown["InstanceIds"])
    return {**fleets.active(ctx, req, shown), "SpotFleetRequestId": found.id}


@action("DescribeSpotFleetRequestHistory", resource=on((SPOT_FLEET, "SpotFleetRequestId")), fidelity="recorded")
def describe_spot_fleet_request_history(ctx: Context, req: Request) -> Answer:
    """What happened to a spot fleet: it was submitted, then it was active."""
    with ctx.read() as tx:
        found = SPOT_FLEET.require(tx, ctx, req["SpotFleetRequestId"])
    at = found.shown["CreateTime"]
    records: list[dict[str, Any]] = [
        {"EventInformation": {"EventSubType": kind}, "EventType": "fleetRequestChange", "Timestamp": at}
        for kind in ("submitted", "active")
        if req.get("EventType") in (None, "fleetRequestChange") and at >= req["StartTime"].timestamp()
    ]
    return {
        "HistoryRecords": records, "LastEvaluatedTime": ctx.now(), "SpotFleetRequestId": found.id,
        "StartTime": req["StartTime"].timestamp(),
    }  # fmt: skip
