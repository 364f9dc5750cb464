"""Residents as they are kept, and the rows that services put and delete in their own transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.store.api import Key, Record, Table, Transaction

if TYPE_CHECKING:
    from fogbank.core.context import Context

TOPIC = "residents"  # signalled whenever a row was put or deleted


class ResidentRecord(Record):
    """One thing that has to run. Its times are on real clocks, which the nodes share."""

    kind: str
    account: str
    region: str
    id: str
    generation: int = 0  # another one means: end what runs, and start it anew
    mark: str = ""  # of this generation of this very row: one that was deleted and put again has another
    everywhere: bool = False  # on each node, without a lease
    error: str = ""  # why it ended last; empty again when it has run for a minute
    failures: int = 0  # one after the other
    lease_until_ms: int = 0  # on a shared store: the node that runs it has it until then
    lease_by: str = ""  # that node


def key_of(kind: str, account: str, region: str, id: str) -> Key:
    """By service first: `reset --service` deletes by it."""
    return (kind.partition(".")[0], kind, account, region, id)


RESIDENTS = Table("core/resident", ResidentRecord, key=lambda row: key_of(row.kind, row.account, row.region, row.id))


def reside(tx: Transaction, ctx: Context, kind: str, id: str, generation: int, everywhere: bool) -> None:
    """Have it run from this commit on. Where it runs in this generation, nothing happens."""
    row = tx.get(RESIDENTS, key_of(kind, ctx.account, ctx.region, id))
    if row is not None and row.generation == generation:
        return
    made = ResidentRecord(kind=kind, account=ctx.account, region=ctx.region, id=id, generation=generation,
                          mark=ctx.ids.hex(8), everywhere=everywhere)  # fmt: skip
    if row is not None:  # whoever runs the old generation ends it before it starts this one
        made.lease_until_ms, made.lease_by = row.lease_until_ms, row.lease_by
    tx.put(RESIDENTS, made)
    tx.signal(TOPIC)


def leave(tx: Transaction, ctx: Context, kind: str, id: str) -> None:
    """Have it end with this commit."""
    if tx.delete(RESIDENTS, key_of(kind, ctx.account, ctx.region, id)):
        tx.signal(TOPIC)


def drop(tx: Transaction, service: str) -> None:
    """All of a service, which was reset."""
    for row in list(tx.scan(RESIDENTS, (service,))):
        tx.delete(RESIDENTS, RESIDENTS.key(row))
    tx.signal(TOPIC)
