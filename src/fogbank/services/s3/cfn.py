"""AWS::S3::Bucket and AWS::S3::BucketPolicy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucketpolicy.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import text, truth, unless, without_system
from fogbank.core.cfn_tables import Call, Named, table
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Reader, Transaction

from . import cfn_properties
from .records import BUCKETS, CONFIGS, Config

GONE = "NoSuchBucket"
_MARK = "cloudformation"  # which CREATE made the bucket: a retried CREATE recognizes its own bucket by it


def _found(tx: Reader, name: str, token: str) -> tuple[bool, bool]:
    """Returns (whether the bucket exists, whether the creation with this token made it)."""
    mark = tx.get(CONFIGS, (name, _MARK, ""))
    return tx.get(BUCKETS, (name,)) is not None, mark is not None and mark.value == token


def _mark(tx: Transaction, name: str, token: str) -> None:
    tx.put(CONFIGS, Config(bucket=name, kind=_MARK, value=token))


def _unmark(tx: Transaction, name: str) -> None:
    if tx.get(BUCKETS, (name,)) is None:
        tx.delete(CONFIGS, (name, _MARK, ""))


@resource(
    "AWS::S3::Bucket",
    unbuilt=(
        "AbacStatus",
        "BucketNamePrefix",
        "BucketNamespace",
        "MetadataConfiguration",
        "MetadataTableConfiguration",
        "MetricsConfigurations/*/AccessPointArn",
    ),
)
class Bucket:
    """Ref: the name. GetAtt: Arn, DomainName, DualStackDomainName, RegionalDomainName, WebsiteURL."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("BucketName") or name.physical(limit=63, lower=True)
        token = f"{name.stack_id}/{name.logical_id}/{name.token}"
        exists, mine = await ctx.fetch(_found, chosen, token)
        if exists and not mine:
            raise ResourceFailed(f"{chosen} already exists")
        if not exists:
            await ctx.transact(_mark, chosen, token)
            try:
                await ctx.call("s3", "CreateBucket", _creation(ctx, chosen, properties))
            except ServiceError as error:
                await ctx.transact(_unmark, chosen)
                if error.code in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
                    raise ResourceFailed(f"{chosen} already exists")
                raise
        await self._configure(ctx, chosen, {}, properties)
        return _made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._configure(ctx, physical_id, old, new)
        return _made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("s3", "DeleteBucket", {"Bucket": physical_id}), GONE)

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        bucket = {"Bucket": physical_id}
        versioning = await unless(ctx.call("s3", "GetBucketVersioning", bucket), GONE)
        if versioning is None:
            return None
        tags = await unless(ctx.call("s3", "GetBucketTagging", bucket), "NoSuchTagSet")
        access = await unless(ctx.call("s3", "GetPublicAccessBlock", bucket), "NoSuchPublicAccessBlockConfiguration")
        return {
            "BucketName": physical_id,
            "VersioningConfiguration": {"Status": versioning["Status"]} if versioning.get("Status") else None,
            "PublicAccessBlockConfiguration": access["PublicAccessBlockConfiguration"] if access else None,
            "Tags": (without_system(tags["TagSet"]) or None) if tags else None,
        }

    async def list(self, ctx: Context) -> list[str]:
        return [bucket["Name"] for bucket in (await ctx.call("s3", "ListBuckets"))["Buckets"]]

    async def _configure(self, ctx: Context, bucket: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Calls S3 for every sub-resource whose new properties differ from the old ones."""
        for operation, request in cfn_properties.changes(old, new):
            await ctx.call("s3", operation, {"Bucket": bucket, **request})


def _creation(ctx: Context, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"Bucket": name}
    if ctx.region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": ctx.region}
    if truth(properties.get("ObjectLockEnabled")):
        request["ObjectLockEnabledForBucket"] = True
    return request


def _made(ctx: Context, name: str) -> Resource:
    domain = "amazonaws.com.cn" if ctx.partition == "aws-cn" else "amazonaws.com"
    return Resource(
        name,
        {
            "Arn": f"arn:{ctx.partition}:s3:::{name}",
            "DomainName": f"{name}.s3.{domain}",
            "DualStackDomainName": f"{name}.s3.dualstack.{ctx.region}.{domain}",
            "RegionalDomainName": f"{name}.s3.{ctx.region}.{domain}",
            "WebsiteURL": f"http://{name}.s3-website-{ctx.region}.{domain}",
        },
    )


BUCKET_POLICY = table(
    "AWS::S3::BucketPolicy",  # Ref: the bucket's name
    Named(
        "s3",
        name="Bucket",
        create=Call("PutBucketPolicy", lambda bucket, p: {"Bucket": bucket, "Policy": text(p["PolicyDocument"])}),
        delete=Call("DeleteBucketPolicy", lambda bucket, p: {"Bucket": bucket}),
        gone=(GONE,),
    ),
)
