"""Routes.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
"""

from __future__ import annotations

import ipaddress
from typing import TypeVar

from fogbank.core.context import Context
from fogbank.network import cidrs, interfaces, prefix_lists, routes
from fogbank.network.link_records import EGRESS_GATEWAYS, ENDPOINTS, NAT_GATEWAYS, PEERINGS, VPN_GATEWAYS
from fogbank.network.records import INTERFACES, INTERNET_GATEWAYS, ROUTE_TABLES, VPCS, Route, RouteTable
from fogbank.store.api import Reader

from .. import quotas
from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter, NetworkError
from ..find import (
    EGRESS_GATEWAY,
    ENDPOINT,
    INTERFACE,
    INTERNET_GATEWAY,
    PEERING,
    ROUTE_TABLE,
    VPN_GATEWAY,
)
from ..kinds import on
from ..taggable import kinds

T = TypeVar("T")
BY_TABLE = on((ROUTE_TABLE, "RouteTableId"))
DESTINATIONS = {
    "DestinationCidrBlock": "destination-cidr-block",
    "DestinationIpv6CidrBlock": "destination-ipv6-cidr-block",
    "DestinationPrefixListId": "destination-prefix-list-id",
}
TARGETS = (
    "GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId", "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId", "TransitGatewayId", "VpcEndpointId",
)  # fmt: skip
ELSEWHERE = ("LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn", "OdbNetworkArn")


def _destination(tx: Reader, ctx: Context, req: Request) -> tuple[str, str]:
    """The destination of a request, and what EC2's texts call it."""
    given = [(member, req[member]) for member in DESTINATIONS if req.get(member)]
    if len(given) != 1:
        raise MissingParameter(
            "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock, "
            "destinationPrefixListId"
        )
    member, text = given[0]
    if member == "DestinationPrefixListId":
        prefix_lists.known(tx, ctx, text)
        return text, DESTINATIONS[member]
    block = cidrs.v4(text, "destinationCidrBlock") if member == "DestinationCidrBlock" else (
        cidrs.v6(text, "destinationIpv6CidrBlock")
    )  # fmt: skip
    return str(block), DESTINATIONS[member]


def _target(tx: Reader, ctx: Context, req: Request, table: RouteTable) -> Route:
    """A route without a destination, to the target of a request. It has to belong to the table's VPC."""
    if wrong := next((member for member in ELSEWHERE if req.get(member)), None):
        raise NetworkError("UnsupportedOperation", f"There are no targets of {wrong} here.")
    given = [req[member] for member in TARGETS if req.get(member)]
    if len(given) != 1:
        raise MissingParameter(
            "The request must contain exactly one of gatewayId, networkInterfaceId, vpcPeeringConnectionId, "
            "natGatewayId, instanceId, egressOnlyInternetGatewayId, transitGatewayId, vpcEndpointId"
        )
    (target,) = given
    if req.get("InstanceId"):
        return _to_instance(tx, ctx, target)
    _check(tx, ctx, target, table)
    return Route(destination="", target=target)


def _to_instance(tx: Reader, ctx: Context, id: str) -> Route:
    found = interfaces.of_instance(tx, ctx, id)
    if not found:
        raise NetworkError("InvalidInstanceID.NotFound", f"The instance ID '{id}' does not exist")
    if len(found) > 1:
        raise NetworkError("InvalidInstanceID", f"There are multiple interfaces attached to instance '{id}'. Please "
                           "specify an interface ID for the operation instead.")  # fmt: skip
    return Route(destination="", target=id, interface=found[0].id, owner=ctx.account)


def _check(tx: Reader, ctx: Context, target: str, table: RouteTable) -> None:
    """Raise EC2's error unless the target is there and belongs to the table's VPC."""
    place = (ctx.account, ctx.region, target)
    kind = routes.prefix(target)
    vpc: str | None = table.vpc
    if kind == "igw":
        vpc = _or(tx.get(INTERNET_GATEWAYS, place), INTERNET_GATEWAY.absent(target)).vpc
    elif kind == "vgw":
        vpc = _or(tx.get(VPN_GATEWAYS, place), VPN_GATEWAY.absent(target)).vpc
    elif kind == "eigw":
        vpc = _or(tx.get(EGRESS_GATEWAYS, place), EGRESS_GATEWAY.absent(target)).vpc
    elif kind == "eni":
        vpc = _or(tx.get(INTERFACES, place), INTERFACE.absent(target)).vpc
    elif kind == "vpce":
        vpc = _or(tx.get(ENDPOINTS, place), ENDPOINT.absent(target)).vpc
    elif kind == "nat":
        missing = NetworkError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{target}' does not exist")
        found = _or(tx.get(NAT_GATEWAYS, place), missing)
        if found.state == "deleted":
            raise missing
        vpc = found.vpc
    elif kind == "pcx":
        peering = _or(tx.get(PEERINGS, place), PEERING.absent(target))
        vpc = table.vpc if table.vpc in (peering.requester.vpc, peering.accepter.vpc) else None
    elif kind == "tgw" and "tgw" in kinds():
        kinds()["tgw"].known(tx, ctx, target)
    elif target != routes.LOCAL:
        raise NetworkError("InvalidGatewayID.NotFound", f"The gateway ID '{target}' does not exist")
    if vpc != table.vpc:
        raise InvalidParameterValue(f"route table {table.id} and network gateway {target} belong to different networks")


def _or(found: T | None, error: Exception) -> T:
    if found is None:
        raise error
    return found


def _check_inside(tx: Reader, table: RouteTable, destination: str, target: str) -> None:
    """Traffic inside a VPC can be sent to an interface or a load balancer's endpoint only."""
    vpc = tx.get(VPCS, (table.account, table.region, table.vpc))
    if "/" not in destination or vpc is None:
        return
    block = ipaddress.ip_network(destination)
    for each in (*vpc.cidrs, *vpc.ipv6):
        own = ipaddress.ip_network(each.cidr)
        inside = own.version == block.version and block.subnet_of(own)  # type: ignore[arg-type]
        if inside and routes.prefix(target) not in ("eni", "i", "vpce", "nat", "local"):
            raise InvalidParameterValue(
                f"The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR "
                "blocks. This route can target only an interface or an instance."
            )


@action("CreateRoute", resource=BY_TABLE)
def create_route(ctx: Context, req: Request) -> Answer:
    """Add a route. One that is there already with the same target is fine."""
    with ctx.write() as tx:
        table = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        destination, _ = _destination(tx, ctx, req)
        route = _target(tx, ctx, req, table)
        route.destination = destination
        there = next((each for each in routes.of_table(tx, table) if each.destination == destination), None)
        if there is not None:
            if there.target == route.target:
                return {"Return": True}
            raise NetworkError("RouteAlreadyExists", f"The route identified by {destination} already exists.")
        _check_inside(tx, table, destination, route.target)
        version = ":" in destination
        same = sum((":" in each.destination) == version for each in table.routes)
        if same + 1 > ctx.quota("vpc", quotas.ROUTES, tx):
            raise NetworkError("RouteLimitExceeded", "The maximum number of routes has been reached.")
        table.routes = [*table.routes, route]
        tx.put(ROUTE_TABLES, table)
    return {"Return": True}


@action("ReplaceRoute", resource=BY_TABLE)
def replace_route(ctx: Context, req: Request) -> Answer:
    """Give a route another target."""
    with ctx.write() as tx:
        table = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        destination, _ = _destination(tx, ctx, req)
        given = {"GatewayId": routes.LOCAL, **req} if req.get("LocalTarget") else req
        route = _target(tx, ctx, given, table)
        route.destination = destination
        if not any(each.destination == destination for each in routes.of_table(tx, table)):
            raise InvalidParameterValue(
                f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
            )
        _check_inside(tx, table, destination, route.target)
        others = [each for each in table.routes if each.destination != destination]
        table.routes = others if route.target == routes.LOCAL else [*others, route]
        tx.put(ROUTE_TABLES, table)
    return {}


@action("DeleteRoute", resource=BY_TABLE)
def delete_route(ctx: Context, req: Request) -> Answer:
    """Take a route away. Local ones and those of gateway endpoints stay."""
    with ctx.write() as tx:
        table = ROUTE_TABLE.require(tx, ctx, req["RouteTableId"])
        destination, word = _destination(tx, ctx, req)
        there = next((each for each in routes.of_table(tx, table) if each.destination == destination), None)
        if there is None:
            raise NetworkError("InvalidRoute.NotFound", f"no route with {word} {destination} in route table {table.id}")
        if there.target == routes.LOCAL:
            raise InvalidParameterValue(f"cannot remove local route {destination} in route table {table.id}")
        if destination.startswith("pl-") and there.target.startswith("vpce-"):
            raise InvalidParameterValue(f"cannot remove VPC endpoint route {destination} in route table {table.id}")
        table.routes = [each for each in table.routes if each.destination != destination]
        tx.put(ROUTE_TABLES, table)
    return {}
