"""Listing objects and versions.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, shapes
from ..errors import InvalidArgument
from ..listing import Page, page
from ..lookups import page_size, require_bucket
from ..paging import open_token, token
from ..records import OBJECTS, VERSIONS, Bucket, Object


def _encodes(req: dict[str, Any]) -> bool:
    asked = req.get("EncodingType")
    if asked is not None and asked != "url":
        raise InvalidArgument(
            "Invalid Encoding Method specified in Request", ArgumentName="encoding-type", ArgumentValue=asked
        )
    return asked == "url"


def _objects(tx: Reader, bucket: str, req: dict[str, Any], marker: str, limit: int) -> Page[Object]:
    def seek(key: str) -> Iterator[Object]:
        return tx.scan(OBJECTS, (bucket,), start=(bucket, key))

    return page(
        seek,
        lambda found: found.key,
        prefix=req.get("Prefix") or "",
        delimiter=req.get("Delimiter") or "",
        marker=marker,
        limit=limit,
    )


def _common(req: dict[str, Any], bucket: Bucket, limit: int, encode: bool, *members: str) -> dict[str, Any]:
    """Returns the members of the answer that repeat the request's."""
    answer: dict[str, Any] = {"Name": bucket.name, "Prefix": _text(req.get("Prefix") or "", encode), "MaxKeys": limit}
    for member in ("Delimiter", *members):
        if req.get(member):
            answer[member] = _text(req[member], encode)
    if encode:
        answer["EncodingType"] = "url"
    return answer


def _text(text: str, encode: bool) -> str:
    return shapes.url_encoded(text) if encode else text


def _prefixes(found: list[str], encode: bool) -> list[dict[str, str]]:
    return [{"Prefix": _text(prefix, encode)} for prefix in found]


@operation("s3", "ListObjectsV2", action="s3:ListBucket", resource=arns.list_bucket, data_event=True)
def list_objects_v2(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists keys in UTF-8 order, with common prefixes, up to 1,000 per page."""
    encode, limit = _encodes(req), page_size(req)
    continued = req.get("ContinuationToken")
    if continued == "":
        raise InvalidArgument(
            "The continuation token provided is incorrect", ArgumentName="continuation-token", ArgumentValue=""
        )
    marker = open_token(ctx, continued, f"list/{req['Bucket']}") if continued else req.get("StartAfter") or ""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        found = _objects(tx, bucket.name, req, marker, limit)
    answer = _common(req, bucket, limit, encode, "StartAfter")
    if continued:
        answer["ContinuationToken"] = continued
    with_owner = bool(req.get("FetchOwner"))
    answer["KeyCount"] = len(found.items) + len(found.prefixes)
    answer["IsTruncated"] = found.truncated
    answer["Contents"] = [shapes.listed(bucket, each, encode, with_owner=with_owner) for each in found.items]
    answer["CommonPrefixes"] = _prefixes(found.prefixes, encode)
    if found.truncated:
        answer["NextContinuationToken"] = token(ctx, found.last, f"list/{req['Bucket']}")
    return answer


@operation("s3", "ListObjects", action="s3:ListBucket", resource=arns.list_bucket, data_event=True)
def list_objects(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists objects as version 1 does: continues after a marker, and returns the next marker only with a delimiter."""
    encode, limit = _encodes(req), page_size(req)
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        found = _objects(tx, bucket.name, req, req.get("Marker") or "", limit)
    answer = _common(req, bucket, limit, encode)
    answer["Marker"] = _text(req.get("Marker") or "", encode)
    answer["IsTruncated"] = found.truncated
    answer["Contents"] = [shapes.listed(bucket, each, encode, with_owner=True) for each in found.items]
    answer["CommonPrefixes"] = _prefixes(found.prefixes, encode)
    if found.truncated and req.get("Delimiter"):
        answer["NextMarker"] = _text(found.last, encode)
    return answer


@operation("s3", "ListObjectVersions", action="s3:ListBucketVersions", resource=arns.list_versions, data_event=True)
def list_object_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists every version and delete marker, by key and then newest first."""
    encode, limit = _encodes(req), page_size(req)
    key_marker, version_marker = req.get("KeyMarker") or "", req.get("VersionIdMarker")
    if version_marker is not None and not key_marker:
        raise InvalidArgument(
            "A version-id marker cannot be specified without a key marker.",
            ArgumentName="version-id-marker",
            ArgumentValue=version_marker,
        )
    prefix, delimiter = req.get("Prefix") or "", req.get("Delimiter") or ""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        skip: list[Object] = []
        if version_marker:
            skip = _behind(tx, bucket.name, key_marker, version_marker)
            skip = [each for each in skip if each.key.startswith(prefix)]

        def seek(key: str) -> Iterator[Object]:
            return _merged(tx, bucket.name, key)

        shown = skip[:limit]
        begun: Page[Object] = Page(shown, [], len(skip) > limit, key_marker)
        if not begun.truncated and limit:
            more = page(
                seek,
                lambda found: found.key,
                prefix=prefix,
                delimiter=delimiter,
                marker=key_marker,
                limit=limit - len(shown) if len(shown) < limit else 1,
            )
            if len(shown) == limit:  # the page is full: find out only whether more follows
                begun.truncated = bool(more.items or more.prefixes)
            else:
                begun = Page(shown + more.items, more.prefixes, more.truncated, more.last)
        latest = _latest(tx, begun.items)
    answer = _common(req, bucket, limit, encode)
    answer["KeyMarker"] = _text(key_marker, encode)
    answer["VersionIdMarker"] = version_marker or ""
    answer["IsTruncated"] = begun.truncated
    shown_as = [_version(bucket, each, encode, latest) for each in begun.items]
    answer["Versions"] = [entry for entry in shown_as if "ETag" in entry]
    answer["DeleteMarkers"] = [entry for entry in shown_as if "ETag" not in entry]
    answer["CommonPrefixes"] = _prefixes(begun.prefixes, encode)
    if begun.truncated:
        if begun.items and begun.last == begun.items[-1].key:
            answer["NextKeyMarker"] = _text(begun.last, encode)
            answer["NextVersionIdMarker"] = begun.items[-1].version_id
        else:
            answer["NextKeyMarker"] = _text(begun.last, encode)
    return answer


def _merged(tx: Reader, bucket: str, key: str) -> Iterator[Object]:
    """Yields current and noncurrent versions from `key` on, by key and then newest first."""
    current = tx.scan(OBJECTS, (bucket,), start=(bucket, key))
    others = tx.scan(VERSIONS, (bucket,), start=(bucket, key))
    return heapq.merge(current, others, key=lambda found: (found.key, found.order))


def _behind(tx: Reader, bucket: str, key: str, version_id: str) -> list[Object]:
    """Returns the versions of `key` that are older than `version_id`."""
    found: list[Object] = []
    for each in _merged(tx, bucket, key):
        if each.key != key:
            break
        found.append(each)
    at = next((n for n, each in enumerate(found) if each.version_id == version_id), None)
    if at is None:
        raise InvalidArgument(
            "Invalid version id specified", ArgumentName="version-id-marker", ArgumentValue=version_id
        )
    return found[at + 1 :]


def _latest(tx: Reader, items: list[Object]) -> set[tuple[str, int]]:
    """Returns (key, order) of the newest version of each item's key."""
    found: set[tuple[str, int]] = set()
    for key in {each.key for each in items}:
        newest = next(_merged(tx, items[0].bucket, key))
        found.add((newest.key, newest.order))
    return found


def _version(bucket: Bucket, each: Object, encode: bool, latest: set[tuple[str, int]]) -> dict[str, Any]:
    is_latest = (each.key, each.order) in latest
    if each.marker:
        return {
            "Key": _text(each.key, encode),
            "VersionId": each.version_id,
            "IsLatest": is_latest,
            "LastModified": each.modified,
            "Owner": shapes.owner(bucket.account),
        }
    entry = shapes.listed(bucket, each, encode, with_owner=True)
    return {"VersionId": each.version_id, "IsLatest": is_latest, **entry}
