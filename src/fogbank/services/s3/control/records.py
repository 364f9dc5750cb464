"""What S3 Control keeps: access points, jobs, Storage Lens configurations and groups, access grants."""

from __future__ import annotations

from typing import Any

from fogbank.store.api import Record, Table


class Thing(Record):
    """One of them. `data` has the members of the API; `policy` is a resource policy (JSON)."""

    account: str
    region: str
    id: str
    created: float
    data: dict[str, Any] = {}
    policy: str = ""
    tags: dict[str, str] = {}


def _table(word: str) -> Table[Thing]:
    return Table(f"s3/control-{word}", Thing, key=lambda thing: (thing.account, thing.region, thing.id))


ACCESS_POINTS = _table("accesspoint")
JOBS = _table("job")
LENSES = _table("storage-lens")
LENS_GROUPS = _table("storage-lens-group")
INSTANCES = _table("access-grants")
LOCATIONS = _table("access-grants-location")
GRANTS = _table("access-grants-grant")
