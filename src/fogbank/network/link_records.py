"""The records of what links VPCs with each other, with services and with the world."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.store.api import Key, Record, Table

from .records import Thing, at, key

# -- prefix lists ------------------------------------------------------------------------------------------------------


class PrefixEntry(msgspec.Struct, omit_defaults=True):
    cidr: str
    description: str = ""


class PrefixList(Thing):
    """A customer's prefix list. Its entries are kept by version."""

    name: str
    family: str  # IPv4, IPv6
    most: int
    version: int = 1
    state: str = "create-complete"


class PrefixVersion(Record):
    account: str
    region: str
    prefix_list: str
    version: int
    entries: list[PrefixEntry] = []


PREFIX_LISTS = Table("ec2/prefix-list", PrefixList, key=key)
PREFIX_VERSIONS = Table(
    "ec2/prefix-list-version", PrefixVersion, key=lambda v: (v.account, v.region, v.prefix_list, v.version)
)

# -- peering -----------------------------------------------------------------------------------------------------------


class Side(msgspec.Struct, omit_defaults=True):
    """One VPC of a peering connection. `resolve`: whether its public names resolve to private addresses over there."""

    account: str
    region: str
    vpc: str
    resolve: bool = False


class Peering(Thing):
    """A peering connection. Each side has a record of its own, with its own tags, unless both are in one place."""

    requester: Side
    accepter: Side
    status: str = "pending-acceptance"
    reason: str = ""


PEERINGS = Table("ec2/vpc-peering-connection", Peering, key=key)

# -- gateways ----------------------------------------------------------------------------------------------------------


class EgressGateway(Thing):
    vpc: str


class NatAddress(msgspec.Struct, omit_defaults=True):
    """An address of a NAT gateway. `association` is that of its elastic address."""

    private: str
    interface: str
    primary: bool = False
    public: str = ""
    allocation: str = ""
    association: str = ""


class NatGateway(Thing):
    """`interface` holds its addresses in the subnet. `deleted` is in epoch seconds."""

    vpc: str
    subnet: str
    zone: str
    zone_id: str
    connectivity: str = "public"
    addresses: list[NatAddress] = []
    state: str = "available"
    deleted: float = 0.0
    failure: tuple[str, str] = ("", "")  # code and text
    token: str = ""


class VpnGateway(Thing):
    """A virtual private gateway. `vpc` is empty where it is attached to none."""

    asn: int
    zone: str = ""
    vpc: str = ""
    state: str = "available"


class CustomerGateway(Thing):
    asn: int
    address: str = ""
    certificate: str = ""
    device: str = ""
    state: str = "available"


EGRESS_GATEWAYS = Table(
    "ec2/egress-only-internet-gateway", EgressGateway, key=key, indexes={"vpc": lambda g: at(g, g.vpc)}
)


def _live(gateway: NatGateway, owner: str) -> Key | None:
    return None if gateway.state == "deleted" else at(gateway, owner)


NAT_GATEWAYS = Table(
    "ec2/nat-gateway",
    NatGateway,
    key=key,
    indexes={
        "vpc": lambda g: at(g, g.vpc),
        "zone": lambda g: _live(g, g.zone),
        "token": lambda g: at(g, g.token) if g.token else None,
    },
)
VPN_GATEWAYS = Table("ec2/vpn-gateway", VpnGateway, key=key, indexes={"vpc": lambda g: at(g, g.vpc) if g.vpc else None})
CUSTOMER_GATEWAYS = Table("ec2/customer-gateway", CustomerGateway, key=key)

# -- endpoints ---------------------------------------------------------------------------------------------------------


class DnsEntry(msgspec.Struct, omit_defaults=True):
    name: str
    zone: str


class Endpoint(Thing):
    """A VPC endpoint. `policy` is empty where its type has none."""

    vpc: str
    service: str
    type: str
    state: str = "available"
    policy: str = ""
    route_tables: list[str] = []
    subnets: list[str] = []
    groups: list[str] = []
    interfaces: list[str] = []
    address_type: str = "ipv4"
    record_type: str = "ipv4"
    only_inbound: bool | None = None
    private_dns: bool = False
    dns: list[DnsEntry] = []
    token: str = ""
    prefix_list: str = ""


class EndpointService(Thing):
    """An endpoint service of a customer, behind load balancers."""

    name: str
    acceptance: bool = True
    load_balancers: list[str] = []
    gateway_balancers: list[str] = []
    address_types: list[str] = []
    principals: list[str] = []
    private_name: str = ""
    token: str = ""


ENDPOINTS = Table(
    "ec2/vpc-endpoint",
    Endpoint,
    key=key,
    indexes={"vpc": lambda e: at(e, e.vpc), "token": lambda e: at(e, e.token) if e.token else None},
)
ENDPOINT_SERVICES = Table(
    "ec2/vpc-endpoint-service", EndpointService, key=key, indexes={"name": lambda s: (s.region, s.name)}
)

# -- flow logs ---------------------------------------------------------------------------------------------------------


class FlowLog(Thing):
    """A flow log of a VPC, subnet or interface. `options` are those of S3."""

    resource: str
    traffic: str = ""
    destination_type: str = "cloud-watch-logs"
    destination: str = ""
    group: str = ""  # the name of the log group
    role: str = ""
    format: str = ""
    interval: int = 600
    options: dict[str, Any] = {}


FLOW_LOGS = Table("ec2/flow-log", FlowLog, key=key, indexes={"resource": lambda f: at(f, f.resource)})
