"""The condition keys of S3's actions, as far as they can be told from the request or from what is kept.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html

Those of a signature (s3:authType, s3:signatureAge, s3:signatureversion, s3:x-amz-content-sha256) are not supplied.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fogbank.core.conditions import Asked, Keys, Read, member
from fogbank.core.kinds import Named
from fogbank.store.api import Reader

from .lookups import config
from .records import BUCKETS
from .storage import current
from .storage import version as stored_version

# what a header asks for, https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
_HEADERS = {
    "s3:if-match": "IfMatch",
    "s3:if-none-match": "IfNoneMatch",
    "s3:object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "s3:object-lock-mode": "ObjectLockMode",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-bucket-namespace": "BucketNamespace",
    "s3:x-amz-copy-source": "CopySource",
    "s3:x-amz-grant-full-control": "GrantFullControl",
    "s3:x-amz-grant-read": "GrantRead",
    "s3:x-amz-grant-read-acp": "GrantReadACP",
    "s3:x-amz-grant-write": "GrantWrite",
    "s3:x-amz-grant-write-acp": "GrantWriteACP",
    "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "s3:x-amz-storage-class": "StorageClass",
    "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation",
}
_WRITES = {"PutObject", "CopyObject", "CompleteMultipartUpload"}


def bucket_tags(tx: Reader, bucket: str) -> dict[str, str]:
    """The tags of a bucket that policies may decide by: none before its ABAC is enabled.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
    """
    if config(tx, bucket, "abac") != "Enabled":
        return {}
    found: dict[str, str] | None = config(tx, bucket, "tagging")
    return found or {}


def _place(asked: Asked) -> tuple[str, str]:
    """(bucket, key) of an ARN; the key is empty where the bucket is meant."""
    bucket, _, key = asked.resource.partition(":::")[2].partition("/")
    return bucket, key


def _bucket_tags(asked: Asked) -> dict[str, str]:
    bucket, _ = _place(asked)
    with asked.ctx.read() as tx:
        return bucket_tags(tx, bucket) if tx.get(BUCKETS, (bucket,)) is not None else {}


def _object_tags(asked: Asked) -> dict[str, str]:
    """s3:ExistingObjectTag/KEY of the version that the request names, or else of the newest one."""
    (bucket, key), request = _place(asked), asked.request
    version = request.get("VersionId") if (request.get("Bucket"), request.get("Key")) == (bucket, key) else None
    with asked.ctx.read() as tx:
        found = stored_version(tx, bucket, key, version) if version else current(tx, bucket, key)
    return found.tags if found is not None else {}


def _owner(asked: Asked) -> str | None:
    return (asked.resource.owner or None) if isinstance(asked.resource, Named) else None


def _tls(asked: Asked) -> str | None:
    """The oldest version that the gateway takes: a policy that asks for more denies. None without TLS."""
    return "1.2" if asked.ctx.secure else None


def _until(asked: Asked) -> datetime | None:
    found = asked.request.get("ObjectLockRetainUntilDate")
    return found if isinstance(found, datetime) else None


def _until_date(asked: Asked) -> str | None:
    until = _until(asked)
    return until.strftime("%Y-%m-%dT%H:%M:%SZ") if until is not None else None


def _remaining_days(asked: Asked) -> int | None:
    until = _until(asked)
    return int((until.timestamp() - asked.ctx.now()) // 86400) if until is not None else None


def _headers() -> dict[str, Read]:
    return {key: member(word) for key, word in _HEADERS.items()}


def _optional_fields(asked: Asked) -> Any:
    return member("InventoryConfiguration", "OptionalFields")(asked) or None


KEYS = Keys(
    "s3",
    {
        **_headers(),
        "aws:ResourceTag/": _bucket_tags,
        "s3:BucketTag/": _bucket_tags,
        "s3:ExistingObjectTag/": _object_tags,
        "s3:InventoryAccessibleOptionalFields": _optional_fields,
        "s3:ObjectCreationOperation": lambda asked: asked.ctx.operation in _WRITES,
        "s3:ResourceAccount": _owner,
        "s3:TlsVersion": _tls,
        "s3:object-lock-remaining-retention-days": _remaining_days,
        "s3:object-lock-retain-until-date": _until_date,
    },
    given=("s3:RequestObjectTag/", "s3:RequestObjectTagKeys", "s3:delimiter", "s3:locationconstraint", "s3:max-keys",
           "s3:prefix", "s3:versionid", "s3:x-amz-object-ownership"),
    never=("s3:AccessGrantsInstanceArn", "s3:AccessPointNetworkOrigin", "s3:AccessPointTag/",
           "s3:DataAccessPointAccount", "s3:DataAccessPointArn"),  # of access points and access grants
)  # fmt: skip
