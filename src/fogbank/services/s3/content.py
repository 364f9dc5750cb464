"""Receives object bodies: counts and digests them, keeps small ones in memory, streams large ones to a blob."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import md5
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.blobs import Blob

from .checksums import Digest, Expected, check_form, of
from .errors import EntityTooLarge, IncompleteBody, InvalidRequest, MissingContentLength
from .hashing import in_thread
from .records import INLINE

MAX_PUT = 5 << 30
_THREAD = 256 * 1024  # bytes; larger pieces are digested in a thread


class Content(msgspec.Struct):
    """A received body: `data` when it is small, otherwise `blob` (committed, but not published yet)."""

    size: int
    md5: bytes
    checksums: dict[str, str] = {}
    data: bytes | None = None
    blob: Blob | None = None


async def receive(ctx: Context, req: dict[str, Any], *, inline: bool = True, algorithm: str = "") -> Content:
    """Receives the Body of a request and compares it with the size and checksums that the request claims.

    Computes `algorithm` when the request names none. Raises IncompleteBody, BadDigest, EntityTooLarge, …; discards
    the blob of a body that fails a check.
    """
    body = req.get("Body")
    if body is None or isinstance(body, (bytes, bytearray, str)):
        data = body.encode() if isinstance(body, str) else bytes(body or b"")
        expected = Expected.of_request(req)
        if not expected.value and req.get("ChecksumAlgorithm") and not _computes(ctx):
            raise _no_value()
        return await _whole(ctx, data, expected, inline, algorithm)
    announced = getattr(body, "announced", ())
    expected = Expected.of_request(req, announced)
    if expected.algorithm and not expected.value and not announced and not _computes(ctx):
        raise _no_value()
    if body.length is None:
        raise MissingContentLength
    if body.length > MAX_PUT:
        raise EntityTooLarge(ProposedSize=str(body.length), MaxSizeAllowed=str(MAX_PUT))
    if inline and body.length <= INLINE:
        data = await body.read(INLINE)
        _trailer(body, expected)
        return await _whole(ctx, data, expected, inline, algorithm)
    return await _streamed(ctx, body, expected, algorithm)


def _computes(ctx: Context) -> bool:
    """Returns whether Fogbank computes a missing checksum itself.

    It does for calls of other services: these have no SDK that would compute it.
    """
    return not ctx.user_agent


def _no_value() -> InvalidRequest:
    return InvalidRequest(
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were "
        "found."
    )


def _trailer(body: Any, expected: Expected) -> None:
    """Takes the checksum from the trailer, which follows the body."""
    if expected.algorithm and not expected.value:
        value = getattr(body, "trailers", {}).get(f"x-amz-checksum-{expected.algorithm.lower()}", "")
        if value:
            check_form(expected.algorithm, value)
            expected.value = value


def at_hand(ctx: Context, data: bytes, expected: Expected) -> Content:
    """Checks a small body that has arrived whole. Raises BadDigest, InvalidRequest."""
    digest = md5(data, usedforsecurity=False).digest()
    checksums: dict[str, str] = {}
    if expected.algorithm:
        if not expected.value and not _computes(ctx):
            raise _no_value()
        checksums[expected.algorithm] = of(expected.algorithm, data)
    expected.check(digest, checksums)
    return Content(len(data), digest, checksums, data=data)


async def _whole(ctx: Context, data: bytes, expected: Expected, inline: bool, algorithm: str) -> Content:
    digest = md5(data, usedforsecurity=False).digest()
    checksums: dict[str, str] = {}
    chosen = expected.algorithm or algorithm
    if chosen:
        slow = len(data) > _THREAD
        checksums[chosen] = await in_thread(ctx, of, chosen, data) if slow else of(chosen, data)
    expected.check(digest, checksums)
    if inline and len(data) <= INLINE:
        return Content(len(data), digest, checksums, data=data)
    return Content(len(data), digest, checksums, blob=await ctx.blobs.put(data))


async def _streamed(ctx: Context, body: Any, expected: Expected, algorithm: str) -> Content:
    chosen = expected.algorithm or algorithm
    running = Digest(chosen) if chosen else None
    writer = await ctx.blobs.create()
    async with writer:
        size = 0
        async for chunk in body:
            size += len(chunk)
            if running is not None:
                if len(chunk) > _THREAD:
                    await in_thread(ctx, running.update, chunk)
                else:
                    running.update(chunk)
            await writer.write(chunk)
        if size != body.length:
            raise IncompleteBody(NumberBytesExpected=str(body.length), NumberBytesProvided=str(size))
        blob = await writer.commit()
    checksums = {chosen: running.value()} if running is not None else {}
    try:
        _trailer(body, expected)
        expected.check(bytes.fromhex(blob.md5), checksums)
    except BaseException:
        await ctx.blobs.discard(blob)
        raise
    return Content(size, bytes.fromhex(blob.md5), checksums, blob=blob)


async def copied(ctx: Context, source: AsyncIterator[bytes], algorithm: str, *, keep: bool = True) -> Content:
    """Digests a stream of bytes, and with `keep` also writes them to a new blob.

    Copies that share the source's blob need no new one.
    """
    running = Digest(algorithm) if algorithm else None
    size = 0
    writer = await ctx.blobs.create()
    async with writer:
        async for chunk in source:
            size += len(chunk)
            if running is not None:
                await in_thread(ctx, running.update, chunk)
            if keep:
                await writer.write(chunk)
        blob = await writer.commit() if keep else None
    checksums = {algorithm: running.value()} if running is not None else {}
    return Content(size, bytes.fromhex(blob.md5) if blob is not None else b"", checksums, blob=blob)


async def drop(ctx: Context, content: Content) -> None:
    """Discards a received body after its operation failed."""
    if content.blob is not None:
        await ctx.blobs.discard(content.blob)
