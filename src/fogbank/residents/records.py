"""The stored form of residents, and the functions with which services put and delete rows in their transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.store.api import Key, Record, Table, Transaction

if TYPE_CHECKING:
    from fogbank.core.context import Context

TOPIC = "residents"  # signalled whenever a row was put or deleted


class ResidentRecord(Record):
    """One resident that has to run. Times are on real clocks, which the nodes share."""

    kind: str
    account: str
    region: str
    id: str
    generation: int = 0  # a new generation means: end the running one, and start it again
    mark: str = ""  # of this generation of this very row: a row that was deleted and put again has another one
    everywhere: bool = False  # run on every node, without a lease
    error: str = ""  # why it last ended; cleared after it has run for a minute
    failures: int = 0  # failures in a row
    lease_until_ms: int = 0  # on a shared store: until when `lease_by` holds the lease
    lease_by: str = ""  # the node that runs it


def key_of(kind: str, account: str, region: str, id: str) -> Key:
    """The key begins with the service, since `reset --service` deletes by it."""
    return (kind.partition(".")[0], kind, account, region, id)


RESIDENTS = Table("core/resident", ResidentRecord, key=lambda row: key_of(row.kind, row.account, row.region, row.id))


def reside(tx: Transaction, ctx: Context, kind: str, id: str, generation: int, everywhere: bool) -> None:
    """Run this resident from this commit on. Does nothing if its row has this generation already."""
    row = tx.get(RESIDENTS, key_of(kind, ctx.account, ctx.region, id))
    if row is not None and row.generation == generation:
        return
    made = ResidentRecord(kind=kind, account=ctx.account, region=ctx.region, id=id, generation=generation,
                          mark=ctx.ids.hex(8), everywhere=everywhere)  # fmt: skip
    if row is not None:  # the node that runs the old generation ends it before it starts this one
        made.lease_until_ms, made.lease_by = row.lease_until_ms, row.lease_by
    tx.put(RESIDENTS, made)
    tx.signal(TOPIC)


def leave(tx: Transaction, ctx: Context, kind: str, id: str) -> None:
    """End this resident with this commit."""
    if tx.delete(RESIDENTS, key_of(kind, ctx.account, ctx.region, id)):
        tx.signal(TOPIC)


def drop(tx: Transaction, service: str) -> None:
    """Delete all residents of a service that was reset."""
    for row in list(tx.scan(RESIDENTS, (service,))):
        tx.delete(RESIDENTS, RESIDENTS.key(row))
    tx.signal(TOPIC)
