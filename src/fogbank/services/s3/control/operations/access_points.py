"""Access points. They are kept with their policies: requests through them are not served yet.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.auth.policy.public import is_public
from fogbank.core import documents, tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from ... import account_block
from ...errors import MalformedPolicy
from ...records import BUCKETS
from ..errors import AccessPointAlreadyOwnedByYou, InvalidRequest, InvalidToken, NoSuchAccessPointPolicy
from ..find import ACCESS_POINT, account, of
from ..records import ACCESS_POINTS, Thing

_named = of(ACCESS_POINT, "Name")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,48}[a-z0-9]")
ALL = dict.fromkeys(account_block.NAMES, True)


@operation("s3control", "CreateAccessPoint", action="s3:CreateAccessPoint", resource=_named, fidelity="recorded")
def create_access_point(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep an access point of a bucket of this region."""
    name = req["Name"]
    if not _NAME.fullmatch(name) or name.endswith("-s3alias"):
        raise InvalidRequest("The specified access point name is not valid.")  # not confirmed
    with ctx.write() as tx:
        if ACCESS_POINT.find(tx, ctx, name) is not None:
            raise AccessPointAlreadyOwnedByYou
        bucket = tx.get(BUCKETS, (req["Bucket"],))
        owner = req.get("BucketAccountId") or ctx.account
        if bucket is None or bucket.account != owner:
            raise InvalidRequest("Amazon S3 was unable to validate the bucket you provided.")  # not confirmed
        data = {
            "Bucket": bucket.name,
            "BucketAccountId": owner,
            "Alias": f"{name[:32]}-{ctx.ids.lower(30)}-s3alias",
            "VpcConfiguration": req.get("VpcConfiguration"),
            "PublicAccessBlockConfiguration": req.get("PublicAccessBlockConfiguration") or ALL,
        }
        made = Thing(account=ctx.account, region=ctx.region, id=name, created=ctx.now(), data=data,
                     tags=tags.from_list(req.get("Tags")))  # fmt: skip
        tx.put(ACCESS_POINTS, made)
    return {"AccessPointArn": _arn(ctx, made), "Alias": data["Alias"]}


def _arn(ctx: Context, found: Thing) -> str:
    return ACCESS_POINT.arn(ctx, (found.account, found.region, found.id), found)


def _shape(ctx: Context, found: Thing) -> dict[str, Any]:
    vpc = found.data["VpcConfiguration"]
    return {
        "Name": found.id,
        "NetworkOrigin": "VPC" if vpc else "Internet",
        **({"VpcConfiguration": vpc} if vpc else {}),
        "Bucket": found.data["Bucket"],
        "BucketAccountId": found.data["BucketAccountId"],
        "Alias": found.data["Alias"],
        "AccessPointArn": _arn(ctx, found),
    }


@operation("s3control", "GetAccessPoint", action="s3:GetAccessPoint", resource=_named, fidelity="recorded")
def get_access_point(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """An access point."""
    with ctx.read() as tx:
        found = ACCESS_POINT.require(tx, ctx, req["Name"])
    host = f"s3-accesspoint{{}}.{ctx.region}.amazonaws.com"
    endpoints = {"ipv4": host.format(""), "dualstack": host.format(".dualstack"), "fips": host.format("-fips")}
    return {
        **_shape(ctx, found),
        "PublicAccessBlockConfiguration": found.data["PublicAccessBlockConfiguration"],
        "CreationDate": found.created,
        "Endpoints": endpoints,
    }


@operation("s3control", "ListAccessPoints", action="s3:ListAccessPoints", resource=account, fidelity="recorded")
def list_access_points(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The access points of the region, or of one bucket."""
    with ctx.read() as tx:
        there = list(tx.scan(ACCESS_POINTS, (ctx.account, ctx.region)))
    found = [each for each in there if req.get("Bucket") in (None, each.data["Bucket"])]
    pages = Pages(ctx, InvalidToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 1000, lambda each: each.id)
    return {"AccessPointList": [_shape(ctx, each) for each in shown], **more}


@operation("s3control", "DeleteAccessPoint", action="s3:DeleteAccessPoint", resource=_named, fidelity="recorded")
def delete_access_point(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete an access point."""
    with ctx.write() as tx:
        tx.delete(ACCESS_POINTS, ACCESS_POINTS.key(ACCESS_POINT.require(tx, ctx, req["Name"])))
    return {}


# -- policies ----------------------------------------------------------------------------------------------------------


@operation("s3control", "PutAccessPointPolicy", action="s3:PutAccessPointPolicy", resource=_named, fidelity="recorded")
def put_access_point_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attach a policy."""
    try:
        documents.read_object(req["Policy"])
    except documents.BadDocument:
        raise MalformedPolicy("This policy contains invalid Json") from None
    with ctx.write() as tx:
        found = ACCESS_POINT.require(tx, ctx, req["Name"])
        found.policy = req["Policy"]
        tx.put(ACCESS_POINTS, found)
    return {}


def _policy(ctx: Context, req: dict[str, Any]) -> str:
    with ctx.read() as tx:
        found = ACCESS_POINT.require(tx, ctx, req["Name"])
    if not found.policy:
        raise NoSuchAccessPointPolicy
    return found.policy


@operation("s3control", "GetAccessPointPolicy", action="s3:GetAccessPointPolicy", resource=_named, fidelity="recorded")
def get_access_point_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The policy as it was attached."""
    return {"Policy": _policy(ctx, req)}


@operation(
    "s3control", "GetAccessPointPolicyStatus", action="s3:GetAccessPointPolicyStatus", resource=_named,
    fidelity="recorded",
)  # fmt: skip
def get_access_point_policy_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Whether the policy admits everybody."""
    return {"PolicyStatus": {"IsPublic": is_public(_policy(ctx, req))}}


@operation(
    "s3control", "DeleteAccessPointPolicy", action="s3:DeleteAccessPointPolicy", resource=_named, fidelity="recorded"
)
def delete_access_point_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Detach the policy."""
    with ctx.write() as tx:
        found = ACCESS_POINT.require(tx, ctx, req["Name"])
        found.policy = ""
        tx.put(ACCESS_POINTS, found)
    return {}
