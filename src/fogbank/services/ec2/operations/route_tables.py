"""Route tables and their associations. Routes are in `routes`.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import ids, routes, vpcs
from fogbank.network.records import ROUTE_TABLES, Association, Route, RouteTable
from fogbank.store.api import Reader

from .. import quotas, tags
from ..calls import Answer, Request, action
from ..errors import DependencyViolation, InvalidParameterValue, MissingParameter, NetworkError
from ..filters import Filters, describe
from ..find import INTERNET_GATEWAY, ROUTE_TABLE, SUBNET, VPC, VPN_GATEWAY
from ..kinds import creates, holding, on

ASSOCIATED = {"State": "associated"}


@action("CreateRouteTable", resource=creates(ROUTE_TABLE, (VPC, "VpcId")))
def create_route_table(ctx: Context, req: Request) -> Answer:
    """Create a table that has the local routes only."""
    given = tags.created(req, "route-table")
    with ctx.write() as tx:
        vpc = VPC.require(tx, ctx, req["VpcId"])
        quotas.room_in(
            tx, ctx, quotas.ROUTE_TABLES, ROUTE_TABLES, "vpc", vpc.id,
            ("RouteTableLimitExceeded", "The maximum number of route tables has been reached."),
        )  # fmt: skip
        made = RouteTable(**vpcs.common(ctx, "rtb", given), vpc=vpc.id)
        tx.put(ROUTE_TABLES, made)
        answer = shape(Seen(tx, made))
    return {"RouteTable": answer, "ClientToken": req.get("ClientToken") or ctx.ids.uuid()}


@action("DeleteRouteTable", resource=on((ROUTE_TABLE, "RouteTableId")))
def delete_route_table(ctx: Context, req: Request) -> Answer:
    """Delete a table that applies to nothing."""
    with ctx.write() as tx:
        found = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        if found.associations:
            raise DependencyViolation(f"The routeTable '{found.id}' has dependencies and cannot be deleted.")
        tx.delete(ROUTE_TABLES, ROUTE_TABLES.key(found))
    return {}


# -- associations ------------------------------------------------------------------------------------------------------


def _associating(ctx: Context, req: Request) -> list[Access]:
    found = [Access("", ROUTE_TABLE.name(ctx, req["RouteTableId"]))]
    if req.get("SubnetId"):
        found.append(Access("", SUBNET.name(ctx, req["SubnetId"])))
    if gateway := req.get("GatewayId"):
        kind = VPN_GATEWAY if gateway.startswith("vgw-") else INTERNET_GATEWAY
        found.append(Access("", kind.name(ctx, gateway)))
    return found


@action("AssociateRouteTable", resource=_associating)
def associate_route_table(ctx: Context, req: Request) -> Answer:
    """Let a table apply to a subnet or to a gateway of its VPC."""
    if bool(req.get("SubnetId")) == bool(req.get("GatewayId")):
        raise MissingParameter("The request must contain exactly one of gatewayId, subnetId, publicIpv4Pool")
    with ctx.write() as tx:
        found = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        thing, vpc = _target(tx, ctx, req)
        if vpc != found.vpc:
            raise InvalidParameterValue(f"Route table {found.id} and {thing} belong to different networks")
        for other in tx.scan_index(ROUTE_TABLES, "vpc", (ctx.account, ctx.region, vpc)):
            for each in other.associations:
                if thing in (each.subnet, each.gateway):
                    if other.id == found.id:
                        return {"AssociationId": each.id, "AssociationState": ASSOCIATED}
                    raise NetworkError(
                        "Resource.AlreadyAssociated",
                        f"the specified association for route table {found.id} conflicts with an existing association",
                    )
        made = Association(
            id=ids.new(ctx, "rtbassoc"), subnet=req.get("SubnetId") or "", gateway=req.get("GatewayId") or ""
        )
        found.associations = [*found.associations, made]
        tx.put(ROUTE_TABLES, found)
    return {"AssociationId": made.id, "AssociationState": ASSOCIATED}


def _target(tx: Reader, ctx: Context, req: Request) -> tuple[str, str]:
    """What a table is to apply to, and its VPC."""
    if req.get("SubnetId"):
        subnet = SUBNET.require(tx, ctx, req["SubnetId"])
        return subnet.id, subnet.vpc
    gateway = req["GatewayId"]
    if gateway.startswith("vgw-"):
        return gateway, VPN_GATEWAY.require(tx, ctx, gateway).vpc
    return gateway, INTERNET_GATEWAY.require(tx, ctx, gateway).vpc


def _holder(tx: Reader, ctx: Context, id: str) -> RouteTable | None:
    found = tx.scan(ROUTE_TABLES, (ctx.account, ctx.region))
    return next((table for table in found if any(each.id == id for each in table.associations)), None)


OF_ASSOCIATION = holding(ROUTE_TABLE, "AssociationId", _holder)


def _held(tx: Reader, ctx: Context, id: str) -> tuple[RouteTable, Association]:
    found = _holder(tx, ctx, id)
    if found is None:
        raise NetworkError("InvalidAssociationID.NotFound", f"The association ID '{id}' does not exist")
    table = ROUTE_TABLE.require(tx, ctx, found.id)
    return table, next(each for each in table.associations if each.id == id)


@action("DisassociateRouteTable", resource=OF_ASSOCIATION)
def disassociate_route_table(ctx: Context, req: Request) -> Answer:
    """Let the VPC's main table apply instead."""
    with ctx.write() as tx:
        table, association = _held(tx, ctx, req["AssociationId"])
        if association.main:
            raise InvalidParameterValue(f"cannot disassociate the main route table association {association.id}")
        table.associations = [each for each in table.associations if each.id != association.id]
        tx.put(ROUTE_TABLES, table)
    return {}


def _replacing(ctx: Context, req: Request) -> list[Access]:
    return [Access("", OF_ASSOCIATION(ctx, req)), Access("", ROUTE_TABLE.name(ctx, req["RouteTableId"]))]


@action("ReplaceRouteTableAssociation", resource=_replacing)
def replace_route_table_association(ctx: Context, req: Request) -> Answer:
    """Let another table apply: to a subnet, or as the main one of the VPC."""
    with ctx.write() as tx:
        old, association = _held(tx, ctx, req["AssociationId"])
        new = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        if new.vpc != old.vpc:
            raise InvalidParameterValue(f"Route table {new.id} and {old.id} belong to different networks")
        made = Association(id=ids.new(ctx, "rtbassoc"), subnet=association.subnet, gateway=association.gateway)
        old.associations = [each for each in old.associations if each.id != association.id]
        tx.put(ROUTE_TABLES, old)
        new = old if new.id == old.id else new
        new.associations = [*new.associations, made]
        tx.put(ROUTE_TABLES, new)
    return {"NewAssociationId": made.id, "AssociationState": ASSOCIATED}


# -- propagation -------------------------------------------------------------------------------------------------------

PROPAGATION = on((ROUTE_TABLE, "RouteTableId"), (VPN_GATEWAY, "GatewayId"))


@action("EnableVgwRoutePropagation", resource=PROPAGATION)
def enable_vgw_route_propagation(ctx: Context, req: Request) -> Answer:
    """Let a VPN gateway propagate routes to a table. There is nothing here that it could learn routes from."""
    with ctx.write() as tx:
        table = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        gateway = VPN_GATEWAY.require(tx, ctx, req["GatewayId"])
        if gateway.vpc != table.vpc:
            raise NetworkError("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {table.vpc}")
        table.propagating = sorted({*table.propagating, gateway.id})
        tx.put(ROUTE_TABLES, table)
    return {}


@action("DisableVgwRoutePropagation", resource=PROPAGATION)
def disable_vgw_route_propagation(ctx: Context, req: Request) -> Answer:
    """End it."""
    with ctx.write() as tx:
        table = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        table.propagating = [id for id in table.propagating if id != req["GatewayId"]]
        tx.put(ROUTE_TABLES, table)
    return {}


# -- descriptions ------------------------------------------------------------------------------------------------------


class Seen:
    """A table with all its routes and their states."""

    def __init__(self, tx: Reader, table: RouteTable) -> None:
        self._tx = tx
        self.table = table
        self.id = table.id
        self.tags = table.tags

    @cached_property
    def routes(self) -> list[tuple[Route, str]]:
        found = routes.of_table(self._tx, self.table)
        return [(each, "active" if routes.alive(self._tx, self.table, each) else "blackhole") for each in found]


def _destination(route: Route) -> str:
    if route.destination.startswith("pl-"):
        return "DestinationPrefixListId"
    return "DestinationIpv6CidrBlock" if ":" in route.destination else "DestinationCidrBlock"


def _route(route: Route, state: str) -> dict[str, Any]:
    more = {"NetworkInterfaceId": route.interface} if route.interface else {}
    owner = {"InstanceOwnerId": route.owner} if route.owner else {}
    return {
        _destination(route): route.destination,
        routes.MEMBERS[routes.prefix(route.target)]: route.target,
        **more,
        **owner,
        "Origin": route.origin,
        "State": state,
    }


def _association(table: RouteTable, each: Association) -> dict[str, Any]:
    return {
        "Main": each.main,
        "RouteTableAssociationId": each.id,
        "RouteTableId": table.id,
        **({"SubnetId": each.subnet} if each.subnet else {}),
        **({"GatewayId": each.gateway} if each.gateway else {}),
        "AssociationState": ASSOCIATED,
    }


def shape(seen: Seen) -> dict[str, Any]:
    table = seen.table
    return {
        "Associations": [_association(table, each) for each in table.associations],
        "PropagatingVgws": [{"GatewayId": id} for id in table.propagating],
        "RouteTableId": table.id,
        "Routes": [_route(each, state) for each, state in seen.routes],
        "Tags": tags.listed(table.tags),
        "VpcId": table.vpc,
        "OwnerId": table.account,
    }


def _of_routes(member: str) -> Any:
    return lambda seen: [found for each, state in seen.routes if (found := _route(each, state).get(member))]


FILTERS: Filters[Seen] = Filters(
    {
        "association.gateway-id": lambda seen: [each.gateway for each in seen.table.associations if each.gateway],
        "association.main": lambda seen: [each.main for each in seen.table.associations],
        "association.route-table-association-id": lambda seen: [each.id for each in seen.table.associations],
        "association.route-table-id": lambda seen: [seen.id for _ in seen.table.associations],
        "association.subnet-id": lambda seen: [each.subnet for each in seen.table.associations if each.subnet],
        "owner-id": lambda seen: seen.table.account,
        "route-table-id": "id",
        "route.destination-cidr-block": _of_routes("DestinationCidrBlock"),
        "route.destination-ipv6-cidr-block": _of_routes("DestinationIpv6CidrBlock"),
        "route.destination-prefix-list-id": _of_routes("DestinationPrefixListId"),
        "route.egress-only-internet-gateway-id": _of_routes("EgressOnlyInternetGatewayId"),
        "route.gateway-id": _of_routes("GatewayId"),
        "route.instance-id": _of_routes("InstanceId"),
        "route.nat-gateway-id": _of_routes("NatGatewayId"),
        "route.origin": _of_routes("Origin"),
        "route.state": _of_routes("State"),
        "route.transit-gateway-id": _of_routes("TransitGatewayId"),
        "route.vpc-peering-connection-id": _of_routes("VpcPeeringConnectionId"),
        "vpc-id": lambda seen: seen.table.vpc,
    }
)


@action("DescribeRouteTables", resource="*")
def describe_route_tables(ctx: Context, req: Request) -> Answer:
    """Describe tables."""
    return describe(
        ctx, req, ROUTE_TABLE, FILTERS, ids="RouteTableIds", into="RouteTables", view=Seen,
        shape=lambda tx, seen: shape(seen),
    )  # fmt: skip
