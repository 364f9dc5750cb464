"""Answers questions from a zone's records: wildcards, aliases, and the routing policies.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html

Where a client is cannot be known here. Latency prefers the record of the caller's region, and geolocation takes the
default location (`*`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from fogbank.network.domain_names import WILDCARD, parents, within
from fogbank.network.zones import RECORD_SETS, RecordSet, Zone, sets, values
from fogbank.store.api import Reader

from .health import healthy

DEEPEST = 8  # aliases in a row
MOST_VALUES = 8  # of a multivalue answer


class Question(msgspec.Struct, frozen=True):
    """A question to a zone. `draw(n)` gives random bytes, for weights."""

    zone: Zone
    name: str  # canonical
    type: str
    region: str
    draw: Callable[[int], bytes]


class Answer(msgspec.Struct, frozen=True):
    """`code` is NOERROR or NXDOMAIN. `type` is CNAME where the name has one instead."""

    code: str
    type: str
    values: list[str] = []
    ttl: int = 60  # that of aliases to AWS's own resources


def answer(tx: Reader, asked: Question, depth: int = 0) -> Answer:
    """What the zone says to a question."""
    there = _at(tx, asked.zone, asked.name)
    if not there:
        code = "NOERROR" if _passes(tx, asked.zone, asked.name) else "NXDOMAIN"
        return Answer(code, asked.type)
    found = [each for each in there if each.type == asked.type]
    if not found:
        found = [each for each in there if each.type == "CNAME"]
    if not found:
        return Answer("NOERROR", asked.type)
    chosen = _chosen(tx, asked, found)
    result: list[str] = []
    ttl = 60
    for each in chosen:
        target = each.data.get("AliasTarget")
        if target is None:
            result += values([each])
            ttl = int(each.data.get("TTL") or ttl)
        elif target["HostedZoneId"] == asked.zone.id and depth < DEEPEST:
            inner = answer(tx, msgspec.structs.replace(asked, name=target["DNSName"]), depth + 1)
            result += inner.values
            ttl = inner.ttl
    return Answer("NOERROR", found[0].type, result, ttl)


def _at(tx: Reader, zone: Zone, name: str) -> list[RecordSet]:
    """The record sets of a name, or of the closest wildcard."""
    found = sets(tx, zone, name)
    if found or not within(name, zone.name):
        return found
    for parent in parents(name)[1:]:
        if not within(parent, zone.name):
            return []
        found = sets(tx, zone, f"{WILDCARD}.{parent}")
        if found:
            return found
        if sets(tx, zone, parent):  # a name that exists ends the search
            return []
    return []


def _passes(tx: Reader, zone: Zone, name: str) -> bool:
    """Whether the zone has names below this one: then the name exists, without records."""
    from fogbank.network.domain_names import order

    below = tx.scan(RECORD_SETS, (zone.account, zone.id), start=(zone.account, zone.id, order(name)), limit=1)
    return any(order(each.name).startswith(order(name)) for each in below)


def _chosen(tx: Reader, asked: Question, found: Sequence[RecordSet]) -> list[RecordSet]:
    """The record sets that the routing policy chooses: those that are healthy, or all if none is."""
    fit = [each for each in found if healthy(tx, each)] or list(found)
    first = fit[0].data
    if first.get("Failover"):
        order = sorted(fit, key=lambda each: str(each.data.get("Failover")))  # PRIMARY before SECONDARY
        return order[:1]
    if first.get("Weight") is not None:
        return [_weighted(asked, fit)]
    if first.get("MultiValueAnswer"):
        shuffled = sorted(fit, key=lambda each: asked.draw(4))
        return shuffled[:MOST_VALUES]
    if first.get("Region"):
        return [next((each for each in fit if each.data["Region"] == asked.region), fit[0])]
    if first.get("GeoLocation"):
        return [each for each in fit if each.data["GeoLocation"].get("CountryCode") == "*"][:1]
    return fit[:1]


def _weighted(asked: Question, fit: list[RecordSet]) -> RecordSet:
    """One record set by chance. Weights of zero count only if there are no others."""
    weights = [int(each.data["Weight"]) for each in fit]
    if not any(weights):
        weights = [1] * len(fit)
    at = int.from_bytes(asked.draw(8)) % sum(weights)
    for each, weight in zip(fit, weights, strict=True):
        if at < weight:
            return each
        at -= weight
    return fit[-1]
