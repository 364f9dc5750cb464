"""Reading objects: their bytes, headers and attributes.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, shapes
from ..bucket_cache import Buckets
from ..errors import (
    InvalidArgument,
    InvalidPartNumber,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchKey,
    NotModified,
    S3Error,
)
from ..lookups import page_size, part_marker, require_bucket, version_asked
from ..permissions import missing_key
from ..ranges import check_read, parse_range
from ..records import OBJECTS, VERSIONS, Bucket, Object
from ..storage import body, current, newest_hidden, parts_of, version

Found = tuple[Bucket, Object]


def find(
    tx: Reader, ctx: Context, req: dict[str, Any], buckets: Buckets | None = None
) -> tuple[Bucket, Object | None, S3Error | None]:
    """Finds the object that a request names. Returns (bucket, object or None, error or None).

    With neither object nor error, the caller raises `missing_key`. With `buckets`, the bucket may come from the
    cache; do not change it then.
    """
    bucket = require_bucket(tx, ctx, req) if buckets is None else buckets.require(tx, ctx, req)
    asked = version_asked(req)
    if asked is None:
        found = current(tx, bucket.name, req["Key"])
        if found is None and bucket.versioning:
            marker = newest_hidden(tx, bucket.name, req["Key"])
            if marker is not None:
                return bucket, None, _gone(req["Key"], marker)
        return bucket, found, None
    found = version(tx, bucket.name, req["Key"], asked)
    if found is None:
        return bucket, None, _no_version(req["Key"], asked)
    if found.marker:
        headers = (("x-amz-delete-marker", "true"), ("x-amz-version-id", asked), ("allow", "DELETE"))
        return bucket, None, MethodNotAllowed(headers=headers, Method="GET", ResourceType="DeleteMarker")
    return bucket, found, None


def _gone(key: str, marker: Object) -> S3Error:
    error = NoSuchKey(key)
    error.headers = (("x-amz-delete-marker", "true"), ("x-amz-version-id", marker.version_id))
    return error


def _no_version(key: str, asked: str) -> S3Error:
    from ..errors import NoSuchVersion

    if asked != "null" and (len(asked) != 32 or not asked.isalnum()):
        return InvalidArgument("Invalid version id specified", ArgumentName="versionId", ArgumentValue=asked)
    return NoSuchVersion(Key=key, VersionId=asked)


def require_object(ctx: Context, req: dict[str, Any]) -> Found:
    """Returns the bucket and object of a request.

    Raises NoSuchKey (AccessDenied for callers that may not list the bucket), NoSuchVersion, MethodNotAllowed.
    """
    with ctx.read() as tx:
        bucket, found, error = find(tx, ctx, req)
    if found is None:
        raise error or missing_key(ctx, bucket.name, req["Key"])
    return bucket, found


def change_object(ctx: Context, req: dict[str, Any], change: Callable[[Bucket, Object], None]) -> dict[str, Any]:
    """Lets `change(bucket, object)` alter a stored object's metadata in place.

    Returns the answer, with the version id.
    """
    with ctx.write() as tx:
        bucket, found, error = find(tx, ctx, req)
        if found is not None:
            change(bucket, found)
            now = current(tx, found.bucket, found.key)
            tx.put(OBJECTS if now is not None and now.version_id == found.version_id else VERSIONS, found)
            return shapes.version_member(bucket, found)
    raise error or missing_key(ctx, bucket.name, req["Key"])


@operation("s3", "GetObject", resource=arns.get_object, data_event=True)
def get_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the bytes of an object, or of a range or part of it, if the conditions hold."""
    with ctx.read() as tx:
        bucket, found, error = find(tx, ctx, req, ctx.app.local(Buckets))
        if found is not None:
            answer, first, length = _answer(tx, req, bucket, found)
            answer["Body"] = body(tx, ctx, found, first, length)
            return answer
    raise error or missing_key(ctx, bucket.name, req["Key"])


@operation("s3", "HeadObject", action="s3:GetObject", resource=arns.get_object, data_event=True)
def head_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns what GetObject does, without the bytes."""
    with ctx.read() as tx:
        bucket, found, error = find(tx, ctx, req, ctx.app.local(Buckets))
        if found is not None:
            return _answer(tx, req, bucket, found)[0]
    raise error or missing_key(ctx, bucket.name, req["Key"])


def _answer(tx: Reader, req: dict[str, Any], bucket: Bucket, found: Object) -> tuple[dict[str, Any], int, int]:
    """Returns (members, first byte, length).

    Raises NotModified, PreconditionFailed, InvalidRange, InvalidPartNumber.
    """
    if check_read(req, found.etag, found.modified):
        raise NotModified(headers=_not_modified_headers(found))
    answer = shapes.read_headers(req, bucket, found)
    first, length = 0, found.size
    asked = req.get("PartNumber")
    if asked is not None:
        first, length = _part(tx, req, found, answer)
        answer["ContentRange"] = f"bytes {first}-{first + length - 1}/{found.size}" if length else None
        answer["@status"] = 206
    elif req.get("Range"):
        span = parse_range(req["Range"], found.size)
        if span is not None:
            first, length = span[0], span[1] - span[0] + 1
            answer["ContentRange"] = f"bytes {span[0]}-{span[1]}/{found.size}"
            answer["@status"] = 206
    answer["ContentLength"] = length
    if req.get("ChecksumMode") == "ENABLED" and length == found.size:
        answer.update(shapes.checksum_members(found))
    return answer, first, length


def _part(tx: Reader, req: dict[str, Any], found: Object, answer: dict[str, Any]) -> tuple[int, int]:
    """Returns the offset and length of the requested part."""
    asked = req["PartNumber"]
    if req.get("Range"):
        raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
    if not 1 <= asked <= 10000:
        raise InvalidArgument(
            "Part number must be an integer between 1 and 10000, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(asked),
        )
    if not found.parts:
        if asked != 1:
            raise InvalidPartNumber(PartNumberRequested=str(asked), ActualPartCount="1")
        return 0, found.size
    if asked > found.parts:
        raise InvalidPartNumber(PartNumberRequested=str(asked), ActualPartCount=str(found.parts))
    answer["PartsCount"] = found.parts
    sizes = [part.size for part in parts_of(tx, found)]
    return sum(sizes[: asked - 1]), sizes[asked - 1]


def _not_modified_headers(found: Object) -> tuple[tuple[str, str], ...]:
    from email.utils import formatdate

    kept = [("ETag", f'"{found.etag}"'), ("Last-Modified", formatdate(found.modified, usegmt=True))]
    if "CacheControl" in found.headers:
        kept.append(("Cache-Control", found.headers["CacheControl"]))
    return tuple(kept)


_ATTRIBUTES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


@operation("s3", "GetObjectAttributes", resource=arns.attributes, data_event=True)
def get_object_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the requested attributes; ObjectParts is one of them.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
    """
    wanted = set(req.get("ObjectAttributes") or [])
    if not wanted or not wanted <= set(_ATTRIBUTES):
        raise InvalidArgument("Invalid attribute name specified.", ArgumentName="x-amz-object-attributes")
    bucket, found = require_object(ctx, req)
    answer: dict[str, Any] = {"LastModified": found.modified, **shapes.version_member(bucket, found)}
    if "ETag" in wanted:
        answer["ETag"] = found.etag
    if "Checksum" in wanted and found.checksums:
        answer["Checksum"] = shapes.checksum_members(found)
    if "StorageClass" in wanted:
        answer["StorageClass"] = found.storage_class
    if "ObjectSize" in wanted:
        answer["ObjectSize"] = found.size
    if "ObjectParts" in wanted and found.parts:
        answer["ObjectParts"] = _object_parts(ctx, req, found)
    return answer


def _object_parts(ctx: Context, req: dict[str, Any], found: Object) -> dict[str, Any]:
    answer: dict[str, Any] = {"TotalPartsCount": found.parts}
    algorithm = next(iter(found.checksums), "")
    if not algorithm or found.checksum_type != "COMPOSITE":
        return answer  # S3 lists parts only when they have checksums of their own
    with ctx.read() as tx:
        parts = parts_of(tx, found)
    limit, marker = page_size(req, "MaxParts", "max-parts"), part_marker(req)
    shown = [(n, part) for n, part in enumerate(parts, 1) if n > marker]
    page = shown[:limit]
    return answer | {
        "PartNumberMarker": marker,
        "NextPartNumberMarker": page[-1][0] if page else 0,
        "MaxParts": limit,
        "IsTruncated": len(shown) > limit,
        "Parts": [{"PartNumber": n, "Size": p.size, f"Checksum{algorithm}": p.checksum} for n, p in page],
    }
