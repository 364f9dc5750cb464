"""Which physical resources belong to somebody, asked when a creation is taken up again after a crash.

What an interrupted creation made is in no stack's records. Where several were interrupted, each takes one thing.
"""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.context import Cloud, Context
from fogbank.store.api import Reader

from ..records import LEFTOVERS, RESOURCES, StackResource


class Claimed:
    """The physical ids that this process has given to creations which it took up again: account, region, type and id,
    with the stack and logical id that got it."""

    def __init__(self, app: Cloud) -> None:
        self.owners: dict[tuple[str, str, str, str], tuple[str, str]] = {}
        app.signals.on("reset", self.owners.clear)


async def claims(ctx: Context, record: StackResource) -> Callable[[str], bool]:
    """Whether a physical id of this record's type is nobody's yet: a function, and it is the record's from then on."""
    where = (record.account, record.region)

    def read(tx: Reader) -> frozenset[str]:
        known = (item for item in tx.scan(RESOURCES, where) if item.type == record.type)
        left = (item.resource for item in tx.scan(LEFTOVERS, where) if item.resource.type == record.type)
        return frozenset(item.physical_id for item in (*known, *left) if item.physical_id)

    taken = await ctx.fetch(read)
    owners = ctx.app.local(Claimed).owners
    me = (record.stack_id, record.logical_id)

    def claim(physical_id: str) -> bool:
        return physical_id not in taken and owners.setdefault((*where, record.type, physical_id), me) == me

    return claim
