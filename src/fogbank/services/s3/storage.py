"""Objects and their versions in the store: every change of one is made here, inside the caller's transaction.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from fogbank.core.context import Context
from fogbank.core.http import FileSlice
from fogbank.store.api import Reader, Transaction

from .content import Content
from .records import (
    GARBAGE,
    INLINES,
    NULL,
    OBJECTS,
    PARTS,
    VERSIONS,
    Bucket,
    Garbage,
    Inline,
    Object,
    Part,
    Parts,
)

OWNER = "s3"
MANY = 64  # rows or blobs that go in the transaction itself; more of them by a job


# -- finding -----------------------------------------------------------------------------------------------------------


def current(tx: Reader, bucket: str, key: str) -> Object | None:
    """The current version; None when there is none or it is a delete marker."""
    return tx.get(OBJECTS, (bucket, key))


def version(tx: Reader, bucket: str, key: str, version_id: str) -> Object | None:
    """A version or delete marker by its id."""
    found = tx.get(OBJECTS, (bucket, key))
    if found is not None and found.version_id == version_id:
        return found
    return tx.first(VERSIONS, "id", (bucket, key, version_id))


def newest_hidden(tx: Reader, bucket: str, key: str) -> Object | None:
    """The newest of what stands beside the current version: without a current one, the latest of all."""
    return next(iter(tx.scan(VERSIONS, (bucket, key), limit=1)), None)


# -- writing -----------------------------------------------------------------------------------------------------------


def put(tx: Transaction, ctx: Context, bucket: Bucket, made: Object, old: Object | None) -> None:
    """Make `made` the current version of its key. `old` is the current one, as read in this transaction.

    The caller stores the bytes afterwards (`fill`), since the version id is decided here.
    """
    if not bucket.versioning:
        made.order = -int(ctx.now() * 1_000_000)
        if old is not None:
            _dispose(tx, ctx, old, by=made)
    else:
        _make_room(tx, ctx, bucket, made, old)
    tx.put(OBJECTS, made)


def _make_room(tx: Transaction, ctx: Context, bucket: Bucket, made: Object, old: Object | None) -> None:
    """Give `made` its version id and place, and move or remove what it takes the place of."""
    hidden = newest_hidden(tx, made.bucket, made.key)
    latest = min((o.order for o in (old, hidden) if o is not None), default=0)
    made.order = min(-int(ctx.now() * 1_000_000), latest - 1)
    if bucket.versioning == "Enabled":
        made.version_id = ctx.ids.alnum(32)
    else:
        made.version_id = NULL
        if old is None or old.version_id != NULL:
            shadowed = tx.first(VERSIONS, "id", (made.bucket, made.key, NULL))
            if shadowed is not None:
                tx.delete(VERSIONS, (shadowed.bucket, shadowed.key, shadowed.order))
                _dispose(tx, ctx, shadowed, by=made)
    if old is not None:
        if old.version_id == made.version_id:
            _dispose(tx, ctx, old, by=made)
        else:
            tx.put(VERSIONS, old)


def fill(tx: Transaction, ctx: Context, made: Object, content: Content) -> None:
    """Store the bytes of an object that was just put."""
    if content.blob is not None:
        ctx.blobs.publish(tx, content.blob, OWNER)
    elif content.data:
        tx.put(INLINES, Inline(bucket=made.bucket, key=made.key, version_id=made.version_id, data=content.data))


def fill_parts(tx: Transaction, made: Object, parts: list[Part]) -> None:
    tx.put(PARTS, Parts(bucket=made.bucket, key=made.key, version_id=made.version_id, parts=parts))


# -- deleting ----------------------------------------------------------------------------------------------------------


def delete(tx: Transaction, ctx: Context, bucket: Bucket, key: str) -> Object | None:
    """DELETE without a version: the object goes, or a delete marker (which is returned) hides it."""
    old = tx.get(OBJECTS, (bucket.name, key))
    if not bucket.versioning:
        if old is not None:
            tx.delete(OBJECTS, (bucket.name, key))
            _dispose(tx, ctx, old)
        return None
    marker = Object(bucket=bucket.name, key=key, etag="", size=0, modified=int(ctx.now()), marker=True)
    _make_room(tx, ctx, bucket, marker, old)
    if old is not None:
        tx.delete(OBJECTS, (bucket.name, key))
    tx.put(VERSIONS, marker)
    return marker


def delete_version(tx: Transaction, ctx: Context, bucket: Bucket, key: str, version_id: str) -> Object | None:
    """Remove one version for good; returns it. What was hidden behind it becomes current."""
    now = tx.get(OBJECTS, (bucket.name, key))
    if now is not None and now.version_id == version_id:
        tx.delete(OBJECTS, (bucket.name, key))
        _dispose(tx, ctx, now)
        _promote(tx, bucket.name, key)
        return now
    found = tx.first(VERSIONS, "id", (bucket.name, key, version_id))
    if found is None:
        return None
    tx.delete(VERSIONS, (bucket.name, key, found.order))
    if not found.marker:
        _dispose(tx, ctx, found)
    if now is None:
        _promote(tx, bucket.name, key)
    return found


def _promote(tx: Transaction, bucket: str, key: str) -> None:
    """With no current version, the newest of the others is it, unless it is a delete marker."""
    newest = newest_hidden(tx, bucket, key)
    if newest is not None and not newest.marker:
        tx.delete(VERSIONS, (bucket, key, newest.order))
        tx.put(OBJECTS, newest)


def _dispose(tx: Transaction, ctx: Context, old: Object, *, by: Object | None = None) -> None:
    """Give back the bytes of a version that is gone. `by` takes its place and its version id."""
    if old.marker:
        return
    if old.blob:
        ctx.blobs.release(tx, old.blob, OWNER)
    elif old.parts:
        found = tx.get(PARTS, (old.bucket, old.key, old.version_id))
        if found is not None:
            tx.delete(PARTS, (old.bucket, old.key, old.version_id))
            release_blobs(tx, ctx, [part.blob for part in found.parts])
    elif old.size and (by is None or by.blob or by.parts or not by.size):  # else its bytes are overwritten
        tx.delete(INLINES, (old.bucket, old.key, old.version_id))


def release_blobs(tx: Transaction, ctx: Context, blobs: list[str]) -> None:
    """Take away one reference from each; many of them later, in slices."""
    for blob in blobs[:MANY]:
        ctx.blobs.release(tx, blob, OWNER)
    if len(blobs) > MANY:
        garbage = Garbage(id=ctx.ids.uuid(), blobs=blobs[MANY:])
        tx.put(GARBAGE, garbage)
        ctx.later(tx, "s3.release", {"garbage": garbage.id})


# -- reading -----------------------------------------------------------------------------------------------------------


def parts_of(tx: Reader, found: Object) -> list[Part]:
    record = tx.get(PARTS, (found.bucket, found.key, found.version_id))
    return record.parts if record is not None else []


def body(tx: Reader, ctx: Context, found: Object, first: int, length: int) -> bytes | FileSlice | AsyncIterator[bytes]:
    """`length` bytes of an object from `first` on, in the form that costs the gateway least."""
    if length == 0:
        return b""
    if found.blob:
        return ctx.blobs.slice(found.blob, first, length)
    if found.parts:
        pieces = list(cut(parts_of(tx, found), first, length))
        if len(pieces) == 1:
            return ctx.blobs.slice(*pieces[0])
        return joined(ctx, pieces)
    inline = tx.get(INLINES, (found.bucket, found.key, found.version_id))
    data = inline.data if inline is not None else b""
    return data if length == len(data) else data[first : first + length]


def cut(parts: list[Part], first: int, length: int) -> Iterator[tuple[str, int, int]]:
    """(blob, offset, length) of the pieces that make up a range of a multipart object."""
    at = 0
    for part in parts:
        begin, end = max(first, at), min(first + length, at + part.size)
        if begin < end:
            yield part.blob, begin - at, end - begin
        at += part.size
        if at >= first + length:
            return


async def joined(ctx: Context, pieces: list[tuple[str, int, int]]) -> AsyncIterator[bytes]:
    for blob, offset, length in pieces:
        async for chunk in ctx.blobs.read(blob, offset, length):
            yield chunk


async def stream(ctx: Context, answer: bytes | FileSlice | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Any form of body as chunks, for a reader in this process."""
    if isinstance(answer, bytes):
        yield answer
    elif isinstance(answer, FileSlice):
        async for chunk in ctx.blobs.read(answer.path.rsplit("/", 1)[1], answer.offset, answer.length):
            yield chunk
    else:
        async for chunk in answer:
            yield chunk


async def load(ctx: Context, found: Object) -> bytes:
    """All the bytes of a small object."""
    answer: Any = await ctx.fetch(partial(body), ctx, found, 0, found.size)
    return b"".join([chunk async for chunk in stream(ctx, answer)])
