"""Blobs of the registry's protocol: pulls with ranges, uploads in one piece or in parts, and mounts.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-blobs
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from fogbank.auth.signatures.claims import parameters
from fogbank.core.context import Context
from fogbank.core.http import Request, Response
from fogbank.store.api import Reader, Transaction

from . import layers, names, uploads
from .caller import Caller
from .door_errors import BlobUnknown, DigestInvalid, RangeInvalid, RangeNotSatisfiable
from .door_routes import Route
from .records import REPOSITORIES, Layer, Repository
from .settings import registry_of, setting

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)
_CONTENT_RANGE = re.compile(r"(?:bytes )?(\d{1,19})-(\d{1,19})(?:/.*)?", re.ASCII)


# -- pulls -------------------------------------------------------------------------------------------------------------


async def get(caller: Caller, found: Route) -> Response:
    ctx, repository = await caller.allowed("GetDownloadUrlForLayer")
    layer = await ctx.fetch(_layer, repository, found.reference)
    headers = _headers(layer)
    first, last = _range(caller.visit.request.header("range"), layer.size)
    if last - first + 1 == layer.size:
        return Response(200, headers, ctx.blobs.slice(layer.blob))
    headers.append(("Content-Range", f"bytes {first}-{last}/{layer.size}"))
    return Response(206, headers, ctx.blobs.slice(layer.blob, first, last - first + 1))


async def head(caller: Caller, found: Route) -> Response:
    ctx, repository = await caller.allowed("BatchCheckLayerAvailability")
    layer = await ctx.fetch(_layer, repository, found.reference)
    return Response(200, _headers(layer), ctx.blobs.slice(layer.blob))


def _layer(tx: Reader, repository: Repository, digest: str) -> Layer:
    layer = layers.find(tx, repository, _digest(digest))
    if layer is None:
        raise BlobUnknown
    return layer


def _headers(layer: Layer) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/octet-stream"),
        ("Docker-Content-Digest", layer.digest),
        ("Etag", f'"{layer.digest}"'),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "max-age=31536000"),
    ]


def _digest(text: str) -> str:
    if not names.DIGEST.fullmatch(text):
        raise DigestInvalid(f"invalid digest: {text[:200]}")
    return text


def _range(text: str, size: int) -> tuple[int, int]:
    """The first and last byte that a Range header asks for. One that is no single range is ignored."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        return 0, size - 1
    first = int(match[1]) if match[1] else max(size - int(match[2]), 0)
    last = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
    if first >= size or last < first:
        raise RangeNotSatisfiable(headers=(("Content-Range", f"bytes */{size}"),))
    return first, last


# -- pushes ------------------------------------------------------------------------------------------------------------


async def begin(caller: Caller, found: Route) -> Response:
    """Begin an upload, mount a blob, or take a whole blob with `digest`."""
    query = parameters(caller.visit.request.query)
    ctx, repository = await caller.to_push()
    if query.get("mount") and query.get("from"):
        mounted = await _mount(caller, repository, _digest(query["mount"]), query["from"])
        if mounted:
            return _created(found, query["mount"])
        ctx, repository = await caller.allowed("InitiateLayerUpload")
    upload = await ctx.transact(uploads.begin, ctx, repository)
    if query.get("digest"):
        return await _finish(caller, found, upload.id, query["digest"])
    return _accepted(found, upload.id, 0)


async def _mount(caller: Caller, repository: Repository, digest: str, source: str) -> bool:
    """Take a layer over from another repository. False where that is not done, so that the client uploads it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
    """
    place = names.hosted(source)
    name = place.name if place is not None else source.partition("/")[2] if caller.is_public else source
    if caller.is_public or not names.is_repository(name) or (place is not None and place[:2] != caller.place[:2]):
        return False

    def look(tx: Reader) -> Layer | None:
        if setting(registry_of(tx, *caller.place[:2]), "BLOB_MOUNTING") != "ENABLED":
            return None
        kept = tx.get(REPOSITORIES, (*caller.place[:2], name))
        return layers.find(tx, kept, digest) if kept is not None else None

    ctx = await caller.visit.app.run(lambda: caller.enter("GetDownloadUrlForLayer", name))
    if await ctx.fetch(look) is None:
        return False
    await ctx.transact(layers.mount, ctx, repository, digest)
    await ctx.transact(uploads.tidy_later, ctx, repository)
    return True


async def status(caller: Caller, found: Route) -> Response:
    ctx, repository = await caller.allowed("UploadLayerPart")
    upload = await ctx.fetch(uploads.find, repository, found.reference)
    return Response(204, _progress(found, upload.id, upload.size))


async def append(caller: Caller, found: Route) -> Response:
    ctx, repository = await caller.allowed("UploadLayerPart")
    size = await _append(ctx, caller.visit.request, repository, found)
    return _accepted(found, found.reference, size)


async def _append(ctx: Context, request: Request, repository: Repository, found: Route) -> int:
    start = None
    if said := request.header("content-range"):
        match = _CONTENT_RANGE.fullmatch(said)
        if match is None:
            raise RangeInvalid(f"invalid Content-Range: {said[:100]}")
        start = int(match[1])
    try:
        return await uploads.append(ctx, repository, found.reference, start, _body(request))
    except uploads.OutOfOrder as error:
        raise RangeInvalid(headers=tuple(_progress(found, found.reference, error.size))) from None


async def _body(request: Request) -> AsyncIterator[bytes]:
    if request.stream is None:
        yield request.content or b""
        return
    async for chunk in request.stream:
        yield chunk


async def complete(caller: Caller, found: Route) -> Response:
    """Finish an upload, perhaps with its last part."""
    return await _finish(caller, found, found.reference, parameters(caller.visit.request.query).get("digest", ""))


async def _finish(caller: Caller, found: Route, upload: str, digest: str) -> Response:
    digest = _digest(digest)
    request = caller.visit.request
    if request.stream is not None or request.content:
        ctx, repository = await caller.allowed("UploadLayerPart")
        await _append(ctx, request, repository, found._replace(reference=upload))
    ctx, repository = await caller.allowed("CompleteLayerUpload")
    await uploads.complete(ctx, repository, upload, digest)
    return _created(found, digest)


async def cancel(caller: Caller, found: Route) -> Response:
    ctx, repository = await caller.allowed("UploadLayerPart")

    def drop(tx: Transaction) -> None:
        layers.drop_upload(tx, ctx, uploads.find(tx, repository, found.reference))

    await ctx.transact(drop)
    return Response(204)


def _accepted(found: Route, upload: str, size: int) -> Response:
    return Response(202, _progress(found, upload, size))


def _progress(found: Route, upload: str, size: int) -> list[tuple[str, str]]:
    return [
        ("Location", f"/v2/{found.name}/blobs/uploads/{upload}"),
        ("Range", f"0-{max(size - 1, 0)}"),
        ("Docker-Upload-UUID", upload),
    ]


def _created(found: Route, digest: str) -> Response:
    return Response(201, [("Location", f"/v2/{found.name}/blobs/{digest}"), ("Docker-Content-Digest", digest)])
