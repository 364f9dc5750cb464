"""Peering connections, which both sides see.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
"""

from __future__ import annotations

from fogbank.store.api import Reader, Transaction

from .link_records import PEERINGS, Peering
from .records import SecurityGroup

DAYS = 7  # "a request … expires after 7 days"


def status(peering: Peering, now: float) -> str:
    """A request that nobody accepts expires."""
    late = peering.status == "pending-acceptance" and now > peering.created + DAYS * 86400
    return "expired" if late else peering.status


def copies(tx: Reader, peering: Peering) -> list[Peering]:
    """The records of both sides; one if they are in the same account and region."""
    places = dict.fromkeys((side.account, side.region) for side in (peering.requester, peering.accepter))
    found = (tx.get(PEERINGS, (*place, peering.id)) for place in places)
    return [each for each in found if each is not None]


def change(tx: Transaction, peering: Peering, **values: object) -> None:
    """Change the record of both sides."""
    for each in (peering, *copies(tx, peering)):
        for name, value in values.items():
            setattr(each, name, value)
        tx.put(PEERINGS, each)


def between(tx: Reader, one: SecurityGroup, other: SecurityGroup) -> str:
    """The id of the active connection between the VPCs of two groups; empty if there is none."""
    for peering in tx.scan(PEERINGS, (one.account, one.region)):
        if peering.status == "active" and {peering.requester.vpc, peering.accepter.vpc} == {one.vpc, other.vpc}:
            return peering.id
    return ""
