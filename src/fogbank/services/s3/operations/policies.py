"""Bucket policies and Block Public Access.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.policy.public import is_public
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns
from ..bucket_cache import keep
from ..errors import AccessDenied, MalformedPolicy, MalformedXML, MethodNotAllowed, NoSuchConfig
from ..lookups import config, require_bucket
from ..policy import check_document
from ..records import CONFIGS, Bucket, Config

_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_BLOCK_POLICY = 2


@operation("s3", "PutBucketPolicy", resource=arns.bucket)
def put_bucket_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attaches a policy document. Refuses a public one when BlockPublicPolicy is on."""
    document = req.get("Policy") or ""
    if not document:
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        _owner_only(ctx, bucket)
        check_document(document, bucket.name)
        if bucket.blocked[_BLOCK_POLICY] and is_public(document):
            raise AccessDenied(
                f"User: {ctx.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
                f'"{arns.bucket_arn(ctx, bucket.name)}" because public policies are prevented by the BlockPublicPolicy '
                "setting in S3 Block Public Access."
            )
        tx.put(CONFIGS, Config(bucket=bucket.name, kind="policy", value=document))
        bucket.has_policy = True
        keep(tx, bucket)
    return {}


def _owner_only(ctx: Context, bucket: Bucket) -> None:
    """Raises MethodNotAllowed for other accounts, even when the policy would allow them."""
    if ctx.account != bucket.account:
        raise MethodNotAllowed(Method="PUT", ResourceType="BUCKETPOLICY")


@operation("s3", "GetBucketPolicy", resource=arns.bucket)
def get_bucket_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the document as it was put."""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        document = config(tx, bucket.name, "policy")
    _owner_only(ctx, bucket)
    if document is None:
        raise NoSuchConfig("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"Policy": document}


@operation("s3", "DeleteBucketPolicy", resource=arns.bucket)
def delete_bucket_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Detaches the policy."""
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        _owner_only(ctx, bucket)
        tx.delete(CONFIGS, (bucket.name, "policy", ""))
        bucket.has_policy = False
        keep(tx, bucket)
    return {}


@operation("s3", "GetBucketPolicyStatus", resource=arns.bucket)
def get_bucket_policy_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns whether the policy is public."""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        document = config(tx, bucket.name, "policy")
    if document is None:
        raise NoSuchConfig("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"PolicyStatus": {"IsPublic": is_public(document)}}


@operation("s3", "PutPublicAccessBlock", action="s3:PutBucketPublicAccessBlock", resource=arns.bucket)
def put_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Sets the four flags. A flag that the request omits is turned off."""
    asked = req.get("PublicAccessBlockConfiguration")
    if asked is None:
        raise MalformedXML
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        bucket.public_access = tuple(bool(asked.get(flag)) for flag in _FLAGS)
        keep(tx, bucket)
        tx.delete(CONFIGS, (bucket.name, "no-public-access", ""))
    return {}


@operation("s3", "GetPublicAccessBlock", action="s3:GetBucketPublicAccessBlock", resource=arns.bucket)
def get_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the flags. All are on in a bucket that never changed them, as on AWS since April 2023."""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        removed = config(tx, bucket.name, "no-public-access")
    if removed:
        raise NoSuchConfig(
            "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", bucket.name
        )
    return {"PublicAccessBlockConfiguration": dict(zip(_FLAGS, bucket.public_access, strict=True))}


@operation("s3", "DeletePublicAccessBlock", action="s3:PutBucketPublicAccessBlock", resource=arns.bucket)
def delete_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Removes the configuration: nothing is blocked any more."""
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        bucket.public_access = (False, False, False, False)
        keep(tx, bucket)
        tx.put(CONFIGS, Config(bucket=bucket.name, kind="no-public-access", value=True))
    return {}
