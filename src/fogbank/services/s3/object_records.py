"""Makes an object's record from the headers of a write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fogbank.core.arns import partition_of
from fogbank.core.context import Context

from .acls import GRANT_MEMBERS, check_object_acl
from .errors import (
    InvalidArgument,
    InvalidEncryptionAlgorithm,
    InvalidRequest,
    InvalidStorageClass,
    NotImplementedHeader,
)
from .names import check_key, check_metadata, tags_of_header
from .records import Bucket, Object
from .shapes import KEPT_HEADERS

STORAGE_CLASSES = frozenset(
    (
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
    )
)
_PARTICULAR = frozenset(
    (
        *KEPT_HEADERS,
        "Expires",
        "StorageClass",
        "Tagging",
        "ACL",
        *GRANT_MEMBERS,
        "ServerSideEncryption",
        "SSEKMSKeyId",
        "SSECustomerAlgorithm",
    )
)


def object_of(ctx: Context, req: dict[str, Any], bucket: Bucket) -> Object:
    """Makes the record of a new object, without its content. Raises S3's errors for bad headers."""
    if req.get("ServerSideEncryption"):
        ctx.recorded("ServerSideEncryption")
    made = Object(
        bucket=bucket.name,
        key=req["Key"],
        etag="",
        size=0,
        modified=int(ctx.now()),
        content_type=req.get("ContentType") or "binary/octet-stream",
    )
    check_key(made.key)
    if req.get("Metadata"):
        made.meta = check_metadata(req["Metadata"])
    if ctx.account != bucket.account and bucket.ownership != "BucketOwnerEnforced":
        made.owner = ctx.account
    if req.keys().isdisjoint(_PARTICULAR):  # most writes have none of these headers
        made.kms_key = bucket.kms_key
        return made
    headers = kept_headers(req)
    if headers:
        made.headers = headers
    if req.get("StorageClass"):
        made.storage_class = storage_class(req["StorageClass"])
    if req.get("Tagging"):
        made.tags = tags_of_header(req["Tagging"])
    made.grants = check_object_acl(req, bucket)
    made.kms_key = kms_key(req, bucket)
    return made


def kept_headers(req: dict[str, Any]) -> dict[str, str]:
    """Returns the headers that S3 stores and later returns as they were sent."""
    found = {name: req[name] for name in KEPT_HEADERS if req.get(name)}
    expires = req.get("Expires")
    if expires is not None:
        if isinstance(expires, datetime):
            from email.utils import format_datetime

            expires = format_datetime(expires, usegmt=True)
        found["Expires"] = str(expires)
    redirect = found.get("WebsiteRedirectLocation")
    if redirect and not redirect.startswith(("/", "http://", "https://")):
        raise InvalidArgument(
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            ArgumentName="x-amz-website-redirect-location",
            ArgumentValue=redirect,
        )
    encoding = found.get("ContentEncoding")
    if encoding and "aws-chunked" in encoding:
        kept = ",".join(part.strip() for part in encoding.split(",") if part.strip() != "aws-chunked")
        found["ContentEncoding"] = kept
        if not kept:
            del found["ContentEncoding"]
    return found


def storage_class(name: str) -> str:
    if name not in STORAGE_CLASSES:
        raise InvalidStorageClass(StorageClassRequested=name)
    return name


def kms_key(req: dict[str, Any], bucket: Bucket) -> str | None:
    """Returns the KMS key with which the object reports to be encrypted; None for SSE-S3.

    Fogbank records the key and returns it; it does not encrypt the bytes. Refuses keys of customers (SSE-C).
    """
    if req.get("SSECustomerAlgorithm"):
        raise NotImplementedHeader(
            "Fogbank does not build server-side encryption with customer keys (SSE-C) yet.",
            Header="x-amz-server-side-encryption-customer-algorithm",
        )
    method = req.get("ServerSideEncryption")
    if method is None:
        if req.get("SSEKMSKeyId"):
            raise InvalidArgument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
                "aws:kms",
                ArgumentName="x-amz-server-side-encryption",
                ArgumentValue="null",
            )
        return bucket.kms_key
    if method == "AES256":
        return None
    if method not in ("aws:kms", "aws:kms:dsse"):
        raise InvalidEncryptionAlgorithm(EncryptionAlgorithm=method)
    if method == "aws:kms:dsse":
        raise InvalidRequest("Fogbank does not build dual-layer server-side encryption (aws:kms:dsse) yet.")
    aws_key = f"arn:{partition_of(bucket.region)}:kms:{bucket.region}:{bucket.account}:alias/aws/s3"
    return req.get("SSEKMSKeyId") or bucket.kms_key or aws_key
