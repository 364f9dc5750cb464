"""Fleets: instances that are launched from launch templates or specifications until a capacity is reached.

The first configuration and its first override that can be launched are used; nothing is replaced later.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Fleets.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import Access
from fogbank.store.api import Reader, Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import kept, templates
from ..compute.find import FLEET, INSTANCE
from ..compute.records import Kept
from ..errors import InvalidParameterValue
from ..filters import page
from ..kinds import creates, on

OVERRIDES = ("InstanceType", "SubnetId", "ImageId", "BlockDeviceMappings")
TYPES = ("request", "maintain", "instant")


def _creates(ctx: Context, req: Request) -> list[Access]:
    found = list(creates(FLEET)(ctx, req))
    for config in req.get("LaunchTemplateConfigs") or ():
        spec = config.get("LaunchTemplateSpecification") or {}
        if spec.get("LaunchTemplateId") or spec.get("LaunchTemplateName"):
            found.append(Access("", templates.named(ctx, spec)))
    return found


def launches(configs: list[Request]) -> Iterator[tuple[Request, Request]]:
    """Requests of RunInstances that would launch an instance, in order, with what each is made of."""
    for config in configs:
        spec = config.get("LaunchTemplateSpecification") or {}
        for override in config.get("Overrides") or [{}]:
            request: Request = {"LaunchTemplate": {name: value for name, value in spec.items() if value}}
            request |= {name: override[name] for name in OVERRIDES if override.get(name)}
            place = {
                name: value
                for name, value in {
                    **(override.get("Placement") or {}),
                    "AvailabilityZone": override.get("AvailabilityZone"),
                }.items()
                if value
            }
            shown = {"LaunchTemplateSpecification": spec, "Overrides": override}
            yield (request | ({"Placement": place} if place else {})), shown


async def fill(
    ctx: Context, choices: list[tuple[Request, Request]], count: int, spot: bool, given: list[Request]
) -> tuple[list[Answer], list[Answer]]:
    """Launch `count` instances from the first choice that can be launched. What fails before has an error."""
    errors: list[Answer] = []
    lifecycle = "spot" if spot else "on-demand"
    for request, shown in choices if count else ():
        market = {"InstanceMarketOptions": {"MarketType": "spot"}} if spot else {}
        specs = {"TagSpecifications": given} if given else {}
        whole = {**request, **market, **specs, "MinCount": count, "MaxCount": count}
        try:
            made = await ctx.call("ec2", "RunInstances", whole)
        except ServiceError as error:
            errors.append({"LaunchTemplateAndOverrides": shown, "Lifecycle": lifecycle, "ErrorCode": error.code,
                           "ErrorMessage": error.message})  # fmt: skip
            continue
        first = made["Instances"][0]
        ids = [each["InstanceId"] for each in made["Instances"]]
        group = {
            "LaunchTemplateAndOverrides": shown, "Lifecycle": lifecycle, "InstanceIds": ids,
            "InstanceType": first["InstanceType"], "AvailabilityZone": first["Placement"]["AvailabilityZone"],
            "SubnetId": first.get("SubnetId") or "",
        }  # fmt: skip
        return [group], errors
    return [], errors


@action("CreateFleet", resource=_creates, fidelity="recorded")
async def create_fleet(ctx: Context, req: Request) -> Answer:
    """Create a fleet, and launch its instances as the caller."""
    given = tags.created(req, "fleet", "instance", "volume", "network-interface", "spot-instances-request")
    kind = req.get("Type") or "maintain"
    if kind not in TYPES:
        raise InvalidParameterValue(f"Value ({kind}) for parameter type is invalid.")
    target = req["TargetCapacitySpecification"]
    on_demand, spot = _split(target)
    launched = [each for each in req.get("TagSpecifications") or () if each.get("ResourceType") != "fleet"]
    choices = list(launches(req["LaunchTemplateConfigs"]))
    groups, errors = await fill(ctx, choices, on_demand, False, launched)
    more, failed = await fill(ctx, choices, spot, True, launched)
    groups, errors = [*groups, *more], [*errors, *failed]
    ids = [id for group in groups for id in group["InstanceIds"]]

    def keep(tx: Transaction) -> Kept:
        shown = {
            "ActivityStatus": "fulfilled" if len(ids) == on_demand + spot else "error", "CreateTime": ctx.now(),
            "FleetState": "active", "ExcessCapacityTerminationPolicy": req.get("ExcessCapacityTerminationPolicy")
            or "termination", "FulfilledCapacity": float(len(ids)), "Type": kind,
            "FulfilledOnDemandCapacity": float(on_demand if groups else 0), "Instances": groups, "Errors": errors,
            "LaunchTemplateConfigs": req["LaunchTemplateConfigs"], "InstanceIds": ids,
            "TargetCapacitySpecification": {
                "DefaultTargetCapacityType": "on-demand", **target, "OnDemandTargetCapacity": on_demand,
                "SpotTargetCapacity": spot,
            },
            "TerminateInstancesWithExpiration": bool(req.get("TerminateInstancesWithExpiration")),
            "ReplaceUnhealthyInstances": bool(req.get("ReplaceUnhealthyInstances")),
            **{name: req[name] for name in ("SpotOptions", "OnDemandOptions", "ClientToken") if req.get(name)},
        }  # fmt: skip
        return kept.create(tx, ctx, FLEET, given, shown)

    made = await ctx.transact(keep)
    return {"FleetId": made.id, **({"Instances": groups, "Errors": errors} if kind == "instant" else {})}


def _split(target: Request) -> tuple[int, int]:
    """How many instances are on demand and how many are spot instances."""
    total = target["TotalTargetCapacity"]
    on_demand, spot = target.get("OnDemandTargetCapacity"), target.get("SpotTargetCapacity")
    if on_demand is None and spot is None:
        return (0, total) if target.get("DefaultTargetCapacityType") == "spot" else (total, 0)
    if on_demand is None:
        on_demand = 0 if target.get("DefaultTargetCapacityType") == "spot" else total - (spot or 0)
    return on_demand, total - on_demand


@action("DeleteFleets", resource=on((FLEET, "FleetIds")), fidelity="recorded")
async def delete_fleets(ctx: Context, req: Request) -> Answer:
    """Delete fleets, with their instances if the request says so."""
    ending = bool(req["TerminateInstances"])

    def delete(tx: Transaction) -> tuple[list[Answer], list[str]]:
        done, ids = [], []
        for id in req["FleetIds"]:
            found = FLEET.require(tx, ctx, id)
            state = "deleted_terminating" if ending else "deleted_running"
            done.append({"CurrentFleetState": state, "PreviousFleetState": found.shown["FleetState"], "FleetId": id})
            kept.change(tx, FLEET, found, FleetState=state)
            ids += [each for each in found.shown["InstanceIds"] if _lives(tx, ctx, each)]
        return done, ids

    done, ids = await ctx.transact(delete)
    if ending and ids:
        await ctx.call("ec2", "TerminateInstances", {"InstanceIds": ids})
    return {"SuccessfulFleetDeletions": done, "UnsuccessfulFleetDeletions": []}


def _lives(tx: Reader, ctx: Context, id: str) -> bool:
    found = tx.get(INSTANCE.table, (ctx.account, ctx.region, id))
    return found is not None and found.state not in ("shutting-down", "terminated")


FILTERS = kept.filters(
    {
        "activity-status": "ActivityStatus",
        "excess-capacity-termination-policy": "ExcessCapacityTerminationPolicy",
        "fleet-state": "FleetState",
        "replace-unhealthy-instances": "ReplaceUnhealthyInstances",
        "type": "Type",
    }
)


@action("DescribeFleets", resource="*", fidelity="recorded")
def describe_fleets(ctx: Context, req: Request) -> Answer:
    """Describe fleets."""
    return kept.described(ctx, req, FLEET, FILTERS, ids="FleetIds", into="Fleets", id="FleetId")


@action("DescribeFleetInstances", resource=on((FLEET, "FleetId")), fidelity="recorded")
def describe_fleet_instances(ctx: Context, req: Request) -> Answer:
    """The instances of a fleet that run."""
    with ctx.read() as tx:
        found = FLEET.require(tx, ctx, req["FleetId"])
        shown = instances(tx, ctx, found.shown["InstanceIds"])
    return {**active(ctx, req, shown), "FleetId": found.id}


def active(ctx: Context, req: Request, shown: list[Answer]) -> Answer:
    """A page of the instances of a fleet."""
    return page(ctx, req, shown, key=lambda each: str(each["InstanceId"]), into="ActiveInstances", shape=dict, least=1)


def instances(tx: Reader, ctx: Context, ids: list[str]) -> list[dict[str, Any]]:
    """The instances of a fleet that are not terminated, in order."""
    known = [tx.get(INSTANCE.table, (ctx.account, ctx.region, id)) for id in sorted(ids) if _lives(tx, ctx, id)]
    return [
        {
            "InstanceId": each.id,
            "InstanceType": each.type,
            "InstanceHealth": "healthy",
            **({"SpotInstanceRequestId": each.spot_request} if each.spot_request else {}),
        }
        for each in known
        if each is not None
    ]
