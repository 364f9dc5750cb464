"""The resources of an account in a region, and their tags, over all services.

Kinds tell of most services: a `Kind` of records with `tags` is in the list. What a service keeps in another way, it
declares once, in a module `tagged.py`:

    TAGGABLE = Taggable(each=buckets, tag=put_bucket_tags, untag=drop_bucket_tags)

How a resource is tagged, the model of its service tells: TagResource or an operation like it, with the ARN.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from . import services

if TYPE_CHECKING:
    from fogbank.store.api import Key, Reader

    from .context import Context
    from .kinds import Kind
    from .taggable import Each

Pair = tuple[str, Mapping[str, str]]  # an ARN and its tags
SLICE = 500  # records of a table that are read at once


class Resource(msgspec.Struct, frozen=True):
    """A resource and its tags. `service` is botocore's name."""

    service: str
    arn: str
    tags: Mapping[str, str]


async def resources(ctx: Context) -> list[Resource]:
    """What the account has in the region, with tags or without.

    Services are imported in a thread: on the first use that may take a second. Tables are read in slices.
    """
    found: list[Resource] = []
    for name in services.built():
        service = await asyncio.to_thread(services.load, name)
        assert service is not None
        tables = {kind.table.name: kind for kind in reversed(service.kinds) if "tags" in _fields(kind.table.record)}
        for kind in tables.values():
            after: Key | None = None
            while (part := await ctx.fetch(_slice, ctx, kind, after)) is not None:
                after, records = part
                found += [Resource(name, arn, tags) for arn, tags in records]
                await asyncio.sleep(0)
        if service.taggable is not None and service.taggable.each is not None:
            found += await ctx.fetch(_declared, ctx, name, service.taggable.each)
    return found


def _slice(tx: Reader, ctx: Context, kind: Kind[Any], after: Key | None) -> tuple[Key, list[Pair]] | None:
    """The next records of a kind, and the key of the last one; None if there are no more."""
    records = list(tx.scan(kind.table, (ctx.account, ctx.region), after=after, limit=SLICE))
    if not records:
        return None
    keys = [kind.table.key(record) for record in records]
    return keys[-1], [(kind.arn(ctx, key, each), each.tags) for key, each in zip(keys, records, strict=True)]


def _declared(tx: Reader, ctx: Context, name: str, each: Each) -> list[Resource]:
    return [Resource(name, arn, tags) for arn, tags in each(tx, ctx)]


def _fields(record: type[msgspec.Struct]) -> tuple[str, ...]:
    return record.__struct_fields__
