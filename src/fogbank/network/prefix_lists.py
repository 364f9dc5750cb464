"""Prefix lists: those of customers, and those that AWS manages.

https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from fogbank.core.context import Context
from fogbank.store.api import Reader

from . import ids
from .errors import NetworkError
from .link_records import PREFIX_LISTS, PREFIX_VERSIONS, PrefixEntry, PrefixList

_KNOWN = {  # the ids that AWS has for them
    "com.amazonaws.us-east-1.s3": "pl-63a5400a",
    "com.amazonaws.us-east-1.dynamodb": "pl-02cd2c6b",
}
HERE = "192.0.2.0/24"  # RFC 5737: documentation. Services answer on this machine


class Managed(NamedTuple):
    """A prefix list of AWS, which is the same for everybody in a region."""

    id: str
    name: str
    family: str
    cidrs: tuple[str, ...]


def managed(region: str) -> list[Managed]:
    """Those of a region that gateway endpoints and security groups use."""
    found = []
    for name, family in (
        (f"com.amazonaws.{region}.s3", "IPv4"),
        (f"com.amazonaws.{region}.dynamodb", "IPv4"),
        ("com.amazonaws.global.cloudfront.origin-facing", "IPv4"),
        ("com.amazonaws.global.ipv6.cloudfront.origin-facing", "IPv6"),
    ):
        digest = hashlib.sha256(f"{region} {name}".encode()).hexdigest()[:8]
        cidr = HERE if family == "IPv4" else "2001:db8::/48"
        found.append(Managed(_KNOWN.get(name, f"pl-{digest}"), name, family, (cidr,)))
    return found


def by_id(tx: Reader, ctx: Context, id: str) -> Managed | PrefixList | None:
    found = next((each for each in managed(ctx.region) if each.id == id), None)
    return found or tx.get(PREFIX_LISTS, (ctx.account, ctx.region, id))


def absent(id: str) -> NetworkError:
    if not ids.valid("pl", id):
        return NetworkError("InvalidPrefixListId.Malformed", f'Invalid id: "{id}" (expecting "pl-...")')
    return NetworkError("InvalidPrefixListID.NotFound", f"The prefix list ID '{id}' does not exist.")


def known(tx: Reader, ctx: Context, id: str) -> Managed | PrefixList:
    """A prefix list that rules and routes of this account can name."""
    found = by_id(tx, ctx, id)
    if found is None:
        raise absent(id)
    return found


def entries(tx: Reader, found: Managed | PrefixList, version: int = 0) -> list[PrefixEntry] | None:
    """The entries of a list in a version, the current one unless given; None if there is no such version."""
    if isinstance(found, Managed):
        return [PrefixEntry(cidr=cidr) for cidr in found.cidrs]
    kept = tx.get(PREFIX_VERSIONS, (found.account, found.region, found.id, version or found.version))
    return None if kept is None else kept.entries
