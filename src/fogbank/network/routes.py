"""Route tables: what their routes are, which targets are alive, and where a subnet's traffic goes.

https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from fogbank.store.api import Key, Reader, Table

from . import vpcs
from .link_records import EGRESS_GATEWAYS, ENDPOINTS, NAT_GATEWAYS, PEERINGS, VPN_GATEWAYS
from .records import INTERFACES, INTERNET_GATEWAYS, ROUTE_TABLES, VPCS, Route, RouteTable, Subnet, Vpc

LOCAL = "local"
# prefix of a target's id: the member that names it in requests and answers
MEMBERS = {
    "igw": "GatewayId", "vgw": "GatewayId", "vpce": "GatewayId", "nat": "NatGatewayId", "eni": "NetworkInterfaceId",
    "i": "InstanceId", "pcx": "VpcPeeringConnectionId", "eigw": "EgressOnlyInternetGatewayId",
    "tgw": "TransitGatewayId", "local": "GatewayId",
}  # fmt: skip
_ATTACHED: tuple[tuple[str, Table[Any]], ...] = (
    ("igw", INTERNET_GATEWAYS), ("vgw", VPN_GATEWAYS), ("eigw", EGRESS_GATEWAYS),
)  # fmt: skip


def prefix(target: str) -> str:
    return target.rpartition("-")[0] or target


def local(vpc: Vpc) -> list[Route]:
    """The routes of a VPC's own blocks, which every one of its tables has."""
    blocks = (*vpc.cidrs, *vpc.ipv6)
    return [Route(destination=block.cidr, target=LOCAL, origin="CreateRouteTable") for block in blocks]


def of_table(tx: Reader, table: RouteTable) -> list[Route]:
    """All routes of a table. One that replaces a local route stands for it."""
    vpc = tx.get(VPCS, (table.account, table.region, table.vpc))
    replaced = {route.destination for route in table.routes}
    found = local(vpc) if vpc else []
    return [route for route in found if route.destination not in replaced] + table.routes


def alive(tx: Reader, table: RouteTable, route: Route) -> bool:
    """Whether the target is there. A route to one that is not is a black hole."""
    place = (table.account, table.region)
    kind = prefix(route.target)
    for word, gateways in _ATTACHED:
        if kind == word:
            gateway = tx.get(gateways, (*place, route.target))
            return gateway is not None and gateway.vpc == table.vpc
    tests: dict[str, Callable[[Key], bool]] = {
        "nat": lambda key: (found := tx.get(NAT_GATEWAYS, key)) is not None and found.state == "available",
        "pcx": lambda key: (found := tx.get(PEERINGS, key)) is not None and found.status == "active",
        "eni": lambda key: (found := tx.get(INTERFACES, key)) is not None and found.attachment is not None,
        "vpce": lambda key: tx.get(ENDPOINTS, key) is not None,
    }
    return tests[kind]((*place, route.target)) if kind in tests else True


def table_of(tx: Reader, subnet: Subnet) -> RouteTable | None:
    """The table that applies to a subnet: its own, or the main one of its VPC."""
    place = (subnet.account, subnet.region)
    for table in tx.scan_index(ROUTE_TABLES, "vpc", (*place, subnet.vpc)):
        if any(each.subnet == subnet.id for each in table.associations):
            return table
    vpc = tx.get(VPCS, (*place, subnet.vpc))
    return vpcs.main_table(tx, vpc) if vpc else None


def chosen(found: list[Route], address: str) -> Route | None:
    """The route that an address takes: the one with the longest prefix. Prefix lists are left out."""
    wanted = ipaddress.ip_address(address)
    best: tuple[int, Route] | None = None
    for route in found:
        if "/" not in route.destination:
            continue
        block = ipaddress.ip_network(route.destination)
        if wanted.version == block.version and wanted in block and (best is None or block.prefixlen > best[0]):
            best = block.prefixlen, route
    return best[1] if best else None
