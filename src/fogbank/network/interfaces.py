"""Network interfaces: services make and delete them for what they run in a subnet.

    subnet = interfaces.subnet(tx, ctx, "subnet-…")
    made = interfaces.create(tx, ctx, subnet, groups, description="RDSNetworkInterface", requester="amazon-rds")
    …
    interfaces.delete(tx, made)

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import addresses, ids, vpcs
from .errors import InvalidParameter, NetworkError
from .records import (
    ELASTIC_IPS,
    INTERFACES,
    SECURITY_GROUPS,
    SUBNETS,
    VPCS,
    Attachment,
    Interface,
    PrivateAddress,
    SecurityGroup,
    Subnet,
)

GROUPS_QUOTA, INTERFACES_QUOTA = "L-2AFB9258", "L-DF5E4CA3"


def subnet(tx: Reader, ctx: Context, id: str) -> Subnet:
    """A subnet of the account, or EC2's error."""
    found = tx.get(SUBNETS, (ctx.account, ctx.region, id))
    if found is None:
        raise NetworkError("InvalidSubnetID.NotFound", f"The subnet ID '{id}' does not exist")
    return found


def groups(tx: Reader, ctx: Context, vpc: str, wanted: Iterable[str]) -> list[str]:
    """The ids of security groups that an interface in a VPC can have; the VPC's default one if none is wanted."""
    found = []
    for id in dict.fromkeys(wanted):
        group = tx.get(SECURITY_GROUPS, (ctx.account, ctx.region, id))
        if group is None:
            raise NetworkError("InvalidGroup.NotFound", f"The security group '{id}' does not exist")
        if vpc not in (group.vpc, *group.others):
            raise InvalidParameter("You have specified two resources that belong to different networks.")
        found.append(id)
    if len(found) > ctx.quota("vpc", GROUPS_QUOTA, tx):
        raise NetworkError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        )
    return found or [_default(tx, ctx, vpc).id]


def _default(tx: Reader, ctx: Context, vpc: str) -> SecurityGroup:
    found = tx.get(VPCS, (ctx.account, ctx.region, vpc))
    assert found is not None  # a VPC with subnets is there
    return vpcs.default_group(tx, found)


def create(
    tx: Transaction,
    ctx: Context,
    where: Subnet,
    wanted_groups: Iterable[str] | None = (),
    *,
    wanted: Iterable[str] = (),
    more: int = 0,
    ipv6: Iterable[str] = (),
    ipv6_count: int = 0,
    requester: str = "",
    tags: dict[str, str] | None = None,
    **members: Any,
) -> Interface:
    """An interface in a subnet, with an address of it.

    `wanted` are private addresses of which the first is the primary one, `more` is the number of further ones. A
    `requester` is the service that manages the interface; users cannot delete it then. Without groups it has the VPC's
    default one, with None it has none, as that of a NAT gateway.
    """
    chosen = [] if wanted_groups is None else groups(tx, ctx, where.vpc, wanted_groups)
    if ctx.quota("vpc", INTERFACES_QUOTA, tx) < math.inf and _full(tx, ctx):
        raise NetworkError(
            "NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached."
        )
    common = vpcs.common(ctx, "eni", tags)
    asked = list(wanted) or ([""] if where.cidr else [])
    given = [addresses.take(tx, ctx, where, common["id"], text) for text in asked + [""] * more]
    sixes = [*ipv6, *[""] * ipv6_count] or ([""] if where.ipv6_on_creation and where.ipv6 else [])
    interface = Interface(
        **common,
        vpc=where.vpc,
        subnet=where.id,
        zone=where.zone,
        mac=_mac(ctx),
        addresses=[PrivateAddress(address=text, primary=not at) for at, text in enumerate(given)],
        groups=chosen,
        ipv6=[addresses.take6(tx, ctx, where, common["id"], text) for text in sixes],
        requester=requester,
        managed=bool(requester),
        **members,
    )
    tx.put(INTERFACES, interface)
    return interface


def _full(tx: Reader, ctx: Context) -> bool:
    return tx.count(INTERFACES, (ctx.account, ctx.region)) + 1 > ctx.quota("vpc", INTERFACES_QUOTA, tx)


def _mac(ctx: Context) -> str:
    """A locally administered address."""
    return ":".join(f"{part:02x}" for part in (2, *ctx.ids.bytes(5)))


def delete(tx: Transaction, interface: Interface) -> None:
    """Delete an interface: its addresses go back to the subnet, its elastic ones are free again."""
    where = tx.get(SUBNETS, (interface.account, interface.region, interface.subnet))
    for address in interface.addresses:
        if address.allocation:
            _free(tx, interface, address.allocation)
        if where is not None:
            addresses.give_back(tx, where, address.address)
    for text in interface.ipv6 if where is not None else ():
        assert where is not None
        addresses.give_back(tx, where, text)
    tx.delete(INTERFACES, INTERFACES.key(interface))


def _free(tx: Transaction, interface: Interface, allocation: str) -> None:
    address = tx.get(ELASTIC_IPS, (interface.account, interface.region, allocation))
    if address is not None:
        address.association = address.interface = address.private = address.service = ""
        tx.put(ELASTIC_IPS, address)


def attach(
    tx: Transaction, ctx: Context, interface: Interface, instance: str, *, owner: str = "", index: int = 0,
    card: int = 0, delete_with: bool = False,
) -> Attachment:  # fmt: skip
    """Attach an interface: to an instance, or (without one) to what a service runs."""
    interface.attachment = made = Attachment(
        id=ids.new(ctx, "eni-attach"), instance=instance, owner=owner or ctx.account, index=index, card=card,
        at=ctx.now(), delete_with=delete_with,
    )  # fmt: skip
    tx.put(INTERFACES, interface)
    return made


def detach(tx: Transaction, interface: Interface) -> None:
    interface.attachment = None
    tx.put(INTERFACES, interface)


def of_instance(tx: Reader, ctx: Context, instance: str) -> list[Interface]:
    """The interfaces of an instance, by device index."""
    found = tx.scan_index(INTERFACES, "instance", (ctx.account, ctx.region, instance))
    return sorted(found, key=lambda each: each.attachment.index if each.attachment else 0)


def primary(interface: Interface) -> PrivateAddress | None:
    """Its primary address; None in a subnet with IPv6 alone."""
    return next((address for address in interface.addresses if address.primary), None)


def add_address(tx: Transaction, ctx: Context, where: Subnet, interface: Interface, wanted: str = "") -> str:
    """Give an interface a further private address."""
    text = addresses.take(tx, ctx, where, interface.id, wanted)
    interface.addresses = [*interface.addresses, PrivateAddress(address=text)]
    tx.put(INTERFACES, interface)
    return text


def drop_address(tx: Transaction, where: Subnet, interface: Interface, text: str) -> None:
    """Take a private address from an interface."""
    interface.addresses = [each for each in interface.addresses if each.address != text]
    tx.put(INTERFACES, interface)
    addresses.give_back(tx, where, text)
