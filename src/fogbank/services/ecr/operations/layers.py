"""The operations on layers, which the registry's protocol has in its own form: `door_blobs.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import find, layers, links, names, uploads
from ..declaration import both
from ..errors import (
    InvalidLayerPart,
    InvalidParameter,
    LayerAlreadyExists,
    LayerPartTooSmall,
    LayersNotFound,
    LimitExceeded,
)
from ..records import Repository

Req = dict[str, Any]
LEAST, MOST = 5 << 20, 10 << 20  # bytes of a part; the last one may be smaller
PARTS, PUBLIC_PARTS = 4200, 1000
_SLICE = 256 << 10


def _check(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html"""
    found, failures = [], []
    with ctx.read() as tx:
        repository = find.require(tx, ctx, req)
        for digest in req["layerDigests"]:
            if not names.DIGEST.fullmatch(digest):
                reason = "Invalid request parameters: layer digest should satisfy the regex 'sha256:[0-9a-f]{64}'"
                code = "InvalidLayerDigest" if digest else "MissingLayerDigest"
                failures.append({"layerDigest": digest, "failureCode": code, "failureReason": reason})
                continue
            layer = layers.find(tx, repository, digest)
            if layer is None:
                found.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
            else:
                found.append({"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": layer.size,
                              "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"})  # fmt: skip
    return {"layers": found, "failures": failures}


def _initiate(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html"""
    with ctx.write() as tx:
        upload = uploads.begin(tx, ctx, find.require(tx, ctx, req))
    return {"uploadId": upload.id, "partSize": MOST}


async def _upload(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UploadLayerPart.html"""
    repository = await ctx.fetch(find.require, ctx, req)
    content, first, last = req["layerPartBlob"], req["partFirstByte"], req["partLastByte"]
    upload = await ctx.fetch(uploads.find, repository, req["uploadId"])
    most = PARTS if repository.region else PUBLIC_PARTS
    if len(upload.parts) >= most:
        raise LimitExceeded(f"The limit of {most} layer parts has been exceeded")
    if len(content) > MOST or last - first + 1 != len(content):
        raise _invalid(repository, req, upload.size)
    try:
        size = await uploads.append(ctx, repository, upload.id, first, _sliced(content))
    except uploads.OutOfOrder as error:
        raise _invalid(repository, req, error.size) from None
    return {**_where(repository), "uploadId": upload.id, "lastByteReceived": size - 1}


def _invalid(repository: Repository, req: Req, size: int) -> InvalidLayerPart:
    text = f"Layer part of upload '{req['uploadId']}' must begin at byte {size} and have at most {MOST} bytes"
    members = {**_where(repository), "uploadId": req["uploadId"], "lastValidByteReceived": max(size - 1, 0)}
    return InvalidLayerPart(text, **members)


async def _sliced(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), _SLICE):
        yield content[at : at + _SLICE]


async def _complete(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html"""
    repository = await ctx.fetch(find.require, ctx, req)
    digest = req["layerDigests"][0]
    if not names.DIGEST.fullmatch(digest):
        raise InvalidParameter.at("layerDigests", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'")

    def check(tx: Reader) -> None:
        upload = uploads.find(tx, repository, req["uploadId"])
        if any(part.size < LEAST for part in upload.parts[:-1]):
            raise LayerPartTooSmall("Layer parts must be at least 5 MiB in size")
        if layers.find(tx, repository, digest) is not None:
            raise LayerAlreadyExists(
                f"Layer with digest '{digest}' already exists in the repository with name '{repository.name}' in the "
                f"registry with id '{repository.account}'"
            )

    await ctx.fetch(check)
    await uploads.complete(ctx, repository, req["uploadId"], digest)
    return {**_where(repository), "uploadId": req["uploadId"], "layerDigest": digest}


def _where(repository: Repository) -> dict[str, str]:
    return {"registryId": repository.account, "repositoryName": repository.name}


check_layers, check_public_layers = both("BatchCheckLayerAvailability", __name__, _check)
initiate_upload, initiate_public_upload = both("InitiateLayerUpload", __name__, _initiate)
upload_part, upload_public_part = both("UploadLayerPart", __name__, _upload)
complete_upload, complete_public_upload = both("CompleteLayerUpload", __name__, _complete)


@operation("ecr", "GetDownloadUrlForLayer", resource=find.repository)
def get_download_url_for_layer(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html"""
    digest = req["layerDigest"]
    with ctx.read() as tx:
        repository = find.require(tx, ctx, req)
        layer = layers.find(tx, repository, digest)
    if layer is None:
        raise LayersNotFound(
            f"Layers with digests '[{digest}]' do not exist in the repository with name '{repository.name}' in the "
            f"registry with id '{repository.account}'"
        )
    return {"downloadUrl": links.make(ctx, layer), "layerDigest": digest}
