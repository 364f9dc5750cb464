"""Makes VPCs and subnets, with all that AWS makes beside them.

"When you create a VPC, we create … a main route table, a default security group, and a default network ACL":
https://docs.aws.amazon.com/vpc/latest/userguide/create-vpc.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.regions import Zone
from fogbank.store.api import Reader, Transaction

from . import ids
from .records import (
    GROUP_RULES,
    HOMES,
    NETWORK_ACLS,
    ROUTE_TABLES,
    SECURITY_GROUPS,
    SUBNETS,
    VPCS,
    AclEntry,
    Association,
    Block,
    GroupRule,
    NetworkAcl,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)

ANY, ANY6 = "0.0.0.0/0", "::/0"
LAST = 32767  # the rule of a network ACL that denies all the rest, shown as *


def common(ctx: Context, prefix: str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """The members that every new thing has."""
    id = ids.new(ctx, prefix)
    return {"account": ctx.account, "region": ctx.region, "id": id, "created": ctx.now(), "tags": dict(tags or {})}


def create(
    tx: Transaction, ctx: Context, cidr: str, *, tags: dict[str, str] | None = None, **more: Any
) -> tuple[Vpc, RouteTable]:
    """A VPC, its main route table, its default network ACL and its default security group."""
    home = tx.get(HOMES, (ctx.account, ctx.region))
    vpc = Vpc(
        **common(ctx, "vpc", tags),
        cidrs=[Block(id=ids.new(ctx, "vpc-cidr-assoc"), cidr=cidr)],
        dhcp=home.dhcp if home else "default",
        **more,
    )
    tx.put(VPCS, vpc)
    table = RouteTable(**common(ctx, "rtb"), vpc=vpc.id, associations=[Association(id=ids.new(ctx, "rtbassoc"))])
    tx.put(ROUTE_TABLES, table)
    tx.put(NETWORK_ACLS, NetworkAcl(**common(ctx, "acl"), vpc=vpc.id, default=True, entries=open_entries()))
    group = create_group(tx, ctx, vpc.id, "default", "default VPC security group")
    from_itself = GroupRule(
        **common(ctx, "sgr"), group=group.id, egress=False, protocol="-1", peer=group.id, peer_account=ctx.account
    )
    tx.put(GROUP_RULES, from_itself)
    return vpc, table


def open_entries() -> list[AclEntry]:
    """The rules of a default network ACL: all traffic is allowed, both ways."""
    return [
        AclEntry(number=100, egress=egress, protocol="-1", action="allow", cidr=ANY) for egress in (True, False)
    ] + closed_entries()


def closed_entries() -> list[AclEntry]:
    """The rules of a new network ACL: nothing is allowed."""
    return [AclEntry(number=LAST, egress=egress, protocol="-1", action="deny", cidr=ANY) for egress in (True, False)]


def closed_entries6() -> list[AclEntry]:
    """The same for IPv6, in a VPC that has it."""
    return [
        AclEntry(number=LAST + 1, egress=egress, protocol="-1", action="deny", ipv6=ANY6) for egress in (True, False)
    ]


def create_group(
    tx: Transaction, ctx: Context, vpc: str, name: str, description: str, tags: dict[str, str] | None = None
) -> SecurityGroup:
    """A security group that lets everything out, as each new one does."""
    group = SecurityGroup(**common(ctx, "sg", tags), name=name, description=description, vpc=vpc)
    tx.put(SECURITY_GROUPS, group)
    tx.put(GROUP_RULES, GroupRule(**common(ctx, "sgr"), group=group.id, egress=True, protocol="-1", cidr=ANY))
    return group


def create_subnet(
    tx: Transaction, ctx: Context, vpc: Vpc, zone: Zone, cidr: str, *, tags: dict[str, str] | None = None, **more: Any
) -> Subnet:
    """A subnet, which the default network ACL of its VPC applies to from now on."""
    subnet = Subnet(**common(ctx, "subnet", tags), vpc=vpc.id, zone=zone.name, zone_id=zone.id, cidr=cidr, **more)
    tx.put(SUBNETS, subnet)
    acl = default_acl(tx, vpc)
    acl.associations = [*acl.associations, Association(id=ids.new(ctx, "aclassoc"), subnet=subnet.id)]
    tx.put(NETWORK_ACLS, acl)
    return subnet


def default_acl(tx: Reader, vpc: Vpc) -> NetworkAcl:
    return next(acl for acl in tx.scan_index(NETWORK_ACLS, "vpc", (vpc.account, vpc.region, vpc.id)) if acl.default)


def default_group(tx: Reader, vpc: Vpc) -> SecurityGroup:
    found = tx.scan_index(SECURITY_GROUPS, "vpc", (vpc.account, vpc.region, vpc.id))
    return next(group for group in found if group.name == "default")


def main_table(tx: Reader, vpc: Vpc) -> RouteTable:
    """The route table of subnets that have none of their own."""
    found = tx.scan_index(ROUTE_TABLES, "vpc", (vpc.account, vpc.region, vpc.id))
    return next(table for table in found if any(each.main for each in table.associations))


def add_route(table: RouteTable, destination: str, target: str, **more: str) -> None:
    table.routes = [*table.routes, Route(destination=destination, target=target, **more)]
