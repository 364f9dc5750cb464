"""Buckets and objects in the form that responses show."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote_plus

from fogbank.core.context import Context
from fogbank.core.http import is_header

from .records import NULL, Bucket, Object

KEPT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "WebsiteRedirectLocation",
)
_OVERRIDES = {
    f"Response{name}": name
    for name in ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires")
}


def canonical_user(account: str) -> str:
    """Returns the canonical user id of an account: 64 hex digits, derived from the account's number."""
    return hashlib.sha256(b"canonical user of " + account.encode()).hexdigest()


def owner(account: str) -> dict[str, str]:
    """Returns an Owner structure. It has no DisplayName: S3 stopped returning it in November 2025."""
    return {"ID": canonical_user(account)}


def quoted(etag: str) -> str:
    return f'"{etag}"'


def encryption(found: Object | Bucket) -> dict[str, Any]:
    """Returns the members about server-side encryption: SSE-KMS when a key is set, otherwise SSE-S3.

    Every object has at least SSE-S3.
    """
    if found.kms_key is not None:
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": found.kms_key}
    return {"ServerSideEncryption": "AES256"}


def checksum_members(found: Object) -> dict[str, Any]:
    if not found.checksums:
        return {}
    members: dict[str, Any] = {f"Checksum{name}": value for name, value in found.checksums.items()}
    members["ChecksumType"] = found.checksum_type
    return members


def version_member(bucket: Bucket, found: Object) -> dict[str, str]:
    """Returns the version id, which S3 shows once a bucket had versioning enabled."""
    return {"VersionId": found.version_id} if bucket.versioning or found.version_id != NULL else {}


def read_headers(req: dict[str, Any], bucket: Bucket, found: Object) -> dict[str, Any]:
    """Returns the members that GetObject and HeadObject share."""
    answer: dict[str, Any] = {
        "LastModified": found.modified,
        "ETag": f'"{found.etag}"',
        "AcceptRanges": "bytes",
        "ContentType": found.content_type,
    }
    if found.headers:
        for name, value in found.headers.items():
            answer["ExpiresString" if name == "Expires" else name] = value
            if name == "Expires":
                answer["Expires"] = value
    if found.meta:  # metadata from a form may not fit into headers
        answer["Metadata"] = {name: value for name, value in found.meta.items() if is_header(name, value)}
        answer["MissingMeta"] = len(found.meta) - len(answer["Metadata"]) or None
    if found.tags:
        answer["TagCount"] = len(found.tags)
    if found.storage_class != "STANDARD":
        answer["StorageClass"] = found.storage_class
    answer.update(encryption(found))
    if bucket.versioning or found.version_id != NULL:
        answer["VersionId"] = found.version_id
    if not req.keys().isdisjoint(_OVERRIDES):
        answer |= {name: req[member] for member, name in _OVERRIDES.items() if req.get(member) is not None}
    return answer


def listed(bucket: Bucket, found: Object, encode: bool, *, with_owner: bool) -> dict[str, Any]:
    """Returns an entry of a list of objects."""
    entry: dict[str, Any] = {
        "Key": url_encoded(found.key) if encode else found.key,
        "LastModified": found.modified,
        "ETag": f'"{found.etag}"',
        "Size": found.size,
        "StorageClass": found.storage_class,
    }
    if found.checksums:
        entry["ChecksumAlgorithm"] = list(found.checksums)
        entry["ChecksumType"] = found.checksum_type
    if with_owner:
        entry["Owner"] = owner(found.owner or bucket.account)
    return entry


def url_encoded(text: str) -> str:
    """Encodes text for encoding-type=url: like a form value, but slashes stay."""
    return quote_plus(text, safe="/*")


def location(ctx: Context, bucket: str, key: str) -> str:
    """Returns the URL of an object on the endpoint of the request."""
    from urllib.parse import quote

    return f"{ctx.endpoint}/{bucket}/{quote(key, safe='/~')}"
