"""Manifests of the registry's protocol.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.core.http import BodyTooLarge, Response
from fogbank.store.api import Transaction

from . import images, names, pulls, pushes, upstream
from .caller import Caller
from .door_errors import DigestInvalid, ManifestInvalid, ManifestUnknown, NameInvalid, Unsupported
from .door_routes import Route
from .manifests import LIMIT, BadManifest, Manifest, parse
from .records import Image, Repository


async def get(caller: Caller, found: Route) -> Response:
    """Pull a manifest by tag or digest; from the upstream registry, where a pull through cache rule says so."""
    _check(found.reference)
    ctx = await caller.visit.app.run(lambda: caller.enter("BatchGetImage"))
    image = await upstream.image(ctx, caller.place, found.reference)
    if image is None:
        repository = await ctx.fetch(caller.repository)
        image = await ctx.fetch(images.by_reference, repository, found.reference)
    if image is None or image.is_archived:
        raise ManifestUnknown
    if caller.visit.request.method == "GET" and not caller.is_public:
        await ctx.transact(pulls.record, ctx, image)
    headers = [("Content-Type", image.media_type), ("Docker-Content-Digest", image.digest)]
    return Response(200, headers, image.manifest)


async def put(caller: Caller, found: Route) -> Response:
    _check(found.reference)
    ctx, repository = await caller.to_push("PutImage")
    try:
        content = await caller.visit.request.read(LIMIT)
    except BodyTooLarge:
        raise ManifestInvalid(f"a manifest has at most {LIMIT} bytes") from None
    manifest = _parsed(content, caller.visit.request.header("content-type"))
    by_digest = ":" in found.reference
    if by_digest and manifest.digest != found.reference:
        raise DigestInvalid
    await ctx.transact(_push, ctx, repository, manifest, content, None if by_digest else found.reference)
    headers = [
        ("Location", f"/v2/{found.name}/manifests/{manifest.digest}"),
        ("Docker-Content-Digest", manifest.digest),
    ]
    if manifest.subject:
        headers.append(("OCI-Subject", manifest.subject))
    return Response(201, headers)


def _push(
    tx: Transaction, ctx: Context, repository: Repository, manifest: Manifest, content: bytes, tag: str | None
) -> Image:
    image, changed = images.push(tx, ctx, repository, manifest, content, tag)
    if changed:
        pushes.follow(tx, ctx, repository, image)
    return image


def _parsed(content: bytes, media_type: str) -> Manifest:
    try:
        return parse(content, media_type)
    except BadManifest as error:
        raise ManifestInvalid(str(error)) from None


def _check(reference: str) -> None:
    if not (names.DIGEST if ":" in reference else names.TAG).fullmatch(reference):
        raise NameInvalid(f"invalid reference: {reference[:300]}")


async def delete(caller: Caller, found: Route) -> Response:
    """Delete an image by its digest, or take a tag away."""
    _check(found.reference)
    ctx, repository = await caller.allowed("BatchDeleteImage")
    await ctx.transact(_delete, ctx, repository, found.reference)
    return Response(202)


def _delete(tx: Transaction, ctx: Context, repository: Repository, reference: str) -> None:
    image = images.by_reference(tx, repository, reference)
    if image is None:
        raise ManifestUnknown
    try:
        gone = images.take_away(tx, ctx, image, None if ":" in reference else reference)
    except images.InUse:
        raise Unsupported("The image is referenced by a manifest list.") from None
    pushes.forget(tx, ctx, repository, gone)
