"""Access control lists and Object Ownership.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import acls, arns
from ..bucket_cache import keep
from ..errors import (
    AccessControlListNotSupported,
    AccessDenied,
    InvalidBucketAclWithObjectOwnership,
    MalformedXML,
    NoSuchConfig,
)
from ..lookups import require_bucket
from ..records import Bucket, Object
from ..shapes import owner
from .reads import change_object, require_object

_OWNERSHIPS = ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")


@operation("s3", "GetBucketAcl", resource=arns.bucket)
def get_bucket_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the owner and the bucket's grants."""
    with ctx.read() as tx:
        found = require_bucket(tx, ctx, req)
    return {"Owner": owner(found.account), "Grants": acls.grants_of(found.grants, found.account)}


@operation("s3", "PutBucketAcl", resource=arns.bucket)
def put_bucket_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Sets a canned ACL, or a document that equals one. Fails where Object Ownership has turned ACLs off."""
    with ctx.write() as tx:
        found = require_bucket(tx, ctx, req)
        found.grants = _asked(req, found)
        keep(tx, found)
    return {}


def _asked(req: dict[str, Any], bucket: Bucket) -> str:
    if bucket.ownership == acls.ENFORCED:
        policy = req.get("AccessControlPolicy")
        if req.get("ACL") == "bucket-owner-full-control" or (policy and _only_owner(policy, bucket)):
            return "private"
        raise AccessControlListNotSupported
    canned: str
    if req.get("AccessControlPolicy"):
        canned = acls.canned_of_policy(req["AccessControlPolicy"], bucket.account)
    elif req.get("ACL"):
        canned = acls.check_object_acl(req, bucket)
    else:
        raise MalformedXML
    if acls.is_public(canned) and bucket.blocked[acls.BLOCK_PUBLIC_ACLS]:
        raise AccessDenied
    return canned


def _only_owner(policy: dict[str, Any], bucket: Bucket) -> bool:
    return acls.canned_of_policy(policy, bucket.account) == "private"


@operation("s3", "GetObjectAcl", resource=arns.on_object("s3:GetObjectAcl", "s3:GetObjectVersionAcl"), data_event=True)
def get_object_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the grants of one object."""
    bucket, found = require_object(ctx, req)
    who = found.owner or bucket.account
    return {"Owner": owner(who), "Grants": acls.grants_of(found.grants, who)}


@operation("s3", "PutObjectAcl", resource=arns.on_object("s3:PutObjectAcl", "s3:PutObjectVersionAcl"), data_event=True)
def put_object_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Like PutBucketAcl, for one object."""

    def change(bucket: Bucket, found: Object) -> None:
        found.grants = _asked(req, bucket)

    return change_object(ctx, req, change)


@operation("s3", "GetBucketOwnershipControls", resource=arns.bucket)
def get_ownership(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the ownership setting, BucketOwnerEnforced by default. Raises a 404 when the controls were removed."""
    with ctx.read() as tx:
        found = require_bucket(tx, ctx, req)
    if not found.ownership:
        raise NoSuchConfig("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", found.name)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": found.ownership}]}}


@operation("s3", "PutBucketOwnershipControls", resource=arns.bucket)
def put_ownership(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Sets exactly one rule. The bucket's ACL must be private before BucketOwnerEnforced turns ACLs off."""
    rules = (req.get("OwnershipControls") or {}).get("Rules") or []
    if len(rules) != 1 or rules[0].get("ObjectOwnership") not in _OWNERSHIPS:
        raise MalformedXML
    with ctx.write() as tx:
        found = require_bucket(tx, ctx, req)
        if rules[0]["ObjectOwnership"] == acls.ENFORCED and found.grants != "private":
            raise InvalidBucketAclWithObjectOwnership
        found.ownership = rules[0]["ObjectOwnership"]
        keep(tx, found)
    return {}


@operation("s3", "DeleteBucketOwnershipControls", action="s3:PutBucketOwnershipControls", resource=arns.bucket)
def delete_ownership(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Removes the controls: the bucket then behaves as with ObjectWriter, and GetBucketOwnershipControls fails."""
    with ctx.write() as tx:
        found = require_bucket(tx, ctx, req)
        found.ownership = ""
        keep(tx, found)
    return {}
