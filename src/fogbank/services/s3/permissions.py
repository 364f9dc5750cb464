"""Permission checks inside an operation: per key (DeleteObjects), or to choose between NoSuchKey and AccessDenied."""

from __future__ import annotations

from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied as Denied
from fogbank.core.operation import Access

from .bucket_cache import Buckets
from .errors import AccessDenied, NoSuchKey, S3Error


def denial(ctx: Context, *accesses: Access) -> Denied | None:
    """Returns the error that a caller without one of these permissions gets; None when it has them all."""
    try:
        for access in accesses:
            ctx.require(access.action, access.resource, access.conditions)
    except Denied as error:
        return error
    return None


def missing_key(ctx: Context, bucket: str, key: str) -> S3Error:
    """Returns the error for a key that does not exist: NoSuchKey only for callers that may list the bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html ("Permissions")
    """
    if may_list(ctx, bucket):
        return NoSuchKey(key)
    return AccessDenied()


def may_list(ctx: Context, bucket: str) -> bool:
    return denial(ctx, Access("s3:ListBucket", ctx.app.local(Buckets).name(ctx, bucket))) is None
