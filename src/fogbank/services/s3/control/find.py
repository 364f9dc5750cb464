"""The look-up of what requests to S3 Control name, and the account that they must be for.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html

A request for another account than the caller's is denied: AWS lets no account manage another's here, but for access
points of shared buckets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named, nobodys
from fogbank.store.api import Table

from .. import arns
from . import errors
from .records import ACCESS_POINTS, GRANTS, INSTANCES, JOBS, LENS_GROUPS, LENSES, LOCATIONS, Thing

Req = dict[str, Any]
DEFAULT = "default"  # the one access grants instance of a region


def _kind(word: str, path: str, table: Table[Thing], missing: type[ServiceError]) -> Kind[Thing]:
    return Kind(
        word,
        table,
        key=lambda ctx, text: (ctx.account, ctx.region, text),
        arn=lambda ctx, key, thing: ctx.arn("s3", f"{path}/{key[2]}"),
        missing=lambda ctx, key: missing(),
        policy=lambda thing: thing.policy or None,
    )


ACCESS_POINT = _kind("accesspoint", "accesspoint", ACCESS_POINTS, errors.NoSuchAccessPoint)
JOB = _kind("job", "job", JOBS, errors.NotFoundException)
LENS = _kind("storage-lens", "storage-lens", LENSES, errors.NoSuchConfiguration)
LENS_GROUP = _kind("storage-lens-group", "storage-lens-group", LENS_GROUPS, errors.NoSuchConfiguration)
INSTANCE = _kind("access-grants", "access-grants", INSTANCES, errors.NoSuchAccessGrantsInstance)
LOCATION = _kind("access-grants-location", f"access-grants/{DEFAULT}/location", LOCATIONS,
                 errors.NoSuchAccessGrantsLocation)  # fmt: skip
GRANT = _kind("access-grants-grant", f"access-grants/{DEFAULT}/grant", GRANTS, errors.NoSuchAccessGrant)


def foreign(ctx: Context, req: Req) -> Named | None:
    """What denies a request that is for another account."""
    return None if req["AccountId"] == ctx.account else nobodys(str(req["AccountId"]))


def account(ctx: Context, req: Req) -> Named | Literal["*"]:
    """For what concerns the whole account."""
    return foreign(ctx, req) or "*"


def of(kind: Kind[Thing], member: str) -> Callable[[Context, Req], Named]:
    """The thing that a member names, of the caller's account."""

    def resource(ctx: Context, req: Req) -> Named:
        found = kind.name(ctx, req[member])
        return foreign(ctx, req) or found

    return resource


def instance(ctx: Context, req: Req) -> Named:
    found = INSTANCE.name(ctx, DEFAULT)
    return foreign(ctx, req) or found


# -- by ARN, for tags --------------------------------------------------------------------------------------------------

_TAGGED = (LOCATION, GRANT, INSTANCE, ACCESS_POINT, LENS_GROUP)  # the longer paths first


def by_arn(ctx: Context, arn: str) -> tuple[Kind[Thing], str] | None:
    """The kind and id of a thing that has tags, of its ARN; None for other texts, and for buckets."""
    for kind in _TAGGED:
        head = kind.arn(ctx, (ctx.account, ctx.region, ""), None)
        id = arn.removeprefix(head)
        if arn.startswith(head) and id and "/" not in id:
            return kind, id
    return None


def bucket_of(ctx: Context, arn: str) -> str:
    """The bucket of an ARN; empty for others."""
    head = arns.bucket_arn(ctx, "")
    name = arn.removeprefix(head)
    return name if arn.startswith(head) and "/" not in name else ""


def tagged(ctx: Context, req: Req) -> Named:
    """What a request about tags names by its ARN."""
    arn = req["ResourceArn"]
    found = by_arn(ctx, arn)
    bucket = bucket_of(ctx, arn)
    if found is not None:
        named = found[0].name(ctx, found[1])
    elif bucket:
        named = arns.named_bucket(ctx, bucket)
    else:
        return nobodys(arn)
    return foreign(ctx, req) or named
