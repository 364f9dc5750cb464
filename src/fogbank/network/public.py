"""Public addresses and IPv6 blocks that are given out: no two accounts of a cloud have the same.

They come from ranges that nobody on the internet has: IPv4 addresses from the one for benchmarks (RFC 2544), IPv6
blocks from the one for documentation (RFC 3849).
"""

from __future__ import annotations

import ipaddress

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .cidrs import POOL
from .errors import NetworkError
from .records import PUBLIC_BLOCKS, PublicBlock

RANGE = ipaddress.IPv4Network("198.18.0.0/15")
_TRIES = 1000


def address(tx: Transaction, ctx: Context) -> str:
    """Take a public IPv4 address."""
    first, most = int(RANGE.network_address), RANGE.num_addresses
    for _ in range(_TRIES):
        text = str(ipaddress.IPv4Address(first + int.from_bytes(ctx.ids.bytes(4), "big") % most))
        if _take(tx, ctx, text):
            return text
    raise NetworkError("InsufficientAddressCapacity", "There are not enough free addresses to satisfy the request.")


def block(tx: Transaction, ctx: Context, wanted: str = "") -> str:
    """Take an IPv6 block for a VPC, which is a /56."""
    first = int(POOL.network_address)
    for _ in range(_TRIES):
        number = first + (int.from_bytes(ctx.ids.bytes(3), "big") << 72)
        text = wanted or str(ipaddress.IPv6Network((number, 56)))
        if _take(tx, ctx, text):
            return text
        if wanted:
            break
    raise NetworkError("InsufficientAddressCapacity", "There are not enough free addresses to satisfy the request.")


def _take(tx: Transaction, ctx: Context, text: str) -> bool:
    if tx.get(PUBLIC_BLOCKS, (text,)) is not None:
        return False
    tx.put(PUBLIC_BLOCKS, PublicBlock(cidr=text, account=ctx.account, region=ctx.region))
    return True


def give_back(tx: Transaction, text: str) -> None:
    tx.delete(PUBLIC_BLOCKS, (text,))
