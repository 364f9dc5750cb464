"""Groups and what they contain."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Group(Record):
    """A group. It has a query, or a configuration and then the ARNs that were grouped."""

    account: str
    region: str
    name: str
    created: float
    description: str = ""
    query: dict[str, str] = {}  # Type and Query
    configuration: list[dict[str, Any]] = []
    members: dict[str, float] = {}  # ARN -> when it was grouped
    tags: dict[str, str] = {}
    criticality: int = 0
    owner: str = ""
    display_name: str = ""


class Settings(Record):
    """The settings of an account in a region."""

    account: str
    region: str
    lifecycle_events: str = "INACTIVE"


GROUPS = Table("resource-groups/group", Group, key=lambda g: (g.account, g.region, g.name))
SETTINGS = Table("resource-groups/settings", Settings, key=lambda s: (s.account, s.region))
