"""Tags of buckets, for the Resource Groups Tagging API. PutBucketTagging replaces all tags, so they are read first.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.taggable import Taggable
from fogbank.store.api import Reader

from .lookups import config
from .records import BUCKETS


def _each(tx: Reader, ctx: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    for bucket in tx.scan_index(BUCKETS, "account", (ctx.account,)):
        if bucket.region == ctx.region:
            yield f"arn:{ctx.partition}:s3:::{bucket.name}", config(tx, bucket.name, "tagging") or {}


async def _held(ctx: Context, bucket: str) -> dict[str, str]:
    try:
        return tags.from_list((await ctx.call("s3", "GetBucketTagging", {"Bucket": bucket}))["TagSet"])
    except ServiceError as error:
        if error.code != "NoSuchTagSet":
            raise
        return {}


async def _tag(ctx: Context, arn: str, given: Mapping[str, str]) -> None:
    bucket = arn.rpartition(":")[2]
    held = await _held(ctx, bucket)
    request = {"Bucket": bucket, "Tagging": {"TagSet": tags.to_list({**held, **given})}}
    await ctx.call("s3", "PutBucketTagging", request)


async def _untag(ctx: Context, arn: str, keys: list[str]) -> None:
    bucket = arn.rpartition(":")[2]
    left = tags.without(await _held(ctx, bucket), keys)
    if left:
        await ctx.call("s3", "PutBucketTagging", {"Bucket": bucket, "Tagging": {"TagSet": tags.to_list(left)}})
    else:
        await ctx.call("s3", "DeleteBucketTagging", {"Bucket": bucket})


TAGGABLE = Taggable(each=_each, tag=_tag, untag=_untag)
