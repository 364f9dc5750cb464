"""Tags by ARN, of buckets and of what S3 Control keeps.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_TagResource.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from ...lookups import config, require_bucket
from ...names import tags_of_set
from ...records import CONFIGS, Config
from ..errors import NoSuchResource
from ..find import bucket_of, by_arn, tagged

MOST = 50


def _read(tx: Reader, ctx: Context, arn: str) -> dict[str, str]:
    """The tags of a resource. Raises if there is no such thing."""
    known = by_arn(ctx, arn)
    if known is None:
        bucket = require_bucket(tx, ctx, {"Bucket": bucket_of(ctx, arn)})
        return dict(config(tx, bucket.name, "tagging") or {})
    found = known[0].find(tx, ctx, known[1])
    if found is None:
        raise NoSuchResource
    return dict(found.tags)


def _write(tx: Transaction, ctx: Context, arn: str, held: dict[str, str]) -> None:
    checked = tags_of_set(tags.to_list(held), MOST)
    known = by_arn(ctx, arn)
    if known is None:
        bucket = bucket_of(ctx, arn)
        if checked:
            tx.put(CONFIGS, Config(bucket=bucket, kind="tagging", value=checked))
        else:
            tx.delete(CONFIGS, (bucket, "tagging", ""))
        return
    thing = known[0].require(tx, ctx, known[1])
    thing.tags = checked
    tx.put(known[0].table, thing)


@operation("s3control", "TagResource", action="s3:TagResource", resource=tagged)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or change their values."""
    arn = req["ResourceArn"]
    with ctx.write() as tx:
        _write(tx, ctx, arn, _read(tx, ctx, arn) | tags.from_list(req["Tags"]))
    return {}


@operation("s3control", "UntagResource", action="s3:UntagResource", resource=tagged)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key."""
    arn = req["ResourceArn"]
    with ctx.write() as tx:
        _write(tx, ctx, arn, tags.without(_read(tx, ctx, arn), req["TagKeys"]))
    return {}


@operation("s3control", "ListTagsForResource", action="s3:ListTagsForResource", resource=tagged)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags; an empty list if there are none."""
    with ctx.read() as tx:
        return {"Tags": tags.to_list(_read(tx, ctx, req["ResourceArn"]))}
