"""Blocks of addresses: how they are written, which are allowed, and which are free.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from .errors import InvalidParameterValue, NetworkError

V4 = ipaddress.IPv4Network
V6 = ipaddress.IPv6Network
Network = V4 | V6
RESERVED = 5  # the first four addresses of a subnet, and the last one
POOL = ipaddress.IPv6Network("2001:db8::/32")  # RFC 3849: documentation; stands for Amazon's pool
MULTICAST = ipaddress.IPv4Network("224.0.0.0/4")
# "You cannot … the following ranges": https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_TEN = ipaddress.IPv4Network("10.0.0.0/8")
_PRIVATE = (_TEN, ipaddress.IPv4Network("172.16.0.0/12"), ipaddress.IPv4Network("192.168.0.0/16"))


def v4(text: str, name: str = "cidrBlock") -> V4:
    """Read an IPv4 block. Bits of the host are dropped, as EC2 does it: 10.0.0.1/16 is 10.0.0.0/16."""
    _, slash, length = text.partition("/")
    try:
        if not slash or not length.isdigit() or not length.isascii():
            raise ValueError(text)
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ({text}) for parameter {name} is invalid. This is not a valid CIDR block."
        ) from None


def v6(text: str, name: str = "ipv6CidrBlock") -> V6:
    """Read an IPv6 block."""
    try:
        if "/" not in text or "%" in text:
            raise ValueError(text)
        return ipaddress.IPv6Network(text, strict=False)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ({text}) for parameter {name} is invalid. This is not a valid CIDR block."
        ) from None


def of_vpc(text: str) -> V4:
    """The block of a VPC: /16 to /28.

    Multicast, loopback and link-local blocks are refused as well; their text is not confirmed.
    """
    block = v4(text)
    wrong = (
        block.is_loopback or block.is_link_local or block.overlaps(MULTICAST) or block.network_address.packed[0] == 0
    )
    if not 16 <= block.prefixlen <= 28 or wrong:
        raise NetworkError("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")
    return block


def of_subnet(text: str, blocks: Iterable[str]) -> V4:
    """The block of a subnet: /16 to /28, inside one block of its VPC."""
    block = v4(text)
    inside = any(block.subnet_of(v4(each)) for each in blocks)
    if not 16 <= block.prefixlen <= 28 or not inside:
        raise NetworkError("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    return block


def conflict(block: Network, others: Iterable[str]) -> str | None:
    """The first of `others` that has an address in common with the block."""
    for text in others:
        other = ipaddress.ip_network(text)
        if other.version == block.version and block.overlaps(other):
            return text
    return None


def hosts(block: V4, taken: set[int]) -> Iterator[int]:
    """The addresses of a subnet that can be given out and are not taken, in order."""
    first, last = int(block.network_address) + 4, int(block.broadcast_address)
    return (number for number in range(first, last) if number not in taken)


def size(length: int) -> int:
    """How many addresses can be given out of an IPv4 subnet with a prefix of this length."""
    return (1 << 32 - length) - RESERVED


def extends(block: V4, primary: V4) -> bool:
    """Whether a VPC may have a further block: what is not of the private range of its first one is restricted.

    "Restricted CIDR blocks" of the page above: a VPC in one of RFC 1918's ranges takes no block of the other two.
    """
    home = next((each for each in _PRIVATE if primary.subnet_of(each)), None)
    return home is None or not any(block.overlaps(each) for each in _PRIVATE if each is not home)
