"""The records of virtual networks. The region of each is that of its key: (account, region, id).

Tables are named for EC2, whose API shows them and whose reset deletes them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.store.api import Key, Record, Table


class Thing(Record, kw_only=True):
    """What all things in a network have. `created` is in epoch seconds."""

    account: str
    region: str
    id: str
    created: float
    tags: dict[str, str] = {}


def key(thing: Thing) -> Key:
    return thing.account, thing.region, thing.id


def at(thing: Thing, *rest: str) -> Key:
    """An index entry: things of the account and region."""
    return (thing.account, thing.region, *rest)


class Block(msgspec.Struct, omit_defaults=True):
    """An address block that belongs to a VPC or subnet. `state`: associated, or disassociated."""

    id: str  # vpc-cidr-assoc-…, subnet-cidr-assoc-…
    cidr: str
    pool: str = ""
    group: str = ""  # network border group, of an IPv6 block


class Vpc(Thing):
    """A virtual network. `cidrs` begins with its first IPv4 block."""

    cidrs: list[Block]
    ipv6: list[Block] = []
    dhcp: str = "default"
    tenancy: str = "default"
    default: bool = False
    dns_support: bool = True
    dns_hostnames: bool = False
    address_metrics: bool = False


class Subnet(Thing):
    """A part of a VPC in one zone."""

    vpc: str
    zone: str
    zone_id: str
    cidr: str  # empty: IPv6 only
    used: int = 0  # IPv4 addresses that are given out; `network.addresses` counts
    ipv6: list[Block] = []
    default: bool = False
    public_ip: bool = False
    ipv6_on_creation: bool = False
    dns64: bool = False
    hostname_type: str = "ip-name"
    a_record: bool = False
    aaaa_record: bool = False


class DhcpOptions(Thing):
    """What DHCP tells the interfaces of a VPC."""

    options: dict[str, list[str]]


class InternetGateway(Thing):
    vpc: str = ""


class Route(msgspec.Struct, omit_defaults=True):
    """One route. `destination` is a block or a prefix list; `target` the id of a gateway, interface or instance."""

    destination: str
    target: str
    origin: str = "CreateRoute"
    interface: str = ""  # of an instance that is the target
    owner: str = ""  # of that instance


class Association(msgspec.Struct, omit_defaults=True):
    """What a route table or network ACL applies to. Without a subnet and gateway it is the VPC's main one."""

    id: str
    subnet: str = ""
    gateway: str = ""

    @property
    def main(self) -> bool:
        return not self.subnet and not self.gateway


class RouteTable(Thing):
    """The local routes of the VPC's blocks are not kept: they follow from the VPC."""

    vpc: str
    routes: list[Route] = []
    associations: list[Association] = []
    propagating: list[str] = []  # VPN gateways


class AclEntry(msgspec.Struct, omit_defaults=True):
    """A rule of a network ACL. Ports are (from, to); ICMP is (type, code)."""

    number: int
    egress: bool
    protocol: str
    action: str
    cidr: str = ""
    ipv6: str = ""
    ports: tuple[int, int] | None = None
    icmp: tuple[int, int] | None = None


class NetworkAcl(Thing):
    vpc: str
    default: bool = False
    entries: list[AclEntry] = []
    associations: list[Association] = []


class SecurityGroup(Thing):
    """A security group. Its rules are records of their own."""

    name: str
    description: str
    vpc: str
    others: list[str] = []  # further VPCs that it is associated with


class GroupRule(Thing):
    """One rule of a security group: one source or destination. Ports are None for all."""

    group: str
    egress: bool
    protocol: str
    first: int | None = None
    last: int | None = None
    cidr: str = ""
    ipv6: str = ""
    prefix_list: str = ""
    peer: str = ""  # another security group
    peer_account: str = ""
    peering: str = ""
    description: str = ""


class PrivateAddress(msgspec.Struct, omit_defaults=True):
    """An IPv4 address of an interface, and the public address that it is known by."""

    address: str
    primary: bool = False
    public: str = ""
    allocation: str = ""  # of an elastic address
    association: str = ""


class Attachment(msgspec.Struct, omit_defaults=True):
    """What an interface is attached to. `instance` is empty where a service uses it."""

    id: str
    instance: str = ""
    owner: str = ""
    index: int = 0
    card: int = 0
    at: float = 0.0
    delete_with: bool = False


class Interface(Thing):
    """A network interface. `type` is interface, nat_gateway, vpc_endpoint, lambda, …; `requester` the service."""

    vpc: str
    subnet: str
    zone: str
    mac: str
    addresses: list[PrivateAddress]
    groups: list[str] = []
    ipv6: list[str] = []
    prefixes: list[str] = []
    ipv6_prefixes: list[str] = []
    description: str = ""
    type: str = "interface"
    requester: str = ""
    managed: bool = False
    source_check: bool = True
    attachment: Attachment | None = None


class Taken(Record):
    """An address of a subnet that is in use. `number` is the address in its packed form."""

    account: str
    region: str
    subnet: str
    number: bytes
    interface: str


class Reservation(Thing):
    """A block of a subnet that is not given out by itself. `kind`: prefix, or explicit."""

    subnet: str
    cidr: str
    kind: str
    description: str = ""


class ElasticIp(Thing):
    """An elastic address: `id` is its allocation."""

    address: str
    domain: str = "vpc"
    group: str = ""
    pool: str = "amazon"
    association: str = ""
    interface: str = ""
    private: str = ""
    service: str = ""  # what has it, where that is no interface of the account's own
    ptr: str = ""


class PublicBlock(Record):
    """A public address or IPv6 block that is given out; no other account of the cloud has it."""

    cidr: str
    account: str
    region: str


class Home(Record):
    """What an account has in a region from the beginning: made with its default VPC."""

    account: str
    region: str
    dhcp: str


def _groups(interface: Interface) -> list[Key]:
    return [at(interface, group) for group in interface.groups]


def _instance(interface: Interface) -> Key | None:
    attached = interface.attachment
    return at(interface, attached.instance) if attached is not None and attached.instance else None


def _elastic(address: ElasticIp) -> list[Key]:
    """By its public address, and by its association."""
    return [at(address, name) for name in (address.address, address.association) if name]


def _rule(rule: GroupRule) -> Key:
    return at(rule, rule.group)


def _peer(rule: GroupRule) -> Key | None:
    return at(rule, rule.peer) if rule.peer else None


def _vpc(thing: Any) -> Key:
    return at(thing, thing.vpc)


VPCS = Table("ec2/vpc", Vpc, key=key, indexes={"default": lambda v: at(v) if v.default else None})
SUBNETS = Table("ec2/subnet", Subnet, key=key, indexes={"vpc": _vpc})
DHCP_OPTIONS = Table("ec2/dhcp-options", DhcpOptions, key=key)
INTERNET_GATEWAYS = Table(
    "ec2/internet-gateway", InternetGateway, key=key, indexes={"vpc": lambda g: at(g, g.vpc) if g.vpc else None}
)
ROUTE_TABLES = Table("ec2/route-table", RouteTable, key=key, indexes={"vpc": _vpc})
NETWORK_ACLS = Table("ec2/network-acl", NetworkAcl, key=key, indexes={"vpc": _vpc})
SECURITY_GROUPS = Table("ec2/security-group", SecurityGroup, key=key, indexes={"vpc": _vpc})
GROUP_RULES = Table("ec2/security-group-rule", GroupRule, key=key, indexes={"group": _rule, "peer": _peer})
INTERFACES = Table(
    "ec2/network-interface",
    Interface,
    key=key,
    indexes={"vpc": _vpc, "subnet": lambda i: at(i, i.subnet), "group": _groups, "instance": _instance},
)
TAKEN = Table("ec2/address", Taken, key=lambda t: (t.account, t.region, t.subnet, t.number))
RESERVATIONS = Table("ec2/subnet-cidr-reservation", Reservation, key=key, indexes={"subnet": lambda r: at(r, r.subnet)})
ELASTIC_IPS = Table("ec2/elastic-ip", ElasticIp, key=key, indexes={"name": _elastic})
PUBLIC_BLOCKS = Table("ec2/public-block", PublicBlock, key=lambda p: (p.cidr,))
HOMES = Table("ec2/home", Home, key=lambda h: (h.account, h.region))
