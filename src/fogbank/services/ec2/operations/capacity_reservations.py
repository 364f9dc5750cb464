"""Reservations of capacity, which are recorded: instances are not placed in them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import tags
from ..calls import Answer, Request, action
from ..compute import instance_types, kept, tokens
from ..compute.find import CAPACITY_RESERVATION
from ..errors import InvalidParameterCombination, InvalidParameterValue, NetworkError
from ..kinds import creates, on
from .volumes import zone_of

BY_ID = on((CAPACITY_RESERVATION, "CapacityReservationId"))


def _check_end(req: Request) -> str:
    kind = req.get("EndDateType") or ("limited" if req.get("EndDate") else "unlimited")
    if (kind == "limited") != bool(req.get("EndDate")):
        raise InvalidParameterCombination("An end date belongs to the EndDateType limited, and only to it.")
    return kind


@action("CreateCapacityReservation", resource=creates(CAPACITY_RESERVATION), fidelity="recorded")
def create_capacity_reservation(ctx: Context, req: Request) -> Answer:
    """Reserve capacity for instances of a type in a zone."""
    given = tags.created(req, "capacity-reservation")
    zone, end = zone_of(ctx, req), _check_end(req)
    instance_types.require(req["InstanceType"])
    if req["InstanceCount"] < 1:
        raise InvalidParameterValue(f"Value ({req['InstanceCount']}) for parameter instanceCount is invalid.")

    def make(tx: Transaction) -> Answer:
        now = ctx.now()
        shown = {
            "OwnerId": ctx.account, "AvailabilityZoneId": zone.id, "InstanceType": req["InstanceType"],
            "InstancePlatform": req["InstancePlatform"], "AvailabilityZone": zone.name,
            "Tenancy": req.get("Tenancy") or "default", "TotalInstanceCount": req["InstanceCount"],
            "AvailableInstanceCount": req["InstanceCount"], "EbsOptimized": bool(req.get("EbsOptimized")),
            "EphemeralStorage": bool(req.get("EphemeralStorage")), "State": "active", "StartDate": now,
            "EndDateType": end, "InstanceMatchCriteria": req.get("InstanceMatchCriteria") or "open", "CreateDate": now,
            "ReservationType": "default", "CapacityAllocations": [],
            **({"EndDate": req["EndDate"].timestamp()} if req.get("EndDate") else {}),
            **({"PlacementGroupArn": req["PlacementGroupArn"]} if req.get("PlacementGroupArn") else {}),
        }  # fmt: skip
        made = kept.create(tx, ctx, CAPACITY_RESERVATION, given, shown)
        arn = CAPACITY_RESERVATION.arn_of(ctx, made.id, ctx.account)
        kept.change(tx, CAPACITY_RESERVATION, made, CapacityReservationArn=arn)
        return {"CapacityReservation": kept.shape(made, "CapacityReservationId")}

    with ctx.write() as tx:
        return tokens.once(tx, ctx, req, make)


@action("ModifyCapacityReservation", resource=BY_ID, fidelity="recorded")
def modify_capacity_reservation(ctx: Context, req: Request) -> Answer:
    """Change the size or the end of a reservation."""
    with ctx.write() as tx:
        found = CAPACITY_RESERVATION.require(tx, ctx, req["CapacityReservationId"])
        if found.shown["State"] != "active":
            raise NetworkError("InvalidState", "The capacity reservation is not active.")
        changes: Answer = {}
        if req.get("InstanceCount"):
            changes |= {"TotalInstanceCount": req["InstanceCount"], "AvailableInstanceCount": req["InstanceCount"]}
        if req.get("InstanceMatchCriteria"):
            changes["InstanceMatchCriteria"] = req["InstanceMatchCriteria"]
        if req.get("EndDate") or req.get("EndDateType"):
            changes["EndDateType"] = _check_end(req)
            changes["EndDate"] = req["EndDate"].timestamp() if req.get("EndDate") else None
        kept.change(tx, CAPACITY_RESERVATION, found, **changes)
    return {"Return": True}


@action("CancelCapacityReservation", resource=BY_ID, fidelity="recorded")
def cancel_capacity_reservation(ctx: Context, req: Request) -> Answer:
    """Give up a reservation. It is described as `cancelled` from then on."""
    with ctx.write() as tx:
        found = CAPACITY_RESERVATION.require(tx, ctx, req["CapacityReservationId"])
        kept.change(tx, CAPACITY_RESERVATION, found, State="cancelled", AvailableInstanceCount=0, TotalInstanceCount=0)
    return {"Return": True}


FILTERS = kept.filters(
    {
        "instance-type": "InstanceType",
        "owner-id": "OwnerId",
        "instance-platform": "InstancePlatform",
        "availability-zone": "AvailabilityZone",
        "tenancy": "Tenancy",
        "outpost-arn": "OutpostArn",
        "state": "State",
        "start-date": "StartDate",
        "end-date": "EndDate",
        "end-date-type": "EndDateType",
        "instance-match-criteria": "InstanceMatchCriteria",
        "placement-group-arn": "PlacementGroupArn",
    }
)


@action("DescribeCapacityReservations", resource="*", fidelity="recorded")
def describe_capacity_reservations(ctx: Context, req: Request) -> Answer:
    """Describe reservations of capacity."""
    return kept.described(
        ctx, req, CAPACITY_RESERVATION, FILTERS, ids="CapacityReservationIds", into="CapacityReservations",
        id="CapacityReservationId",
    )  # fmt: skip
