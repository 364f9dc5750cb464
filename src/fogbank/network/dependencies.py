"""What hangs on what: the order in which things of a network can be deleted.

https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from fogbank.store.api import Key, Reader, Table, Transaction

from . import public, vpcs
from .cidrs import conflict
from .errors import DependencyViolation
from .link_records import EGRESS_GATEWAYS, ENDPOINTS, VPN_GATEWAYS
from .records import (
    GROUP_RULES,
    INTERFACES,
    INTERNET_GATEWAYS,
    NETWORK_ACLS,
    ROUTE_TABLES,
    SECURITY_GROUPS,
    SUBNETS,
    VPCS,
    AclEntry,
    Association,
    NetworkAcl,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)


def _of(vpc: Vpc) -> Key:
    return vpc.account, vpc.region, vpc.id


def _others(tx: Reader, vpc: Vpc) -> Iterator[object]:
    """What a VPC did not begin with."""
    tables: tuple[Table[Any], ...] = (
        SUBNETS, INTERNET_GATEWAYS, INTERFACES, VPN_GATEWAYS, EGRESS_GATEWAYS, ENDPOINTS,
    )  # fmt: skip
    for table in tables:
        yield from tx.scan_index(table, "vpc", _of(vpc), limit=1)
    yield from (each for each in tx.scan_index(SECURITY_GROUPS, "vpc", _of(vpc)) if each.name != "default")
    yield from (each for each in tx.scan_index(NETWORK_ACLS, "vpc", _of(vpc)) if not each.default)
    routing = tx.scan_index(ROUTE_TABLES, "vpc", _of(vpc))
    yield from (each for each in routing if not any(association.main for association in each.associations))


def delete_vpc(tx: Transaction, vpc: Vpc) -> None:
    """Delete a VPC with its main route table, default network ACL and default security group, if it has no more."""
    if next(_others(tx, vpc), None) is not None:
        raise DependencyViolation(f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
    group = vpcs.default_group(tx, vpc)
    if _referenced(tx, group):
        raise DependencyViolation(f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
    delete_group(tx, group)
    acl, table = vpcs.default_acl(tx, vpc), vpcs.main_table(tx, vpc)
    tx.delete(NETWORK_ACLS, NETWORK_ACLS.key(acl))
    tx.delete(ROUTE_TABLES, ROUTE_TABLES.key(table))
    for block in vpc.ipv6:
        public.give_back(tx, block.cidr)
    tx.delete(VPCS, VPCS.key(vpc))


def _referenced(tx: Reader, group: SecurityGroup) -> bool:
    """Whether a rule of another group names this one."""
    place = (group.account, group.region, group.id)
    return any(rule.group != group.id for rule in tx.scan_index(GROUP_RULES, "peer", place))


def in_use(tx: Reader, group: SecurityGroup) -> bool:
    """Whether an interface has the group, or a rule of another group names it."""
    place = (group.account, group.region, group.id)
    return tx.first(INTERFACES, "group", place) is not None or _referenced(tx, group)


def delete_group(tx: Transaction, group: SecurityGroup) -> None:
    for rule in list(tx.scan_index(GROUP_RULES, "group", (group.account, group.region, group.id))):
        tx.delete(GROUP_RULES, GROUP_RULES.key(rule))
    tx.delete(SECURITY_GROUPS, SECURITY_GROUPS.key(group))


def delete_subnet(tx: Transaction, subnet: Subnet) -> None:
    """Delete a subnet without interfaces, and its associations with a route table and a network ACL."""
    place = (subnet.account, subnet.region)
    if tx.first(INTERFACES, "subnet", (*place, subnet.id)) is not None:
        raise DependencyViolation(f"The subnet '{subnet.id}' has dependencies and cannot be deleted.")
    tables: tuple[Table[Any], ...] = (ROUTE_TABLES, NETWORK_ACLS)
    for table in tables:
        for holder in list(tx.scan_index(table, "vpc", (*place, subnet.vpc))):
            kept = _without(holder, subnet)
            if len(kept) < len(holder.associations):
                holder.associations = kept
                tx.put(table, holder)
    tx.delete(SUBNETS, SUBNETS.key(subnet))


def _without(holder: RouteTable | NetworkAcl, subnet: Subnet) -> list[Association]:
    return [each for each in holder.associations if each.subnet != subnet.id]


def uses(tx: Reader, vpc: Vpc, cidr: str) -> bool:
    """Whether a subnet of the VPC has addresses of a block."""
    block = ipaddress.ip_network(cidr)
    return any(
        conflict(block, [*([subnet.cidr] if subnet.cidr else []), *(each.cidr for each in subnet.ipv6)]) is not None
        for subnet in tx.scan_index(SUBNETS, "vpc", _of(vpc))
    )


def allow_ipv6(tx: Transaction, vpc: Vpc) -> None:
    """The rules that a VPC's first IPv6 block brings: each network ACL gets a last rule for IPv6, the default one
    another that allows all of it.

    https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
    """
    if len(vpc.ipv6) != 1:
        return
    for acl in list(tx.scan_index(NETWORK_ACLS, "vpc", _of(vpc))):
        added = vpcs.closed_entries6()
        if acl.default:
            added += [_allow6(egress) for egress in (True, False)]
        numbers = {(entry.number, entry.egress) for entry in acl.entries}
        acl.entries = acl.entries + [entry for entry in added if (entry.number, entry.egress) not in numbers]
        tx.put(NETWORK_ACLS, acl)


def _allow6(egress: bool) -> AclEntry:
    return AclEntry(number=101, egress=egress, protocol="-1", action="allow", ipv6=vpcs.ANY6)
