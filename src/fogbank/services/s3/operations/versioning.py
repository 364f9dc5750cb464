"""Versioning.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns
from ..bucket_cache import keep
from ..errors import IllegalVersioning, InvalidBucketState, MalformedXML
from ..lookups import config, require_bucket


@operation("s3", "PutBucketVersioning", resource=arns.bucket)
def put_bucket_versioning(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Enables or suspends versioning. A bucket cannot return to being unversioned."""
    asked = req.get("VersioningConfiguration") or {}
    if asked.get("MFADelete") == "Enabled":
        raise InvalidBucketState("Fogbank does not build MFA Delete.")
    status = asked.get("Status")
    if status not in ("Enabled", "Suspended"):
        raise IllegalVersioning if status is None else MalformedXML
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        if status == "Suspended" and config(tx, bucket.name, "object-lock"):
            raise InvalidBucketState(
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            )
        bucket.versioning = status
        keep(tx, bucket)
    return {}


@operation("s3", "GetBucketVersioning", resource=arns.bucket)
def get_bucket_versioning(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the status; an empty answer for a bucket that was never versioned."""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
    return {"Status": bucket.versioning} if bucket.versioning else {}
