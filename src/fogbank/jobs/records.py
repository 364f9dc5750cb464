"""Jobs as they are kept."""

from __future__ import annotations

from typing import Any

from fogbank.core.principal import Principal
from fogbank.store.api import Key, Record, Table


class JobRecord(Record):
    """A piece of work that a committed transaction asked for. `due_ms` and the rest are on the cloud's clock."""

    id: str
    kind: str
    account: str
    region: str
    principal: Principal
    payload: dict[str, Any]
    due_ms: int
    cause: str = ""
    name: str = ""
    attempts: int = 0
    state: str = "pending"  # or "failed": attempts are used up, kept to be seen and retried by hand
    error: str = ""
    lease_until_ms: int = 0  # scale-out: the node that took it has until then, on real clocks
    lease_by: str = ""  # that node
    endpoint: str = ""  # of the request it came from, for URLs


def _due(job: JobRecord) -> Key | None:
    return (job.due_ms, job.id) if job.state == "pending" else None


def _failed(job: JobRecord) -> Key | None:
    return (job.due_ms, job.id) if job.state == "failed" else None


def _named(job: JobRecord) -> Key | None:
    return (job.kind, job.account, job.region, job.name) if job.name and job.state == "pending" else None


JOBS = Table(
    "core/job",
    JobRecord,
    key=lambda job: (job.id,),
    indexes={"due": _due, "failed": _failed, "named": _named},
)
