"""The stored form of jobs."""

from __future__ import annotations

import msgspec

from fogbank.core.principal import Principal, anonymous
from fogbank.store.api import Key, Record, StoreCorrupt, StoreTooNew, Table
from fogbank.store.keys import decode
from fogbank.store.records import Codec

NOTHING = msgspec.Raw(b"\x80")  # an empty map
UNREADABLE = "unreadable"  # the state of a job whose record cannot be read: never stored


class JobRecord(Record):
    """Work that a committed transaction asked for. Times are on the cloud's clock, except `lease_until_ms`."""

    id: str
    kind: str
    account: str
    region: str
    principal: Principal
    due_ms: int
    payload: msgspec.Raw = NOTHING  # msgpack
    apart: bool = False  # whether the payload is stored in PAYLOADS, because it is large
    cause: str = ""
    name: str = ""
    attempts: int = 0
    state: str = "pending"  # "behind": waits for an earlier job of its order; "failed": kept to be seen and retried
    error: str = ""
    lease_until_ms: int = 0  # shared stores: the end of the lease, on real clocks
    lease_by: str = ""  # the node that holds the lease
    endpoint: str = ""  # of the request that caused the job, for URLs
    lane: str = ""
    order: str = ""  # jobs of one order run one after the other, by `turn`
    turn: int = 0


class Payload(Record):
    """A payload too large to be read and written with the state of its job."""

    id: str
    value: msgspec.Raw


def _due(job: JobRecord) -> Key | None:
    return (job.lane, job.due_ms, job.id) if job.state == "pending" and not job.lease_by else None


def _leased(job: JobRecord) -> Key | None:
    return (job.lease_until_ms, job.id) if job.state == "pending" and job.lease_by else None


def _failed(job: JobRecord) -> Key | None:
    return (job.due_ms, job.id) if job.state in ("failed", UNREADABLE) else None


def _named(job: JobRecord) -> Key | None:
    return (job.kind, job.account, job.region, job.name) if job.name and job.state == "pending" else None


def _ordered(job: JobRecord) -> Key | None:
    return (job.order, job.turn) if job.order and job.state in ("pending", "behind") else None


JOBS = Table(
    "core/job",
    JobRecord,
    key=lambda job: (job.id,),
    indexes={"due": _due, "leased": _leased, "failed": _failed, "named": _named, "ordered": _ordered},
)
PAYLOADS = Table("core/job-payload", Payload, key=lambda payload: (payload.id,))


class JobCodec(Codec[JobRecord]):
    """Reads an undecodable record as a job in state UNREADABLE, so that it does not block the jobs behind it.

    Its index entries are not known, so Fogbank neither writes nor deletes it. If a later Fogbank wrote it, that version
    finds it unchanged.
    """

    __slots__ = ()

    def load(self, row: bytes, value: bytes) -> JobRecord:
        try:
            return super().load(row, value)
        except StoreTooNew:
            why = "a later Fogbank wrote its record: that one can run it"
        except StoreCorrupt:
            why = "its record is damaged: it can only come back with a snapshot"
        except msgspec.MsgspecError as error:
            why = f"its record cannot be read: {error}"
        job_id = str(decode(row[len(self.prefix) :])[0])
        due = job_id.partition("-")[0]  # `queue.enqueue` begins the id with it
        return JobRecord(
            id=job_id, kind="", account="", region="", principal=anonymous(),
            due_ms=int(due) if due.isdecimal() else 0, state=UNREADABLE, error=why,
        )  # fmt: skip


JOBS.codec = JobCodec(JOBS)
