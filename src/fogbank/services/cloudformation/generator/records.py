"""The stored records of resource scans and generated templates."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Scan(Record):
    """A scan of all resources of an account and region that Fogbank can list."""

    account: str
    region: str
    id: str
    started: float
    filters: list[dict[str, Any]] = []
    status: str = "IN_PROGRESS"
    reason: str = ""
    ended: float = 0.0
    types: list[str] = []
    resources: list[dict[str, Any]] = []  # ScannedResource structures


SCANS = Table("cloudformation/scan", Scan, key=lambda s: (s.account, s.region, s.id))


class Generated(Record):
    """A generated template. `resources`: ResourceDetail structures, each with its properties once they were read."""

    account: str
    region: str
    id: str
    name: str
    created: float
    updated: float
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    stack_id: str = ""
    configuration: dict[str, str] = {}
    resources: list[dict[str, Any]] = []
    properties: dict[str, dict[str, Any]] = {}  # by logical id


GENERATED = Table(
    "cloudformation/generatedtemplate",
    Generated,
    key=lambda g: (g.account, g.region, g.name),
    indexes={"id": lambda g: (g.account, g.region, g.id)},
)
