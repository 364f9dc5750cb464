"""The stored form of calls: for CloudTrail's event history and trails, `fogbank why` and `fogbank requests`."""

from __future__ import annotations

from typing import Any

from fogbank.core.trace import Hop
from fogbank.store.api import Record, Table


class Entry(Record):
    """A call or a job, and the CloudTrail event of it.

    `account` is the one whose trails see the entry. A call that touches resources of other accounts has an entry for
    each account; only the caller's is found by the call's id. `event` is CloudTrail's JSON. It is empty for what
    CloudTrail does not record: jobs, and calls refused before their operation was known.
    """

    account: str
    region: str
    at_us: int  # when it ended, in microseconds of the clock
    id: str  # of the event
    hop: Hop
    shared: bool = False  # another account's copy
    event: str = ""
    source: str = ""  # sqs.amazonaws.com
    name: str = ""
    username: str = ""
    access_key: str = ""
    read_only: bool = False
    data: bool = False  # a data event
    own: bool = False  # a call that CloudTrail itself made
    resources: list[tuple[str, str]] = []  # (type, ARN)


class Tally(Record):
    """The number of stored entries."""

    count: int = 0


class Ask(Record):
    """A request to be notified of an account's events: `job` runs within five minutes of one.

    `region` is empty for all regions. `services` lists the services (by botocore's name) whose data events are wanted.
    """

    account: str
    name: str
    region: str
    job: str
    services: list[str] = []
    payload: dict[str, Any] = {}


ENTRIES = Table(
    "core/audit",
    Entry,
    key=lambda e: (e.account, e.region, e.at_us, e.id),
    indexes={
        "call": lambda e: None if e.shared else (e.hop.id,),
        "cause": lambda e: None if e.shared or not e.hop.cause else (e.hop.cause,),
        "time": lambda e: (e.at_us,),
    },
)
TALLY = Table("core/audit-tally", Tally, key=lambda _: ("tally",))
ASKS = Table("core/audit-ask", Ask, key=lambda a: (a.account, a.name))
ASKED = "audit/asked"  # signalled when an Ask changed
