"""Asking IAM inside an operation, where AWS decides per key or answers differently to who may not list."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied as Denied
from fogbank.core.operation import Access, Operation

from .arns import bucket_arn
from .errors import AccessDenied, NoSuchKey, S3Error


def _nothing(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {}


def denial(ctx: Context, *accesses: Access) -> Denied | None:
    """The error the caller would get for these permissions, or None when all are given."""
    probe = Operation(
        service="s3",
        name=ctx.operation,
        call=_nothing,
        is_async=False,
        action=accesses[0].action,
        resource=lambda _ctx, _req: accesses,
        fidelity="real",
        data_event=False,
    )
    app: Any = ctx.app
    try:
        app.authorizer.authorize(ctx, probe, {}, app.resource_policy)
    except Denied as error:
        return error
    return None


def allowed(ctx: Context, action: str, resource: str) -> bool:
    return denial(ctx, Access(action, resource)) is None


def missing_key(ctx: Context, bucket: str, key: str) -> S3Error:
    """What a caller learns of a key that is not there: only who may list the bucket is told that.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html ("Permissions")
    """
    if allowed(ctx, "s3:ListBucket", bucket_arn(ctx, bucket)):
        return NoSuchKey(key)
    return AccessDenied()
