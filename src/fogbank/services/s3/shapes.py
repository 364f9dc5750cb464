"""Buckets and objects as responses show them."""

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
    """The canonical user id of an account: 64 hex digits, always the same."""
    return hashlib.sha256(b"canonical user of " + account.encode()).hexdigest()


def owner(account: str) -> dict[str, str]:
    """S3 stopped returning DisplayName in November 2025."""
    return {"ID": canonical_user(account)}


def quoted(etag: str) -> str:
    return f'"{etag}"'


def encryption(found: Object | Bucket) -> dict[str, Any]:
    """Server-side encryption members: SSE-KMS when a key is set, else SSE-S3, which every object has."""
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
    """x-amz-version-id appears once versioning was ever on."""
    return {"VersionId": found.version_id} if bucket.versioning or found.version_id != NULL else {}


def read_headers(req: dict[str, Any], bucket: Bucket, found: Object) -> dict[str, Any]:
    """The members that GetObject and HeadObject have in common."""
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
    if found.meta:  # a form may have brought what no header can hold
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
    """An entry of a list of objects."""
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
    """encoding-type=url: as a form does, slashes kept."""
    return quote_plus(text, safe="/*")


def location(ctx: Context, bucket: str, key: str) -> str:
    """The URL of an object, on the endpoint that was asked."""
    from urllib.parse import quote

    return f"{ctx.endpoint}/{bucket}/{quote(key, safe='/~')}"
