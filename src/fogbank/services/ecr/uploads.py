"""Uploads of layers in parts, for the API's UploadLayerPart and the registry's PATCH and PUT.

Each part is written to a blob while it arrives, and published with the upload's new state: what was acknowledged
survives a crash. A layer that arrived in one part needs no copy. Others are put together, and hashed, at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction
from fogbank.store.blobs import Blob

from . import layers
from .errors import EmptyUpload, InvalidLayer, LimitExceeded, RepositoryNotFound, UploadNotFound
from .records import REPOSITORIES, UPLOADS, Part, Repository, Upload

# bytes, of private and public repositories
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
# https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html
MAX_LAYER, MAX_PUBLIC_LAYER = 52_000 << 20, 10_000 << 20


class OutOfOrder(Exception):
    """A part does not begin where the upload ends. `size` says where that is."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def begin(tx: Transaction, ctx: Context, repository: Repository) -> Upload:
    account, region, id = repository.account, repository.region, repository.id
    upload = Upload(account=account, region=region, repository=id, id=ctx.ids.uuid(), started=ctx.now())
    tx.put(UPLOADS, upload)
    tidy_later(tx, ctx, repository)
    return upload


def tidy_later(tx: Transaction, ctx: Context, repository: Repository) -> None:
    """Remove after a day what no image names by then."""
    # a job for each day in which something was uploaded: it comes a day after the last instant of that day
    place = {"account": repository.account, "region": repository.region, "repository": repository.id}
    day = int(ctx.now() // layers.UNUSED)
    delay = (day + 2) * layers.UNUSED - ctx.now()
    ctx.later(tx, "ecr.tidy", place, delay=delay, name=f"{repository.id}/{day}")


def find(tx: Reader, repository: Repository, id: str) -> Upload:
    upload = tx.get(UPLOADS, (*repository.place, id))
    if upload is None:
        raise UploadNotFound(
            f"Upload with id '{id}' could not be found for repository with name '{repository.name}' in the registry "
            f"with id '{repository.account}'"
        )
    return upload


async def receive(ctx: Context, body: AsyncIterator[bytes], limit: int = MAX_LAYER) -> Blob:
    """Write bytes to a blob while they arrive. Raises LimitExceeded."""
    size = 0
    async with await ctx.blobs.create(use_sha256=True) as writer:
        async for chunk in body:
            size += len(chunk)
            if size > limit:
                raise LimitExceeded("The maximum layer size has been exceeded")
            await writer.write(chunk)
        return await writer.commit()


@contextlib.asynccontextmanager
async def kept(ctx: Context, blob: Blob) -> AsyncIterator[None]:
    """Discard a blob if the block fails, which should publish it.

    If the client goes, the block is cancelled, but its transaction may still commit in a thread. Then the file stays:
    if nothing refers to it, the next start removes it.
    """
    try:
        yield
    except asyncio.CancelledError:
        raise
    except BaseException:
        await ctx.blobs.discard(blob)
        raise


async def append(ctx: Context, repository: Repository, id: str, start: int | None, body: AsyncIterator[bytes]) -> int:
    """Add a part to an upload, and return its new size. `start` is where the part begins, if its sender says so.

    Raises UploadNotFound, OutOfOrder and LimitExceeded.
    """

    def check(tx: Reader) -> Upload:
        upload = find(tx, repository, id)
        if start is not None and start != upload.size:
            raise OutOfOrder(upload.size)
        return upload

    before = (await ctx.fetch(check)).size
    blob = await receive(ctx, body, (MAX_LAYER if repository.region else MAX_PUBLIC_LAYER) - before)

    def keep(tx: Transaction) -> int:
        upload = check(tx)
        if upload.size != before:
            raise OutOfOrder(upload.size)  # another part came first
        if blob.size:
            ctx.blobs.publish(tx, blob, layers.OWNER)
            upload.parts = [*upload.parts, Part(blob=blob.id, size=blob.size, digest=blob.sha256)]
            tx.put(UPLOADS, upload)
        return upload.size

    async with kept(ctx, blob):
        size = await ctx.transact(keep)
    if not blob.size:
        await ctx.blobs.discard(blob)
    return size


async def complete(ctx: Context, repository: Repository, id: str, digest: str) -> tuple[str, int]:
    """Make a layer of an upload. Returns its digest and size. Raises InvalidLayer if the digest is another one."""
    upload = await ctx.fetch(find, repository, id)
    if not upload.parts and digest != _EMPTY:
        raise EmptyUpload(
            f"Upload with id '{id}' for repository with name '{repository.name}' does not contain any layer parts"
        )
    if len(upload.parts) == 1:
        part = upload.parts[0]
        _compare(digest, part.digest)
        await ctx.transact(_keep_part, ctx, repository, upload, digest)
        return digest, part.size
    blob = await receive(ctx, _pieces(ctx, upload))
    async with kept(ctx, blob):
        _compare(digest, blob.sha256)
        used = await ctx.transact(_keep_whole, ctx, repository, upload, digest, blob)
    if not used:
        await ctx.blobs.discard(blob)
    return digest, blob.size


_EMPTY = "sha256:" + hashlib.sha256().hexdigest()


def _compare(digest: str, found: str) -> None:
    if digest != f"sha256:{found}":
        raise InvalidLayer(f"Layer digest '{digest}' does not match the digest of the uploaded layer, 'sha256:{found}'")


async def _pieces(ctx: Context, upload: Upload) -> AsyncIterator[bytes]:
    for part in upload.parts:
        async for chunk in ctx.blobs.read(part.blob):
            yield chunk


def _still(tx: Transaction, repository: Repository) -> None:
    """Raise RepositoryNotFound if the repository was deleted meanwhile."""
    kept = tx.get(REPOSITORIES, REPOSITORIES.key(repository))
    if kept is None or kept.id != repository.id:
        raise RepositoryNotFound.of(repository.account, repository.name)


def _keep_whole(tx: Transaction, ctx: Context, repository: Repository, upload: Upload, digest: str, blob: Blob) -> bool:
    _still(tx, repository)
    used = layers.add(tx, ctx, repository, digest, blob)
    layers.drop_upload(tx, ctx, find(tx, repository, upload.id))
    return used


def _keep_part(tx: Transaction, ctx: Context, repository: Repository, upload: Upload, digest: str) -> None:
    """The upload's only part becomes the layer: the layer takes its blob over, with the reference that it holds."""
    _still(tx, repository)
    upload = find(tx, repository, upload.id)
    layers.take(tx, ctx, repository, digest, upload.parts[0])
    upload.parts = []
    layers.drop_upload(tx, ctx, upload)
