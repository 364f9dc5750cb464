"""Deleting objects, one or a thousand at a time.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Transaction

from .. import arns, events
from ..errors import InvalidArgument, MalformedXML, NoSuchKey, PreconditionFailed, S3Error
from ..lookups import require_bucket, version_asked
from ..permissions import denial
from ..ranges import etag_matches
from ..records import Bucket, Object
from ..storage import current, delete, delete_version


@operation("s3", "DeleteObject", resource=arns.delete_object, data_event=True)
def delete_object(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes an object; succeeds also when there is none.

    In a versioned bucket it puts a delete marker, or deletes the named version permanently.
    """
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        return _remove(tx, ctx, bucket, req["Key"], version_asked(req), req)


def _remove(
    tx: Transaction, ctx: Context, bucket: Bucket, key: str, version: str | None, conditions: dict[str, Any]
) -> dict[str, Any]:
    """Deletes an object if the conditions (such as If-Match) hold. Returns the members of the answer."""
    if any(conditions.get(name) is not None for name in ("IfMatch", "IfMatchSize", "IfMatchLastModifiedTime")):
        _check(current(tx, bucket.name, key), key, conditions)
    if version is None:
        gone = current(tx, bucket.name, key) if bucket.has_notifications and not bucket.versioning else None
        marker = delete(tx, ctx, bucket, key)
        if bucket.has_notifications and (gone or marker):
            event = "ObjectRemoved:DeleteMarkerCreated" if marker else "ObjectRemoved:Delete"
            events.enqueue(tx, ctx, bucket, marker or gone, event)  # type: ignore[arg-type]  # one of them is there
        return {"DeleteMarker": True, "VersionId": marker.version_id} if marker is not None else {}
    removed = delete_version(tx, ctx, bucket, key, version)
    if removed is None and version != "null" and (len(version) != 32 or not version.isalnum()):
        raise InvalidArgument("Invalid version id specified", ArgumentName="versionId", ArgumentValue=version)
    if removed is not None and bucket.has_notifications:
        events.enqueue(tx, ctx, bucket, removed, "ObjectRemoved:Delete")
    answer: dict[str, Any] = {"VersionId": version}
    if removed is not None and removed.marker:
        answer["DeleteMarker"] = True
    return answer


def _check(found: Object | None, key: str, conditions: dict[str, Any]) -> None:
    """Raises unless the conditions hold.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
    """
    match = conditions.get("IfMatch")
    if found is None:
        if match is not None:
            raise NoSuchKey(key)
        return
    if match is not None and not etag_matches(match, found.etag):
        raise PreconditionFailed("If-Match")
    size, moment = conditions.get("IfMatchSize"), conditions.get("IfMatchLastModifiedTime")
    if size is not None and size != found.size:
        raise PreconditionFailed("x-amz-if-match-size")
    if moment is not None and int(moment.timestamp()) != found.modified:
        raise PreconditionFailed("x-amz-if-match-last-modified-time")


@operation("s3", "DeleteObjects", action="s3:DeleteObject", resource=None, data_event=True)
def delete_objects(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes up to 1,000 objects.

    Every key is authorized by itself and reported in the answer, so the call as a whole needs no permission.
    """
    wanted = (req.get("Delete") or {}).get("Objects")
    if not wanted or len(wanted) > 1000 or any(not each.get("Key") for each in wanted):
        raise MalformedXML
    quiet = bool(req["Delete"].get("Quiet"))
    arns.named_bucket(ctx, req["Bucket"])
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
    deleted: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    permitted = []
    for each in wanted:
        denied = _denied(ctx, bucket, each)
        if denied is None:
            permitted.append(each)
        else:
            errors.append(_error(each, "AccessDenied", denied))
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        for each in permitted:
            try:
                answer = _remove(tx, ctx, bucket, each["Key"], each.get("VersionId"), _conditions(each))
            except S3Error as error:
                errors.append(_error(each, error.code, error.message))
                continue
            if not quiet:
                deleted.append(_told(each, answer))
    return {"Deleted": deleted, "Errors": errors}


def _conditions(each: dict[str, Any]) -> dict[str, Any]:
    return {"IfMatch": each.get("ETag"), "IfMatchSize": each.get("Size"),
            "IfMatchLastModifiedTime": each.get("LastModifiedTime")}  # fmt: skip


def _denied(ctx: Context, bucket: Bucket, each: dict[str, Any]) -> str | None:
    arn = arns.named_object(ctx, bucket.name, each["Key"])
    version = each.get("VersionId")
    access = Access("s3:DeleteObjectVersion", arn, {"s3:versionid": version}) if version else None
    error = denial(ctx, access or Access("s3:DeleteObject", arn))
    return None if error is None else error.message


def _error(each: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    entry = {"Key": each["Key"], "Code": code, "Message": message}
    return entry | {"VersionId": each["VersionId"]} if each.get("VersionId") else entry


def _told(each: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"Key": each["Key"]}
    if each.get("VersionId"):
        entry["VersionId"] = each["VersionId"]
    if answer.get("DeleteMarker"):
        entry["DeleteMarker"] = True
        entry["DeleteMarkerVersionId"] = answer["VersionId"]
    return entry
