"""Creating, finding and deleting buckets.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""

from __future__ import annotations

import math
import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import account_block, arns
from ..acls import check_bucket_acl
from ..bucket_cache import forget, keep
from ..errors import (
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraint,
    InvalidArgument,
    InvalidLocationConstraint,
    TooManyBuckets,
)
from ..lookups import region_of, require_bucket
from ..names import check_bucket_name, tags_of_set
from ..paging import open_token, token
from ..records import BUCKETS, CONFIGS, OBJECTS, UPLOADED, UPLOADS, VERSIONS, Bucket, Config
from ..shapes import owner
from ..storage import release_blobs

BUCKETS_PER_ACCOUNT = "L-DC2B2D3D"  # quota code

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def _refuse_more(tx: Reader, ctx: Context) -> None:
    """Raises TooManyBuckets at the quota: 10,000 buckets of an account in all regions, unless it was raised."""
    limit = ctx.quota("s3", BUCKETS_PER_ACCOUNT, tx)
    if limit < math.inf:
        owned = tx.scan_index(BUCKETS, "account", (ctx.account,), limit=int(limit))
        if sum(1 for _ in owned) >= limit:
            raise TooManyBuckets


@operation("s3", "CreateBucket", resource=arns.create_bucket)
def create_bucket(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Creates a bucket under a name that is free across all accounts.

    Creating one's own bucket again succeeds in us-east-1 only, as on AWS.
    """
    name = req["Bucket"]
    check_bucket_name(name)
    chosen = req.get("CreateBucketConfiguration") or {}
    region = _region(ctx, chosen.get("LocationConstraint"))
    ownership = req.get("ObjectOwnership") or "BucketOwnerEnforced"
    grants = check_bucket_acl(req, ownership)
    tags = tags_of_set(chosen.get("Tags") or [], 50)
    with ctx.write() as tx:
        found = tx.get(BUCKETS, (name,))
        if found is not None:
            if found.account != ctx.account:
                raise BucketAlreadyExists(BucketName=name)
            if region != "us-east-1" or found.region != region:
                raise BucketAlreadyOwnedByYou(BucketName=name)
            return _created(ctx, name)
        _refuse_more(tx, ctx)
        made = Bucket(
            name=name,
            account=ctx.account,
            region=region,
            created=ctx.now(),
            ownership=ownership,
            grants=grants,
            account_access=account_block.flags(tx, ctx.account),
        )
        keep(tx, made)
        if tags:
            tx.put(CONFIGS, Config(bucket=name, kind="tagging", value=tags))
        if req.get("ObjectLockEnabledForBucket"):
            made.versioning = "Enabled"
            keep(tx, made)
            tx.put(CONFIGS, Config(bucket=name, kind="object-lock", value={"ObjectLockEnabled": "Enabled"}))
    return _created(ctx, name)


def _created(ctx: Context, name: str) -> dict[str, Any]:
    return {"Location": f"/{name}", "BucketArn": arns.bucket_arn(ctx, name)}


def _region(ctx: Context, location: str | None) -> str:
    """Returns the bucket's region. The location constraint must fit the endpoint's region."""
    if location is None:
        if ctx.region != "us-east-1":
            raise IllegalLocationConstraint(
                "The unspecified location constraint is incompatible for the region specific endpoint this request "
                "was sent to."
            )
        return ctx.region
    region = region_of(ctx, location)
    if location == "us-east-1" or not _REGION.fullmatch(region):
        raise InvalidLocationConstraint(LocationConstraint=location)
    if ctx.region not in ("us-east-1", region):
        raise IllegalLocationConstraint(
            f"The {location} location constraint is incompatible for the region specific endpoint this request was "
            "sent to."
        )
    return region


@operation("s3", "HeadBucket", action="s3:ListBucket", resource=arns.bucket)
def head_bucket(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Confirms that the bucket exists and returns its region."""
    with ctx.read() as tx:
        found = require_bucket(tx, ctx, req)
    return {
        "BucketRegion": found.region,
        "AccessPointAlias": False,
        "BucketArn": arns.bucket_arn(ctx, found.name),
    }


@operation("s3", "GetBucketLocation", resource=arns.bucket)
def get_bucket_location(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the region; an empty answer stands for us-east-1."""
    with ctx.read() as tx:
        found = require_bucket(tx, ctx, req)
    return {} if found.region == "us-east-1" else {"LocationConstraint": found.region}


@operation("s3", "ListBuckets", action="s3:ListAllMyBuckets", resource="*")
def list_buckets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists the account's buckets by name; in pages when MaxBuckets is given."""
    limit = req.get("MaxBuckets")
    if limit is not None and not 1 <= limit <= 10000:
        raise InvalidArgument(
            "Argument max-buckets must be an integer between 1 and 10000",
            ArgumentName="max-buckets",
            ArgumentValue=str(limit),
        )
    prefix, region = req.get("Prefix") or "", req.get("BucketRegion")
    after = open_token(ctx, req["ContinuationToken"], "buckets") if req.get("ContinuationToken") else ""
    entries: list[dict[str, Any]] = []
    answer: dict[str, Any] = {"Buckets": entries, "Owner": owner(ctx.account)}
    if prefix:
        answer["Prefix"] = prefix
    with ctx.read() as tx:
        for found in tx.scan_index(BUCKETS, "account", (ctx.account,), start=(ctx.account, max(prefix, after))):
            if not found.name.startswith(prefix):
                break
            if found.name <= after or (region and found.region != region):
                continue
            if limit is not None and len(entries) == limit:
                answer["ContinuationToken"] = token(ctx, entries[-1]["Name"], "buckets")
                break
            entry = {"Name": found.name, "CreationDate": int(found.created)}
            if limit is not None or region or prefix:
                entry["BucketRegion"] = found.region
            entry["BucketArn"] = arns.bucket_arn(ctx, found.name)
            entries.append(entry)
    return answer


@operation("s3", "DeleteBucket", resource=arns.bucket)
def delete_bucket(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes an empty bucket: one without objects, versions and delete markers.

    Its unfinished uploads are deleted with it.
    """
    with ctx.write() as tx:
        found = require_bucket(tx, ctx, req)
        name = found.name
        for table in (OBJECTS, VERSIONS):
            if next(iter(tx.scan(table, (name,), limit=1)), None) is not None:
                raise BucketNotEmpty(BucketName=name)
        drop_bucket(tx, ctx, name)
    return {}


def drop_bucket(tx: Transaction, ctx: Context, name: str) -> None:
    """Removes an empty bucket, its sub-resources and its unfinished uploads."""
    for config in list(tx.scan(CONFIGS, (name,))):
        tx.delete(CONFIGS, (name, config.kind, config.id))
    _drop_uploads(tx, ctx, name)
    forget(tx, name)


def _drop_uploads(tx: Transaction, ctx: Context, name: str) -> None:
    for upload in list(tx.scan(UPLOADS, (name,))):
        tx.delete(UPLOADS, (name, upload.key, upload.id))
        parts = list(tx.scan(UPLOADED, (name, upload.id)))
        for part in parts:
            tx.delete(UPLOADED, (name, part.upload, part.number))
        release_blobs(tx, ctx, [part.blob for part in parts])
