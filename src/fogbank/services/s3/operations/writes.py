"""Writing and copying whole objects.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceUnavailable
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import arns, events, shapes
from ..bucket_cache import Buckets
from ..checksums import FULL_OBJECT, SIZES, Expected, unsupported
from ..content import MAX_PUT, Content, at_hand, copied, drop, receive
from ..errors import InvalidArgument, InvalidRequest, NoSuchKey
from ..lookups import require_bucket
from ..names import tags_of_header
from ..object_records import object_of
from ..permissions import denial, missing_key
from ..ranges import check_copy, check_write
from ..records import INLINE, INLINES, NULL, Bucket, Object
from ..storage import OWNER, body, current, fill, put, stream
from .reads import find

_TRIES = 5


@operation("s3", "PutObject", resource=arns.put_object, data_event=True)
def put_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any] | Coroutine[Any, Any, dict[str, Any]]:
    """Stores the body as an object, atomically. A small body that has arrived is stored in one synchronous step."""
    body = req.get("Body")
    if not isinstance(body, bytes) or len(body) > INLINE:
        return _put_large(ctx, req)
    content = at_hand(ctx, body, Expected.of_request(req))
    with ctx.write() as tx:
        made, bucket = _commit(tx, ctx, req, content)
    return _put_answer(made, bucket)


async def _put_large(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = await ctx.fetch(require_bucket, ctx, req)
    object_of(ctx, req, bucket)  # refuses bad headers before the bytes are read
    content = await receive(ctx, req)
    try:
        made, bucket = await ctx.transact(_commit, ctx, req, content)
    except BaseException:
        await drop(ctx, content)
        raise
    return _put_answer(made, bucket)


def _put_answer(made: Object, bucket: Bucket) -> dict[str, Any]:
    return {
        "ETag": f'"{made.etag}"',
        **shapes.encryption(made),
        **shapes.checksum_members(made),
        **shapes.version_member(bucket, made),
    }


def _commit(tx: Transaction, ctx: Context, req: dict[str, Any], content: Content) -> tuple[Object, Bucket]:
    bucket = ctx.app.local(Buckets).require(tx, ctx, req)
    made = object_of(ctx, req, bucket)
    made.size, made.etag, made.checksums = content.size, content.md5.hex(), content.checksums
    if content.blob is not None:
        made.blob = content.blob.id
    old = current(tx, bucket.name, made.key)
    check_precondition(req, old)
    put(tx, ctx, bucket, made, old)
    fill(tx, ctx, made, content)
    if bucket.has_notifications:
        events.enqueue(tx, ctx, bucket, made, "ObjectCreated:Put")
    return made, bucket


def check_precondition(req: dict[str, Any], old: Object | None) -> None:
    """Checks If-Match and If-None-Match of a write. Raises PreconditionFailed, NoSuchKey."""
    if not check_write(req, old.etag if old is not None else None):
        raise NoSuchKey(req["Key"])


# -- copies ------------------------------------------------------------------------------------------------------------


@operation("s3", "CopyObject", resource=arns.copy_object, data_event=True)
async def copy_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Makes a new object that shares the source's bytes.

    Reads the bytes only when the copy needs another checksum or ETag.
    """
    for _ in range(_TRIES):
        answer = await _copy(ctx, req)
        if answer is not None:
            return answer
    raise ServiceUnavailable("The source of the copy kept changing. Please try again.")


async def _copy(ctx: Context, req: dict[str, Any]) -> dict[str, Any] | None:
    """Tries once. Returns None when the source changed meanwhile."""
    bucket = await ctx.fetch(require_bucket, ctx, req)
    source_request = arns.source_of(ctx, req)
    source = await fetch_source(ctx, source_request, req)
    if source.tags and req.get("TaggingDirective") != "REPLACE":
        denied = denial(ctx, *arns.tags_copied(ctx, source_request, req, source.tags))
        if denied is not None:
            raise denied
    if source.size > MAX_PUT:
        raise InvalidRequest(
            f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_PUT}"
        )
    made = _copy_of(ctx, req, bucket, source, named=bool(source_request.get("VersionId")))
    content = await _new_content(ctx, req, source, made)
    try:
        done = await ctx.transact(_commit_copy, ctx, req, source_request, source, made, content)
    except BaseException:
        if content is not None:
            await drop(ctx, content)
        raise
    if done is None:
        if content is not None:
            await drop(ctx, content)
        return None
    result: dict[str, Any] = {"ETag": f'"{made.etag}"', "LastModified": made.modified}
    result.update(shapes.checksum_members(made))
    answer: dict[str, Any] = {"CopyObjectResult": result, **shapes.encryption(made)}
    if source.version_id != NULL:
        answer["CopySourceVersionId"] = source.version_id
    answer.update(shapes.version_member(done, made))
    return answer


async def fetch_source(ctx: Context, source_request: dict[str, Any], req: dict[str, Any]) -> Object:
    """Returns the source of a copy, after checking its conditions.

    Raises NoSuchKey, AccessDenied, PreconditionFailed, …
    """
    found = await ctx.fetch(find_source, ctx, source_request, req)
    if found is None:
        raise missing_key(ctx, source_request["Bucket"], source_request["Key"])
    return found


def find_source(tx: Reader, ctx: Context, source_request: dict[str, Any], req: dict[str, Any]) -> Object | None:
    """Returns the source of a copy, or None when there is no such key.

    Raises for a missing version, a delete marker, a failed condition.
    """
    _, found, error = find(tx, ctx, source_request)
    if found is None:
        if error is not None and error.code == "MethodNotAllowed":
            raise InvalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id."
            )
        if error is not None:
            raise error
        return None
    check_copy(req, found.etag, found.modified)
    return found


def _copy_of(ctx: Context, req: dict[str, Any], bucket: Bucket, source: Object, *, named: bool) -> Object:
    """Makes the copy's record, with metadata and tags copied or replaced as the directives say.

    `named`: the request names a version of the source.
    """
    directive = req.get("MetadataDirective") or "COPY"
    if directive not in ("COPY", "REPLACE"):
        raise InvalidArgument("Unknown metadata directive.", ArgumentName="x-amz-metadata-directive",
                              ArgumentValue=directive)  # fmt: skip
    made = object_of(ctx, {**req, "Tagging": None}, bucket)
    if directive == "COPY":
        made.meta, made.headers, made.content_type = source.meta, dict(source.headers), source.content_type
        made.headers.pop("WebsiteRedirectLocation", None)
        if req.get("WebsiteRedirectLocation"):
            made.headers["WebsiteRedirectLocation"] = req["WebsiteRedirectLocation"]
    made.tags = source.tags
    if req.get("TaggingDirective") == "REPLACE":
        made.tags = tags_of_header(req.get("Tagging") or "")
    made.size = source.size
    made.checksums, made.checksum_type = dict(source.checksums), source.checksum_type
    same = (source.bucket, source.key) == (made.bucket, made.key)
    unchanged = not any(
        req.get(name) for name in ("StorageClass", "ServerSideEncryption", "WebsiteRedirectLocation", "ACL")
    )
    if same and not named and directive == "COPY" and unchanged and not req.get("ChecksumAlgorithm"):
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    return made


async def _new_content(ctx: Context, req: dict[str, Any], source: Object, made: Object) -> Content | None:
    """Makes the copy's bytes, if it cannot share the source's, and its checksum, if the source's does not fit.

    A copy always has a single part: its ETag is the MD5 of the bytes, and its checksum covers the whole object.
    """
    made.etag = source.etag
    algorithm = req.get("ChecksumAlgorithm") or next(iter(source.checksums), "")
    if algorithm and algorithm not in SIZES:
        raise unsupported()
    whole = source.checksum_type == FULL_OBJECT and algorithm in source.checksums
    if not source.parts and (not algorithm or whole):
        return None
    chunks = stream(ctx, await ctx.fetch(body, ctx, source, 0, source.size))
    content = await copied(ctx, chunks, algorithm, keep=source.parts > 0)
    made.checksums, made.checksum_type = content.checksums, FULL_OBJECT
    if content.blob is None:
        return None
    made.etag, made.blob = content.md5.hex(), content.blob.id
    return content


def _commit_copy(
    tx: Transaction,
    ctx: Context,
    req: dict[str, Any],
    source_request: dict[str, Any],
    source: Object,
    made: Object,
    content: Content | None,
) -> Bucket | None:
    """Stores the copy. Returns None when the source has changed since it was read."""
    bucket = require_bucket(tx, ctx, req)
    now = find_source(tx, ctx, source_request, req)
    if now is None or (now.version_id, now.order, now.etag, now.blob) != (
        source.version_id,
        source.order,
        source.etag,
        source.blob,
    ):
        return None
    old = current(tx, bucket.name, made.key)
    check_precondition(req, old)
    data = b""
    if content is None and source.blob:
        ctx.blobs.share(tx, source.blob, OWNER)  # before `put`, which releases the blob of a copy to itself
        made.blob = source.blob
    elif content is None and source.size:
        inline = tx.get(INLINES, (source.bucket, source.key, source.version_id))
        data = inline.data if inline is not None else b""
    put(tx, ctx, bucket, made, old)
    fill(tx, ctx, made, content or Content(len(data), b"", data=data))
    if bucket.has_notifications:
        events.enqueue(tx, ctx, bucket, made, "ObjectCreated:Copy")
    return bucket
