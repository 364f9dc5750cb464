"""Tells which physical resources are still unowned, for a creation that resumes after a crash.

An interrupted creation may have made a resource that no stack's record mentions yet. When several creations were
interrupted, each of them claims a different resource.
"""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.context import Cloud, Context
from fogbank.store.api import Reader

from ..records import LEFTOVERS, RESOURCES, StackResource


class Claimed:
    """The physical ids that resumed creations of this process have claimed.

    `owners`: (account, region, type, physical id) → (stack id, logical id).
    """

    def __init__(self, app: Cloud) -> None:
        self.owners: dict[tuple[str, str, str, str], tuple[str, str]] = {}
        app.signals.on("reset", self.owners.clear)


async def claims(ctx: Context, record: StackResource) -> Callable[[str], bool]:
    """Return a function that claims a physical id for this record, and returns False when the id is taken."""
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
