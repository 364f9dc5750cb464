"""Objects and their versions in the store: makes every change to them, inside the caller's transaction.

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
MANY = 64  # rows or blobs that one transaction deletes itself; a job deletes the rest


# -- finding -----------------------------------------------------------------------------------------------------------


def current(tx: Reader, bucket: str, key: str) -> Object | None:
    """Returns the current version; None when there is none or it is a delete marker."""
    return tx.get(OBJECTS, (bucket, key))


def version(tx: Reader, bucket: str, key: str, version_id: str) -> Object | None:
    """Returns the version or delete marker with this id."""
    found = tx.get(OBJECTS, (bucket, key))
    if found is not None and found.version_id == version_id:
        return found
    return tx.first(VERSIONS, "id", (bucket, key, version_id))


def newest_hidden(tx: Reader, bucket: str, key: str) -> Object | None:
    """Returns the newest noncurrent version or delete marker; the latest of all when there is no current version."""
    return next(iter(tx.scan(VERSIONS, (bucket, key), limit=1)), None)


# -- writing -----------------------------------------------------------------------------------------------------------


def put(tx: Transaction, ctx: Context, bucket: Bucket, made: Object, old: Object | None) -> None:
    """Makes `made` the current version of its key. `old` is the current one, as read in this transaction.

    Decides the version id, so the caller stores the bytes afterwards, with `fill`.
    """
    if not bucket.versioning:
        made.order = -int(ctx.now() * 1_000_000)
        if old is not None:
            _dispose(tx, ctx, old, by=made)
    else:
        _make_room(tx, ctx, bucket, made, old)
    tx.put(OBJECTS, made)


def _make_room(tx: Transaction, ctx: Context, bucket: Bucket, made: Object, old: Object | None) -> None:
    """Sets the version id and order of `made`. Removes the version that it replaces, or makes it noncurrent."""
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
    """Stores the bytes of an object that was just put."""
    if content.blob is not None:
        ctx.blobs.publish(tx, content.blob, OWNER)
    elif content.data:
        tx.put(INLINES, Inline(bucket=made.bucket, key=made.key, version_id=made.version_id, data=content.data))


def fill_parts(tx: Transaction, made: Object, parts: list[Part]) -> None:
    tx.put(PARTS, Parts(bucket=made.bucket, key=made.key, version_id=made.version_id, parts=parts))


# -- deleting ----------------------------------------------------------------------------------------------------------


def delete(tx: Transaction, ctx: Context, bucket: Bucket, key: str) -> Object | None:
    """Deletes without a version id: removes the object, or puts a delete marker over it and returns the marker."""
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
    """Deletes one version permanently and returns it. If no version is current then, the newest one becomes so."""
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
    """Makes the newest noncurrent version current, unless it is a delete marker. Call it without a current version."""
    newest = newest_hidden(tx, bucket, key)
    if newest is not None and not newest.marker:
        tx.delete(VERSIONS, (bucket, key, newest.order))
        tx.put(OBJECTS, newest)


def _dispose(tx: Transaction, ctx: Context, old: Object, *, by: Object | None = None) -> None:
    """Releases the bytes of a deleted version. `by` is the version that replaces it under the same version id."""
    if old.marker:
        return
    if old.blob:
        ctx.blobs.release(tx, old.blob, OWNER)
    elif old.parts:
        found = tx.get(PARTS, (old.bucket, old.key, old.version_id))
        if found is not None:
            tx.delete(PARTS, (old.bucket, old.key, old.version_id))
            release_blobs(tx, ctx, [part.blob for part in found.parts])
    elif old.size and (by is None or by.blob or by.parts or not by.size):  # otherwise `by` overwrites the bytes
        tx.delete(INLINES, (old.bucket, old.key, old.version_id))


def release_blobs(tx: Transaction, ctx: Context, blobs: list[str]) -> None:
    """Releases one reference to each blob. Leaves all beyond MANY to a job."""
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
    """Returns `length` bytes of an object from `first` on, in the form that is cheapest for the gateway."""
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
    """Yields (blob, offset, length) of the pieces that form a range of a multipart object."""
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
    """Yields a body in any of its forms as chunks, for readers inside this process."""
    if isinstance(answer, bytes):
        yield answer
    elif isinstance(answer, FileSlice):
        async for chunk in ctx.blobs.read(answer.path.rsplit("/", 1)[1], answer.offset, answer.length):
            yield chunk
    else:
        async for chunk in answer:
            yield chunk


async def load(ctx: Context, found: Object) -> bytes:
    """Returns all bytes of a small object."""
    answer: Any = await ctx.fetch(partial(body), ctx, found, 0, found.size)
    return b"".join([chunk async for chunk in stream(ctx, answer)])
