"""The records of transit gateways.

https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
"""

from __future__ import annotations

import msgspec

from fogbank.store.api import Table

from .records import Thing, at, key


class TransitGateway(Thing):
    """`options` are those of the API that are enable or disable."""

    description: str = ""
    asn: int = 64512
    options: dict[str, str] = {}
    cidrs: list[str] = []
    association_table: str = ""
    propagation_table: str = ""
    state: str = "available"


class TransitAttachment(Thing):
    """The attachment of a VPC. `table` is the route table that it is associated with."""

    gateway: str
    vpc: str
    subnets: list[str]
    interfaces: list[str] = []
    options: dict[str, str] = {}
    table: str = ""
    state: str = "available"


class TransitRoute(msgspec.Struct, omit_defaults=True):
    """A static route. Without an attachment it is a black hole."""

    cidr: str
    attachment: str = ""


class TransitTable(Thing):
    """A route table. `propagations` are attachments whose blocks it has routes to."""

    gateway: str
    routes: list[TransitRoute] = []
    propagations: list[str] = []
    state: str = "available"


TRANSIT_GATEWAYS = Table("ec2/transit-gateway", TransitGateway, key=key)
TRANSIT_ATTACHMENTS = Table(
    "ec2/transit-gateway-attachment",
    TransitAttachment,
    key=key,
    indexes={"gateway": lambda a: at(a, a.gateway), "vpc": lambda a: at(a, a.vpc) if a.state != "deleted" else None},
)
TRANSIT_TABLES = Table(
    "ec2/transit-gateway-route-table", TransitTable, key=key, indexes={"gateway": lambda t: at(t, t.gateway)}
)
