"""What Route 53 keeps beside zones and record sets, which are in `network.zones`."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Change(Record):
    """A change that was accepted. It is INSYNC some time later. `submitted` is in epoch seconds."""

    account: str
    id: str
    submitted: float
    comment: str = ""


class HealthCheck(Record):
    account: str
    id: str
    reference: str
    config: dict[str, Any]
    version: int = 1
    tags: dict[str, str] = {}


class DelegationSet(Record):
    """A reusable delegation set."""

    account: str
    id: str
    reference: str
    name_servers: list[str]


class Thing(Record):
    """What is only kept: query logging configurations, traffic policies and instances, CIDR collections, keys.

    `data` has the members of the API; `part` tells versions or parts of one id apart.
    """

    account: str
    kind: str
    id: str
    part: str = ""
    data: dict[str, Any] = {}


CHANGES = Table("route53/change", Change, key=lambda c: (c.account, c.id))
HEALTH_CHECKS = Table(
    "route53/health-check", HealthCheck, key=lambda h: (h.account, h.id),
    indexes={"reference": lambda h: (h.account, h.reference)},
)  # fmt: skip
DELEGATION_SETS = Table("route53/delegation-set", DelegationSet, key=lambda d: (d.account, d.id))
THINGS = Table("route53/thing", Thing, key=lambda t: (t.account, t.kind, t.id, t.part))
