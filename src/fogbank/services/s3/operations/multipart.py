"""Multipart uploads: each part is a blob; completing an upload stores the list of blobs and copies no bytes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

from hashlib import md5
from itertools import pairwise
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Reader, Transaction

from .. import arns, events, shapes
from ..checksums import COMPOSITE, FULL_OBJECT, SIZES, check_type, composite, default_type, full_object, unsupported
from ..content import Content, copied, drop, receive
from ..errors import (
    EntityTooSmall,
    InvalidArgument,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXML,
    NoSuchUpload,
)
from ..lookups import require_bucket
from ..object_records import object_of
from ..ranges import parse_copy_range
from ..records import UPLOADED, UPLOADS, Bucket, Object, Part, Upload, UploadedPart
from ..storage import MANY, OWNER, body, current, fill_parts, put, release_blobs, stream
from .writes import check_precondition, fetch_source

MIN_PART = 5 << 20
MAX_PARTS = 10_000
MAX_OBJECT = 50 << 40  # 50 TB since December 2025


def require_upload(tx: Reader, req: dict[str, Any]) -> Upload:
    """Returns the upload that a request names. Raises NoSuchUpload."""
    found = tx.get(UPLOADS, (req["Bucket"], req["Key"], req.get("UploadId") or ""))
    if found is None:
        raise NoSuchUpload(UploadId=req.get("UploadId"))
    return found


@operation("s3", "CreateMultipartUpload", action="s3:PutObject", resource=arns.put_object, data_event=True)
def create_multipart_upload(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Begins an upload. The request carries the headers of the future object."""
    algorithm, kind = req.get("ChecksumAlgorithm") or "", req.get("ChecksumType") or ""
    if algorithm and algorithm not in SIZES:
        raise unsupported()
    if kind and not algorithm:
        raise InvalidRequest(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )
    if algorithm:
        kind = kind or default_type(algorithm)
        check_type(algorithm, kind)
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        made = object_of(ctx, req, bucket)
        upload = Upload(
            bucket=bucket.name,
            key=made.key,
            id=ctx.ids.alnum(128),
            initiated=ctx.now(),
            initiator=ctx.principal.arn,
            account=ctx.account,
            template=made,
            algorithm=algorithm,
            checksum_type=kind,
        )
        tx.put(UPLOADS, upload)
    answer = {"Bucket": bucket.name, "Key": made.key, "UploadId": upload.id, **shapes.encryption(made)}
    if algorithm:
        answer |= {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
    return answer


# -- parts -------------------------------------------------------------------------------------------------------------


@operation("s3", "UploadPart", action="s3:PutObject", resource=arns.write_part, data_event=True)
async def upload_part(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stores one part, 5 MB to 5 GB; only the last may be smaller. Replaces an earlier part with the same number."""
    number = _number(req)
    await ctx.fetch(require_bucket, ctx, req)
    upload = await ctx.fetch(require_upload, req)
    content = await receive(ctx, req, inline=False, algorithm=upload.algorithm)
    _check_algorithm(upload, content)
    try:
        await ctx.transact(_keep_part, ctx, req, number, content)
    except BaseException:
        await drop(ctx, content)
        raise
    answer: dict[str, Any] = {"ETag": f'"{content.md5.hex()}"', **shapes.encryption(upload.template)}
    return answer | {f"Checksum{name}": value for name, value in content.checksums.items()}


def _check_algorithm(upload: Upload, content: Content) -> None:
    """Raises InvalidRequest unless the part has a checksum in the algorithm of its upload."""
    found = next(iter(content.checksums), "")
    if upload.algorithm and found != upload.algorithm:
        raise InvalidRequest(
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, actual checksum "
            f"Type: {found.lower() or 'null'}"
        )


def _number(req: dict[str, Any]) -> int:
    number = req.get("PartNumber")
    if number is None or not 1 <= number <= MAX_PARTS:
        raise InvalidArgument(
            "Part number must be an integer between 1 and 10000, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )
    return int(number)


def _keep_part(tx: Transaction, ctx: Context, req: dict[str, Any], number: int, content: Content) -> UploadedPart:
    upload = require_upload(tx, req)
    old = tx.get(UPLOADED, (upload.bucket, upload.id, number))
    if old is not None:
        ctx.blobs.release(tx, old.blob, OWNER)
    assert content.blob is not None
    ctx.blobs.publish(tx, content.blob, OWNER)
    made = UploadedPart(
        bucket=upload.bucket,
        upload=upload.id,
        number=number,
        blob=content.blob.id,
        size=content.size,
        etag=content.md5.hex(),
        modified=int(ctx.now()),
        checksums=content.checksums,
    )
    tx.put(UPLOADED, made)
    return made


@operation("s3", "UploadPartCopy", action="s3:PutObject", resource=arns.copy_part, data_event=True)
async def upload_part_copy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Makes a part from an object or a range of it."""
    number = _number(req)
    await ctx.fetch(require_bucket, ctx, req)
    upload = await ctx.fetch(require_upload, req)
    source = await fetch_source(ctx, arns.source_of(ctx, req), req)
    first, last = 0, source.size - 1
    if req.get("CopySourceRange"):
        first, last = parse_copy_range(req["CopySourceRange"], source.size)
    chunks = stream(ctx, await ctx.fetch(body, ctx, source, first, last - first + 1))
    content = await copied(ctx, chunks, upload.algorithm)
    try:
        made = await ctx.transact(_keep_part, ctx, req, number, content)
    except BaseException:
        await drop(ctx, content)
        raise
    result: dict[str, Any] = {"ETag": f'"{made.etag}"', "LastModified": made.modified}
    result |= {f"Checksum{name}": value for name, value in made.checksums.items()}
    answer: dict[str, Any] = {"CopyPartResult": result, **shapes.encryption(upload.template)}
    return answer | ({"CopySourceVersionId": source.version_id} if source.version_id != "null" else {})


# -- the end -----------------------------------------------------------------------------------------------------------


@operation("s3", "CompleteMultipartUpload", action="s3:PutObject", resource=arns.write_part, data_event=True)
def complete_multipart_upload(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Makes the object from the listed parts, and releases the parts that are not listed."""
    listed = (req.get("MultipartUpload") or {}).get("Parts") or []
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        upload = require_upload(tx, req)
        if not listed:
            raise MalformedXML
        uploaded = {part.number: part for part in tx.scan(UPLOADED, (bucket.name, upload.id))}
        chosen = _chosen(listed, uploaded, upload)
        old = current(tx, bucket.name, upload.key)
        check_precondition(req, old)
        made = _whole(ctx, req, upload, chosen)
        put(tx, ctx, bucket, made, old)
        fill_parts(tx, made, [_part(part, upload.algorithm) for part in chosen])
        kept = {part.number for part in chosen}
        release_blobs(tx, ctx, [part.blob for part in uploaded.values() if part.number not in kept])
        _forget(tx, ctx, upload, list(uploaded))
        if bucket.has_notifications:
            events.enqueue(tx, ctx, bucket, made, "ObjectCreated:CompleteMultipartUpload")
    answer: dict[str, Any] = {
        "Location": shapes.location(ctx, bucket.name, made.key),
        "Bucket": bucket.name,
        "Key": made.key,
        "ETag": f'"{made.etag}"',
        **shapes.encryption(made),
    }
    answer.update(shapes.checksum_members(made))
    answer.update(shapes.version_member(bucket, made))
    return answer


def _part(part: UploadedPart, algorithm: str) -> Part:
    return Part(part.number, part.blob, part.size, part.checksums.get(algorithm, ""))


def _chosen(listed: list[dict[str, Any]], uploaded: dict[int, UploadedPart], upload: Upload) -> list[UploadedPart]:
    """Checks the list of parts in a completion and returns the uploaded parts.

    Raises InvalidPartOrder, InvalidPart, EntityTooSmall, InvalidRequest.
    """
    if any(each.get("PartNumber") is None for each in listed):
        raise MalformedXML
    if any(a["PartNumber"] >= b["PartNumber"] for a, b in pairwise(listed)):
        raise InvalidPartOrder(UploadId=upload.id)
    chosen: list[UploadedPart] = []
    for each in listed:
        part = uploaded.get(each["PartNumber"])
        etag = (each.get("ETag") or "").strip().strip('"')
        if part is None or etag != part.etag:
            raise InvalidPart(UploadId=upload.id, PartNumber=str(each["PartNumber"]), ETag=etag)
        _check_part_checksum(each, part, upload)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < MIN_PART:
            raise EntityTooSmall(
                ProposedSize=str(part.size), MinSizeAllowed=str(MIN_PART), PartNumber=str(part.number), ETag=part.etag
            )
    return chosen


def _check_part_checksum(each: dict[str, Any], part: UploadedPart, upload: Upload) -> None:
    for name in SIZES:
        given = each.get(f"Checksum{name}")
        if given is not None and part.checksums.get(name, given) != given:
            raise InvalidPart(UploadId=upload.id, PartNumber=str(part.number), ETag=part.etag)
    if upload.algorithm and upload.checksum_type == COMPOSITE and each.get(f"Checksum{upload.algorithm}") is None:
        raise InvalidRequest(
            f"The upload was created using a {upload.algorithm.lower()} checksum. The complete request must include "
            f"the checksum for each part. It was missing for part {part.number} in the request."
        )


def _whole(ctx: Context, req: dict[str, Any], upload: Upload, chosen: list[UploadedPart]) -> Object:
    """Makes the record of the object that the parts form."""
    made = upload.template
    made.size = sum(part.size for part in chosen)
    if req.get("MpuObjectSize") is not None and req["MpuObjectSize"] != made.size:
        raise InvalidRequest(
            f"The provided 'x-amz-mp-object-size' header value {req['MpuObjectSize']} does not match what was "
            f"computed: {made.size}"
        )
    made.modified = int(ctx.now())
    made.parts = len(chosen)
    digests = b"".join(bytes.fromhex(part.etag) for part in chosen)
    made.etag = f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(chosen)}"
    algorithm = upload.algorithm
    if not algorithm:
        return made
    values = [(part.checksums[algorithm], part.size) for part in chosen]
    if upload.checksum_type == FULL_OBJECT:
        value = full_object(algorithm, values)
    else:
        value = composite(algorithm, (each for each, _ in values))
    given = req.get(f"Checksum{algorithm}")
    if given is not None and given.partition("-")[0] != value.partition("-")[0]:
        from ..checksums import mismatch

        raise mismatch(algorithm)
    made.checksums, made.checksum_type = {algorithm: value}, upload.checksum_type
    return made


def _forget(tx: Transaction, ctx: Context, upload: Upload, numbers: list[int]) -> None:
    """Deletes the upload and the rows of its parts.

    A job deletes the rows when there are many: without the upload, no request finds them any more.
    """
    tx.delete(UPLOADS, (upload.bucket, upload.key, upload.id))
    if len(numbers) > MANY:
        ctx.later(tx, "s3.forget", {"bucket": upload.bucket, "upload": upload.id})
        return
    for number in numbers:
        tx.delete(UPLOADED, (upload.bucket, upload.id, number))


def _on_upload(action: str) -> Any:
    def give(ctx: Context, req: dict[str, Any]) -> Access:
        return Access(action, arns.named_object(ctx, req["Bucket"], req["Key"]))

    return give


@operation("s3", "AbortMultipartUpload", resource=_on_upload("s3:AbortMultipartUpload"), data_event=True)
def abort_multipart_upload(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes the upload and its parts."""
    with ctx.write() as tx:
        require_bucket(tx, ctx, req)
        upload = require_upload(tx, req)
        parts = list(tx.scan(UPLOADED, (upload.bucket, upload.id)))
        release_blobs(tx, ctx, [part.blob for part in parts])
        _forget(tx, ctx, upload, [part.number for part in parts])
    return {}


def owner_members(bucket: Bucket, upload: Upload) -> dict[str, Any]:
    return {
        "Owner": shapes.owner(bucket.account),
        "Initiator": {"ID": upload.initiator, "DisplayName": upload.initiator.rsplit("/", 1)[-1]},
        "StorageClass": upload.template.storage_class,
    }
