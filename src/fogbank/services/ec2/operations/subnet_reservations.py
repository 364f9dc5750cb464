"""Blocks of subnets that are not given out by themselves.

https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fogbank.core.context import Context
from fogbank.network import cidrs, vpcs
from fogbank.network.records import RESERVATIONS, Reservation

from .. import tags
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue
from ..filters import Filters
from ..find import RESERVATION, SUBNET
from ..kinds import creates, on


def _shape(found: Reservation) -> dict[str, Any]:
    return {
        "SubnetCidrReservationId": found.id,
        "SubnetId": found.subnet,
        "Cidr": found.cidr,
        "ReservationType": found.kind,
        "OwnerId": found.account,
        **({"Description": found.description} if found.description else {}),
        "Tags": tags.listed(found.tags),
    }


@action("CreateSubnetCidrReservation", resource=creates(RESERVATION, (SUBNET, "SubnetId")))
def create_subnet_cidr_reservation(ctx: Context, req: Request) -> Answer:
    """Reserve a block. No address of it is given out unless it is asked for."""
    given = tags.created(req, "subnet-cidr-reservation")
    if req["ReservationType"] not in ("prefix", "explicit"):
        raise InvalidParameterValue(f"Value ({req['ReservationType']}) for parameter reservationType is invalid.")
    with ctx.write() as tx:
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        block = cidrs.v6(req["Cidr"], "cidr") if ":" in req["Cidr"] else cidrs.v4(req["Cidr"], "cidr")
        own = [text for text in (subnet.cidr, *(each.cidr for each in subnet.ipv6)) if text]
        networks = [ipaddress.ip_network(text) for text in own]
        if not any(each.version == block.version and block.subnet_of(each) for each in networks):  # type: ignore[arg-type]
            raise InvalidParameterValue(f"The CIDR {block} does not fall within the CIDR blocks of the subnet.")
        others = tx.scan_index(RESERVATIONS, "subnet", (ctx.account, ctx.region, subnet.id))
        if (other := cidrs.conflict(block, [each.cidr for each in others])) is not None:
            raise InvalidParameterValue(f"The CIDR {block} overlaps with the reservation {other}.")
        made = Reservation(
            **vpcs.common(ctx, "scr", given), subnet=subnet.id, cidr=str(block), kind=req["ReservationType"],
            description=req.get("Description") or "",
        )  # fmt: skip
        tx.put(RESERVATIONS, made)
    return {"SubnetCidrReservation": _shape(made)}


@action("DeleteSubnetCidrReservation", resource=on((RESERVATION, "SubnetCidrReservationId")))
def delete_subnet_cidr_reservation(ctx: Context, req: Request) -> Answer:
    """End a reservation."""
    with ctx.write() as tx:
        found = RESERVATION.require(tx, ctx, req["SubnetCidrReservationId"])
        tx.delete(RESERVATIONS, RESERVATIONS.key(found))
    return {"DeletedSubnetCidrReservation": _shape(found)}


FILTERS: Filters[Reservation] = Filters({"reservationType": "kind", "subnet-id": "subnet", "cidr": "cidr"})


@action("GetSubnetCidrReservations", resource=on((SUBNET, "SubnetId")))
def get_subnet_cidr_reservations(ctx: Context, req: Request) -> Answer:
    """The reservations of a subnet."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        kept = tx.scan_index(RESERVATIONS, "subnet", (ctx.account, ctx.region, subnet.id))
        found = [each for each in kept if test is None or test(each)]
    return {
        "SubnetIpv4CidrReservations": [_shape(each) for each in found if ":" not in each.cidr],
        "SubnetIpv6CidrReservations": [_shape(each) for each in found if ":" in each.cidr],
    }
