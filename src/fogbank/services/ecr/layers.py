"""The layers of repositories, and the bytes that they share: stored once for each digest, as blobs of the store.

A layer goes when no manifest of its repository names it any more: with the last such image, or, if no image ever did, a
day after its upload. The bytes go with the last layer of any repository that has them.
"""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.store.api import Key, Reader, Transaction
from fogbank.store.blobs import Blob

from .records import CONTENTS, IMAGES, LAYERS, UPLOADS, Content, Layer, Part, Repository, Upload

OWNER = "ecr"  # of the blobs
UNUSED = 86_400.0  # seconds that a layer without an image and an unfinished upload are kept
SLICE = 200  # records that one transaction looks at or deletes


def find(tx: Reader, repository: Repository, digest: str) -> Layer | None:
    return tx.get(LAYERS, (*repository.place, digest))


def add(tx: Transaction, ctx: Context, repository: Repository, digest: str, blob: Blob) -> bool:
    """Store an uploaded layer. False if its bytes were there already, so that the blob is not needed."""
    content = tx.get(CONTENTS, (digest,))
    fresh = content is None
    if content is None:
        content = Content(digest=digest, blob=blob.id, size=blob.size, layers=0)
    if find(tx, repository, digest) is None:
        if fresh:
            ctx.blobs.publish(tx, blob, OWNER)
        _refer(tx, ctx, repository, content, share=not fresh)
        return fresh
    return False


def take(tx: Transaction, ctx: Context, repository: Repository, digest: str, part: Part) -> None:
    """Make a layer of the only part of an upload, and of the reference to its blob."""
    content = tx.get(CONTENTS, (digest,))
    if content is not None or find(tx, repository, digest) is not None:
        mount(tx, ctx, repository, digest)
        ctx.blobs.release(tx, part.blob, OWNER)
        return
    content = Content(digest=digest, blob=part.blob, size=part.size, layers=0)
    _refer(tx, ctx, repository, content, share=False)


def mount(tx: Transaction, ctx: Context, repository: Repository, digest: str) -> None:
    """Give a repository a layer whose bytes are there. The caller must have been allowed to read it elsewhere."""
    content = tx.get(CONTENTS, (digest,))
    if content is not None and find(tx, repository, digest) is None:
        _refer(tx, ctx, repository, content, share=True)


def _refer(tx: Transaction, ctx: Context, repository: Repository, content: Content, *, share: bool) -> None:
    if share:
        ctx.blobs.share(tx, content.blob, OWNER)
    content.layers += 1
    tx.put(CONTENTS, content)
    account, region, id = repository.account, repository.region, repository.id
    layer = Layer(account=account, region=region, repository=id, digest=content.digest, blob=content.blob,
                  size=content.size, created=ctx.now())  # fmt: skip
    tx.put(LAYERS, layer)


def remove(tx: Transaction, ctx: Context, layer: Layer) -> None:
    tx.delete(LAYERS, LAYERS.key(layer))
    content = tx.get(CONTENTS, (layer.digest,))
    if content is not None:
        content.layers -= 1
        if content.layers > 0:
            tx.put(CONTENTS, content)
        else:
            tx.delete(CONTENTS, (layer.digest,))
    ctx.blobs.release(tx, layer.blob, OWNER)


def remove_unused(tx: Transaction, ctx: Context, place: Key, digests: list[str]) -> None:
    """Remove those of a repository's layers that no image of it names."""
    for digest in digests:
        layer = tx.get(LAYERS, (*place, digest))
        if layer is not None and tx.first(IMAGES, "layer", (*place, digest)) is None:
            remove(tx, ctx, layer)


def drop_upload(tx: Transaction, ctx: Context, upload: Upload) -> None:
    tx.delete(UPLOADS, UPLOADS.key(upload))
    for part in upload.parts:
        ctx.blobs.release(tx, part.blob, OWNER)


def sweep(tx: Transaction, ctx: Context, place: Key, before: float, after: Key | None) -> Key | None:
    """Remove what was uploaded before an instant and is in no image, of some layers. Returns where to go on."""
    if after is None:
        for upload in list(tx.scan(UPLOADS, place)):
            if upload.started <= before:
                drop_upload(tx, ctx, upload)
    some = tx.page(LAYERS, place, after=after, limit=SLICE)
    for layer in some:
        if layer.created <= before and tx.first(IMAGES, "layer", (*place, layer.digest)) is None:
            remove(tx, ctx, layer)
    return LAYERS.key(some[-1]) if len(some) == SLICE else None
