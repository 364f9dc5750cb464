"""Service Quotas' records besides the granted values: requests, the template, tags, automatic management."""

from __future__ import annotations

from fogbank.store.api import Record, Table


class Change(Record):
    """A request for a higher value. Times are epoch seconds; `changed` is 0 until the status first changes."""

    account: str
    region: str
    id: str
    service: str
    quota: str
    desired: float
    created: float
    requester: str
    status: str = "PENDING"
    changed: float = 0.0
    case: str = ""
    case_allowed: bool = True

    @property
    def open(self) -> bool:
        return self.status in ("PENDING", "CASE_OPENED")


class Wish(Record):
    """One entry of the template for new accounts of an organization."""

    account: str
    region: str
    service: str
    quota: str
    desired: float


class Template(Record):
    """Whether the template is in use."""

    account: str
    associated: bool


class Tags(Record):
    """The tags of an applied quota."""

    account: str
    region: str
    service: str
    quota: str
    tags: dict[str, str]


class Management(Record):
    """The settings of an account's automatic management."""

    account: str
    region: str
    level: str
    kind: str
    enabled: bool = True
    notify: str = ""
    excluded: dict[str, list[str]] = {}


CHANGES = Table("service-quotas/change", Change, key=lambda c: (c.account, c.region, c.id))
WISHES = Table("service-quotas/wish", Wish, key=lambda w: (w.account, w.region, w.service, w.quota))
TEMPLATES = Table("service-quotas/template", Template, key=lambda t: (t.account,))
TAGS = Table("service-quotas/tags", Tags, key=lambda t: (t.account, t.region, t.service, t.quota))
MANAGEMENT = Table("service-quotas/management", Management, key=lambda m: (m.account, m.region))
