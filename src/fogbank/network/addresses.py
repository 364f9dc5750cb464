"""Gives out the addresses of subnets, and takes them back.

"The first four IP addresses and the last IP address in each subnet CIDR block are not available for your use":
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import cidrs
from .errors import InsufficientFreeAddresses, InvalidParameterValue, NetworkError
from .records import RESERVATIONS, SUBNETS, TAKEN, Subnet, Taken

_TRIES = 32  # random ones, before a look at all addresses


def take(tx: Transaction, ctx: Context, subnet: Subnet, interface: str, wanted: str = "") -> str:
    """Take an IPv4 address of a subnet for an interface: the wanted one, or any."""
    if not subnet.cidr:
        raise InvalidParameterValue(f"The subnet {subnet.id} has no IPv4 CIDR block.")
    block = cidrs.v4(subnet.cidr)
    if wanted:
        text = str(_check(block, wanted))
        if not _free(tx, subnet, ipaddress.IPv4Address(text)):
            raise NetworkError("InvalidIPAddress.InUse", f"Address {text} is in use.")
    else:
        text = str(_any(tx, ctx, subnet, block))
    _keep(tx, subnet, ipaddress.IPv4Address(text), interface)
    subnet.used += 1
    tx.put(SUBNETS, subnet)
    return text


def take6(tx: Transaction, ctx: Context, subnet: Subnet, interface: str, wanted: str = "") -> str:
    """Take an IPv6 address of a subnet."""
    if not subnet.ipv6:
        raise InvalidParameterValue(f"The subnet {subnet.id} does not have an associated IPv6 CIDR block.")
    block = ipaddress.IPv6Network(subnet.ipv6[0].cidr)
    if wanted:
        address = _check6(block, wanted)
    else:
        address = block[0]
        for _ in range(_TRIES):
            address = block[4 + int.from_bytes(ctx.ids.bytes(7), "big") % (block.num_addresses - 5)]
            if _free(tx, subnet, address):
                break
    if not _free(tx, subnet, address):
        raise NetworkError("InvalidIPAddress.InUse", f"Address {address} is in use.")
    _keep(tx, subnet, address, interface)
    return str(address)


def give_back(tx: Transaction, subnet: Subnet, text: str) -> None:
    """Give an address back to its subnet."""
    address = ipaddress.ip_address(text)
    if tx.delete(TAKEN, (subnet.account, subnet.region, subnet.id, address.packed)) and address.version == 4:
        subnet.used -= 1
        tx.put(SUBNETS, subnet)


def holder(tx: Reader, subnet: Subnet, text: str) -> str:
    """The interface that has an address; empty if none has."""
    found = tx.get(TAKEN, (subnet.account, subnet.region, subnet.id, ipaddress.ip_address(text).packed))
    return found.interface if found else ""


def _check(block: cidrs.V4, wanted: str) -> ipaddress.IPv4Address:
    try:
        address = ipaddress.IPv4Address(wanted)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ({wanted}) for parameter address is invalid. Invalid IPv4 address."
        ) from None
    if address not in block:
        raise InvalidParameterValue(f"Address {wanted} does not fall within the subnet's address range")
    if not int(block.network_address) + 4 <= int(address) < int(block.broadcast_address):
        raise InvalidParameterValue(f"Address {wanted} is in subnet's reserved address range")
    return address


def _check6(block: cidrs.V6, wanted: str) -> ipaddress.IPv6Address:
    try:
        address = ipaddress.IPv6Address(wanted)
    except ValueError:
        raise InvalidParameterValue(f"Value ({wanted}) for parameter ipv6Address is invalid.") from None
    if address not in block:
        raise InvalidParameterValue(f"Address {wanted} does not fall within the subnet's address range")
    return address


def _free(tx: Reader, subnet: Subnet, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return tx.get(TAKEN, (subnet.account, subnet.region, subnet.id, address.packed)) is None


def _reserved(tx: Reader, subnet: Subnet) -> Callable[[int], bool]:
    """Whether an address is in a block that is reserved: it is not given out unless it is asked for."""
    kept = tx.scan_index(RESERVATIONS, "subnet", (subnet.account, subnet.region, subnet.id))
    blocks = [cidrs.v4(each.cidr) for each in kept if ":" not in each.cidr]
    spans = [(int(block.network_address), int(block.broadcast_address)) for block in blocks]
    return lambda number: any(first <= number <= last for first, last in spans)


def _any(tx: Reader, ctx: Context, subnet: Subnet, block: cidrs.V4) -> ipaddress.IPv4Address:
    reserved = _reserved(tx, subnet)
    first, most = int(block.network_address) + 4, cidrs.size(block.prefixlen)
    for _ in range(_TRIES):
        number = first + int.from_bytes(ctx.ids.bytes(4), "big") % most
        if not reserved(number) and _free(tx, subnet, address := ipaddress.IPv4Address(number)):
            return address
    place = (subnet.account, subnet.region, subnet.id)
    taken = {int.from_bytes(each.number, "big") for each in tx.scan(TAKEN, place) if len(each.number) == 4}
    found = next((number for number in cidrs.hosts(block, taken) if not reserved(number)), None)
    if found is None:
        raise InsufficientFreeAddresses
    return ipaddress.IPv4Address(found)


def _keep(
    tx: Transaction, subnet: Subnet, address: ipaddress.IPv4Address | ipaddress.IPv6Address, interface: str
) -> None:
    taken = Taken(
        account=subnet.account, region=subnet.region, subnet=subnet.id, number=address.packed, interface=interface
    )
    tx.put(TAKEN, taken)
