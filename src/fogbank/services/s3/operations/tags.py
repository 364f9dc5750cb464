"""Tags of objects and buckets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation

from .. import arns, shapes
from ..errors import MalformedXML, NoSuchConfig
from ..lookups import config, require_bucket
from ..names import tags_of_set
from ..records import CONFIGS, Bucket, Config, Object
from .reads import change_object, require_object


def _asked(req: dict[str, Any], limit: int) -> dict[str, str]:
    tagging = req.get("Tagging")
    if tagging is None or any("Key" not in tag for tag in tagging.get("TagSet") or []):
        raise MalformedXML
    return tags_of_set(tagging.get("TagSet") or [], limit)


def _tag_set(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _put_access(ctx: Context, req: dict[str, Any]) -> Access:
    """Returns the access of PutObjectTagging, with the new tags as condition keys."""
    found = arns.on_object("s3:PutObjectTagging", "s3:PutObjectVersionTagging")(ctx, req)
    tags = [t for t in ((req.get("Tagging") or {}).get("TagSet") or []) if "Key" in t]
    conditions = {f"s3:RequestObjectTag/{tag['Key']}": tag.get("Value", "") for tag in tags}
    keys = [tag["Key"] for tag in tags]
    return Access(found.action, found.resource, {**found.conditions, **conditions, "s3:RequestObjectTagKeys": keys})


@operation("s3", "PutObjectTagging", resource=_put_access, data_event=True)
def put_object_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replaces the tags of an object; at most ten."""
    tags = _asked(req, 10)

    def change(bucket: Bucket, found: Object) -> None:
        found.tags = tags

    return change_object(ctx, req, change)


@operation(
    "s3",
    "GetObjectTagging",
    resource=arns.on_object("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    data_event=True,
)
def get_object_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the tags of an object; the list may be empty."""
    bucket, found = require_object(ctx, req)
    return {"TagSet": _tag_set(found.tags), **shapes.version_member(bucket, found)}


@operation(
    "s3", "DeleteObjectTagging", resource=arns.on_object("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging")
)
def delete_object_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Removes every tag of an object."""

    def change(bucket: Bucket, found: Object) -> None:
        found.tags = {}

    return change_object(ctx, req, change)


@operation("s3", "PutBucketTagging", resource=arns.bucket)
def put_bucket_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replaces the tags of a bucket; at most fifty."""
    tags = _asked(req, 50)
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        tx.put(CONFIGS, Config(bucket=bucket.name, kind="tagging", value=tags))
    return {}


@operation("s3", "GetBucketTagging", resource=arns.bucket)
def get_bucket_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the tags of a bucket. Raises NoSuchTagSet when there are none."""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        tags = config(tx, bucket.name, "tagging")
    if not tags:
        raise NoSuchConfig("NoSuchTagSet", "The TagSet does not exist", bucket.name)
    return {"TagSet": _tag_set(tags)}


@operation("s3", "DeleteBucketTagging", action="s3:PutBucketTagging", resource=arns.bucket)
def delete_bucket_tagging(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Removes every tag of a bucket."""
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        tx.delete(CONFIGS, (bucket.name, "tagging", ""))
    return {}


@operation("s3", "PutBucketAbac", resource=arns.bucket)
def put_bucket_abac(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Let policies decide by the bucket's tags, for the bucket and its objects.

    In AWS PutBucketTagging is refused from then on, and S3 Control's TagResource sets the tags. Here both set them.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAbac.html
    """
    status = (req.get("AbacStatus") or {}).get("Status")
    if status not in ("Enabled", "Disabled"):
        raise MalformedXML
    with ctx.write() as tx:
        bucket = require_bucket(tx, ctx, req)
        tx.put(CONFIGS, Config(bucket=bucket.name, kind="abac", value=status))
    return {}


@operation("s3", "GetBucketAbac", resource=arns.bucket)
def get_bucket_abac(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAbac.html"""
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        return {"AbacStatus": {"Status": config(tx, bucket.name, "abac") or "Disabled"}}
