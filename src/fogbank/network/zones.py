"""Hosted zones and their record sets, as Route 53 keeps them and as other services look names up.

    found = zones.lookup(tx, "_x.example.com", "CNAME")        # the record sets of that name and type in public zones
    zones.values(found)                                        # their values: ["_y.acm-validations.aws."]

A name belongs to the zone with the longest name that it ends in. Of public zones with one name, in several accounts,
that with the record counts: there is no registrar whose delegation would decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fogbank.store.api import Reader, Record, Table

from .domain_names import canonical, order, parents


class Zone(Record):
    """A hosted zone. `name` is canonical; `vpcs` are (region, id) of a private zone's VPCs."""

    account: str
    id: str
    name: str
    reference: str  # the caller's
    created: float
    private: bool = False
    comment: str = ""
    vpcs: list[tuple[str, str]] = []
    authorized: list[tuple[str, str]] = []  # VPCs of other accounts that may be associated
    delegation_set: str = ""  # of a reusable one
    name_servers: list[str] = []
    signing: bool = False  # DNSSEC
    count: int = 2  # record sets
    features: dict[str, Any] = {}
    tags: dict[str, str] = {}


class RecordSet(Record):
    """A record set. `data` has its other members, as the API has them."""

    account: str
    zone: str
    name: str
    type: str
    identifier: str = ""
    data: dict[str, Any] = {}


ZONES = Table("route53/zone", Zone, key=lambda z: (z.account, z.id), indexes={"name": lambda z: (order(z.name),)})
RECORD_SETS = Table(
    "route53/record-set", RecordSet, key=lambda r: (r.account, r.zone, order(r.name), r.type, r.identifier)
)


def of_name(tx: Reader, name: str, *, vpc: tuple[str, str] | None = None) -> Iterator[Zone]:
    """The zones that a canonical name may be in, the closest first: public ones, or those of a VPC before them."""
    for parent in parents(name):
        found = list(tx.scan_index(ZONES, "name", (order(parent),)))
        if vpc is not None:
            yield from (zone for zone in found if zone.private and vpc in zone.vpcs)
        yield from (zone for zone in found if not zone.private)


def sets(tx: Reader, zone: Zone, name: str, type: str = "") -> list[RecordSet]:
    """The record sets of a canonical name, of one type or of all."""
    key = (zone.account, zone.id, order(name))
    return list(tx.scan(RECORD_SETS, (*key, type) if type else key))


def lookup(tx: Reader, name: str, type: str) -> list[RecordSet]:
    """The record sets of a name and type in public zones, of whichever account; raises BadName."""
    full = canonical(name)
    for zone in of_name(tx, full):
        found = sets(tx, zone, full, type)
        if found:
            return found
    return []


def values(found: Iterable[RecordSet]) -> list[str]:
    """The values of record sets, without those of aliases."""
    return [record["Value"] for each in found for record in each.data.get("ResourceRecords", ())]
