"""The stored records of recorded resources."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class RecordedResource(Record):
    """A resource of a type that Fogbank does not have. `model`: its properties and the values that AWS would make."""

    account: str
    region: str
    type: str
    id: str  # the physical id: what Ref returns
    identifier: str  # the primary identifier, its parts joined by |
    model: dict[str, Any]
    created: float
    maker: str = ""  # the token of the creation


RECORDED = Table(
    "cloudformation/recorded",
    RecordedResource,
    key=lambda r: (r.account, r.region, r.type, r.id),
    indexes={"identifier": lambda r: (r.account, r.region, r.type, r.identifier)},
)
