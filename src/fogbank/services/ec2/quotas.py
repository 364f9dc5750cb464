"""The quotas of the network, by their codes in Service Quotas, where they belong to Amazon VPC.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.quotas import reached
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .errors import NetworkError

VPCS = "L-F678F1CE"
SUBNETS = "L-407747CB"
INTERNET_GATEWAYS = "L-A4707A72"
ROUTE_TABLES = "L-589F43AA"
ROUTES = "L-93826ACB"
GROUPS = "L-E79EC296"
RULES = "L-0EA8095F"
GROUPS_OF_INTERFACE = "L-2AFB9258"
ACLS = "L-B4A6D682"
ACL_RULES = "L-2AEEBF1A"
NAT_GATEWAYS = "L-FE5A380F"
EGRESS_GATEWAYS = "L-45FE3B85"
INTERFACES = "L-DF5E4CA3"
PEERINGS = "L-7E9ECCDB"
GATEWAY_ENDPOINTS = "L-1B52E74A"
INTERFACE_ENDPOINTS = "L-29B6F2EB"
CIDRS = "L-83CA0A9D"
IPV6_CIDRS = "L-085A6257"


def room(tx: Reader, ctx: Context, code: str, table: Table[Any], error: tuple[str, str]) -> None:
    """Raise an error with this code and text if a region can have no further thing of a table."""
    if reached(tx, ctx, "vpc", code, table, (ctx.account, ctx.region)) is not None:
        raise NetworkError(*error)


def room_in(
    tx: Reader, ctx: Context, code: str, table: Table[Any], index: str, owner: str, error: tuple[str, str]
) -> None:
    """The same for the things of one VPC or other owner, which an index of the table finds."""
    if tx.count(table, (ctx.account, ctx.region, owner), index=index) + 1 > ctx.quota("vpc", code, tx):
        raise NetworkError(*error)
