"""Dedicated hosts, which are recorded: instances are not placed on them by themselves.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-hosts-overview.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import instance_types, kept, tokens
from ..compute.find import HOST
from ..errors import InvalidParameterCombination, InvalidParameterValue
from ..kinds import creates, on
from .volumes import zone_of

BY_IDS = on((HOST, "HostIds"))
CHANGEABLE = ("AutoPlacement", "HostRecovery", "HostMaintenance")


@action("AllocateHosts", resource=creates(HOST), fidelity="recorded")
def allocate_hosts(ctx: Context, req: Request) -> Answer:
    """Allocate hosts for one instance type, or for a family of them."""
    given = tags.created(req, "dedicated-host")
    zone = zone_of(ctx, req)
    if bool(req.get("InstanceType")) == bool(req.get("InstanceFamily")):
        raise InvalidParameterCombination("Specify either an instance type or an instance family.")
    count = req.get("Quantity") or 1
    if count < 1:
        raise InvalidParameterValue(f"Value ({count}) for parameter quantity is invalid.")
    properties: dict[str, Any] = {}
    if req.get("InstanceFamily"):
        properties["InstanceFamily"] = req["InstanceFamily"]
    if req.get("InstanceType"):
        info = instance_types.require(req["InstanceType"])["VCpuInfo"]
        properties |= {"InstanceType": req["InstanceType"], "TotalVCpus": info["DefaultVCpus"],
                       "Cores": info.get("DefaultCores") or info["DefaultVCpus"], "Sockets": 1}  # fmt: skip

    def make(tx: Transaction) -> Answer:
        shown: Answer = {
            "AutoPlacement": req.get("AutoPlacement") or "on", "AvailabilityZone": zone.name,
            "AvailabilityZoneId": zone.id, "HostProperties": properties, "Instances": [], "State": "available",
            "AllocationTime": ctx.now(), "HostRecovery": req.get("HostRecovery") or "off",
            "HostMaintenance": req.get("HostMaintenance") or "off", "OwnerId": ctx.account,
            "AllowsMultipleInstanceTypes": "off" if req.get("InstanceType") else "on",
            "MemberOfServiceLinkedResourceGroup": False,
        }  # fmt: skip
        return {"HostIds": [kept.create(tx, ctx, HOST, given, shown).id for _ in range(count)]}

    with ctx.write() as tx:
        return tokens.once(tx, ctx, req, make)


def _each(ctx: Context, req: Request, change: Any) -> Answer:
    """Change hosts, and tell which there are not."""
    done, failed = [], []
    with ctx.write() as tx:
        for id in req["HostIds"]:
            found = HOST.find(tx, ctx, id)
            if found is None or found.shown["State"] == "released":
                error = {
                    "Code": "Client.InvalidHost.NotFound",
                    "Message": f"The specified host ID '{id}' does not exist.",
                }
                failed.append({"ResourceId": id, "Error": error})
                continue
            change(tx, found)
            done.append(id)
    return {"Successful": done, "Unsuccessful": failed}


@action("ModifyHosts", resource=BY_IDS, fidelity="recorded")
def modify_hosts(ctx: Context, req: Request) -> Answer:
    """Change settings of hosts."""
    changes = {member: req[member] for member in CHANGEABLE if req.get(member)}
    return _each(ctx, req, lambda tx, found: kept.change(tx, HOST, found, **changes))


@action("ReleaseHosts", resource=BY_IDS, fidelity="recorded")
def release_hosts(ctx: Context, req: Request) -> Answer:
    """Release hosts, which are described as `released` from then on."""
    now = ctx.now()
    return _each(ctx, req, lambda tx, found: kept.change(tx, HOST, found, State="released", ReleaseTime=now))


FILTERS = kept.filters(
    {
        "auto-placement": "AutoPlacement",
        "availability-zone": "AvailabilityZone",
        "client-token": "ClientToken",
        "host-reservation-id": "HostReservationId",
        "instance-type": "InstanceType",
        "state": "State",
    }
)


@action("DescribeHosts", resource="*", fidelity="recorded")
def describe_hosts(ctx: Context, req: Request) -> Answer:
    """Describe hosts."""
    return kept.described(ctx, req, HOST, FILTERS, ids="HostIds", into="Hosts", id="HostId")
