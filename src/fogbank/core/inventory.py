"""The resources of an account in a region, and their tags, over all services.

Kinds tell of most services: a `Kind` of records with `tags` is in the list. What a service keeps in another way, it
declares once, in a module `tagged.py`:

    TAGGABLE = Taggable(each=buckets, tag=put_bucket_tags, untag=drop_bucket_tags)

How a resource is tagged, the model of its service tells: TagResource or an operation like it, with the ARN.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from . import services

if TYPE_CHECKING:
    from fogbank.store.api import Reader

    from .context import Context


class Resource(msgspec.Struct, frozen=True):
    """A resource and its tags. `service` is botocore's name."""

    service: str
    arn: str
    tags: Mapping[str, str]


async def load() -> list[services.Service]:
    """All services that are built. They are imported in a thread: on the first use that may take a second."""
    found = [await asyncio.to_thread(services.load, name) for name in services.built()]
    return [service for service in found if service is not None]


def resources(tx: Reader, ctx: Context, loaded: Iterable[services.Service]) -> Iterator[Resource]:
    """What the account has in the region, with tags or without."""
    for service in loaded:
        tables = {kind.table.name: kind for kind in reversed(service.kinds) if "tags" in _fields(kind.table.record)}
        for kind in tables.values():
            for record in tx.scan(kind.table, (ctx.account, ctx.region)):
                yield Resource(service.name, kind.arn(ctx, kind.table.key(record), record), record.tags)
        if service.taggable is not None and service.taggable.each is not None:
            for arn, tags in service.taggable.each(tx, ctx):
                yield Resource(service.name, arn, tags)


def _fields(record: type[msgspec.Struct]) -> tuple[str, ...]:
    return record.__struct_fields__
