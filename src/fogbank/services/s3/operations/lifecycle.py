"""Bucket configurations that are checked, stored and returned: lifecycle, replication, object lock and those by id.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns
from ..errors import InvalidArgument, InvalidBucketState, InvalidRequest, MalformedXML
from ..lookups import require_bucket
from ..records import CONFIGS
from .configs import delete, get, put

Request = dict[str, Any]
_NO_LIFECYCLE = ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
_NO_REPLICATION = ("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
_NO_LOCK = (
    "ObjectLockConfigurationNotFoundError",
    "Object Lock configuration does not exist for this bucket",
)
_ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)


@operation("s3", "PutBucketLifecycleConfiguration", action="s3:PutLifecycleConfiguration", resource=arns.bucket,
           fidelity="recorded")  # fmt: skip
def put_lifecycle(ctx: Context, req: Request) -> dict[str, Any]:
    """Checks and stores the rules; Fogbank does not carry them out yet."""
    rules = (req.get("LifecycleConfiguration") or {}).get("Rules") or []
    if not 1 <= len(rules) <= 1000:
        raise MalformedXML
    seen = set()
    for rule in rules:
        if rule.get("Status") not in ("Enabled", "Disabled") or ("Filter" not in rule and "Prefix" not in rule):
            raise MalformedXML
        if not any(rule.get(action) for action in _ACTIONS):
            raise InvalidRequest("At least one action needs to be specified in a rule")
        rule.setdefault("ID", ctx.ids.hex(32))
        if len(rule["ID"]) > 255:
            raise InvalidArgument("ID length should not exceed allowed limit of 255")
        if rule["ID"] in seen:
            raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
        seen.add(rule["ID"])
    minimum = req.get("TransitionDefaultMinimumObjectSize") or "all_storage_classes_128K"
    put(ctx, req, "lifecycle", {"Rules": rules, "TransitionDefaultMinimumObjectSize": minimum})
    return {"TransitionDefaultMinimumObjectSize": minimum}


@operation("s3", "GetBucketLifecycleConfiguration", action="s3:GetLifecycleConfiguration", resource=arns.bucket)
def get_lifecycle(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the rules. Raises NoSuchLifecycleConfiguration when there are none."""
    return dict(get(ctx, req, "lifecycle", *_NO_LIFECYCLE))


@operation("s3", "DeleteBucketLifecycle", action="s3:PutLifecycleConfiguration", resource=arns.bucket)
def delete_lifecycle(ctx: Context, req: Request) -> dict[str, Any]:
    """Deletes the rules."""
    return delete(ctx, req, "lifecycle")


@operation("s3", "PutBucketReplication", action="s3:PutReplicationConfiguration", resource=arns.replication,
           fidelity="recorded")  # fmt: skip
def put_replication(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the configuration of a versioned bucket; nothing is replicated yet."""
    chosen = req.get("ReplicationConfiguration") or {}
    if not chosen.get("Role") or not chosen.get("Rules"):
        raise MalformedXML
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
    if bucket.versioning != "Enabled":
        raise InvalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    put(ctx, req, "replication", chosen)
    return {}


@operation("s3", "GetBucketReplication", action="s3:GetReplicationConfiguration", resource=arns.bucket)
def get_replication(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns the configuration. Raises ReplicationConfigurationNotFoundError when there is none."""
    return {"ReplicationConfiguration": get(ctx, req, "replication", *_NO_REPLICATION)}


@operation("s3", "DeleteBucketReplication", action="s3:PutReplicationConfiguration", resource=arns.bucket)
def delete_replication(ctx: Context, req: Request) -> dict[str, Any]:
    """Deletes the configuration."""
    return delete(ctx, req, "replication")


@operation("s3", "GetObjectLockConfiguration", action="s3:GetBucketObjectLockConfiguration", resource=arns.bucket)
def get_object_lock(ctx: Context, req: Request) -> dict[str, Any]:
    """Returns whether the bucket has Object Lock, and its default retention."""
    return {"ObjectLockConfiguration": get(ctx, req, "object-lock", *_NO_LOCK)}


@operation("s3", "PutObjectLockConfiguration", action="s3:PutBucketObjectLockConfiguration", resource=arns.bucket,
           fidelity="recorded")  # fmt: skip
def put_object_lock(ctx: Context, req: Request) -> dict[str, Any]:
    """Stores the configuration; retention is not enforced yet."""
    chosen = req.get("ObjectLockConfiguration") or {}
    if chosen.get("ObjectLockEnabled") != "Enabled":
        raise MalformedXML
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
    if bucket.versioning != "Enabled":
        raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
    put(ctx, req, "object-lock", chosen)
    return {}


# -- configurations by id ----------------------------------------------------------------------------------------------


def _put_by_id(ctx: Context, req: Request, kind: str, member: str) -> dict[str, Any]:
    chosen = req.get(member)
    if chosen is None or not req.get("Id"):
        raise MalformedXML
    if chosen.get("Id") != req["Id"]:
        raise InvalidArgument("The ID in the request does not match the ID in the configuration.")
    put(ctx, req, kind, chosen, req["Id"])
    return {}


def _get_by_id(ctx: Context, req: Request, kind: str, member: str) -> dict[str, Any]:
    text = "The specified configuration does not exist."
    return {member: get(ctx, req, kind, "NoSuchConfiguration", text, req.get("Id") or "")}


def _list_by_id(ctx: Context, req: Request, kind: str, member: str) -> dict[str, Any]:
    with ctx.read() as tx:
        bucket = require_bucket(tx, ctx, req)
        found = [each.value for each in tx.scan(CONFIGS, (bucket.name, kind))]
    return {"IsTruncated": False, member: found}


def _declare(kind: str, name: str, many: str, action: str) -> None:
    """Declares Put, Get, Delete and List for one kind of configuration."""
    member = f"{name}Configuration"
    module = globals()

    def put_one(ctx: Context, req: Request) -> dict[str, Any]:
        return _put_by_id(ctx, req, kind, member)

    def get_one(ctx: Context, req: Request) -> dict[str, Any]:
        return _get_by_id(ctx, req, kind, member)

    def delete_one(ctx: Context, req: Request) -> dict[str, Any]:
        return delete(ctx, req, kind, req.get("Id") or "")

    def list_all(ctx: Context, req: Request) -> dict[str, Any]:
        return _list_by_id(ctx, req, kind, many)

    for verb, function in (("Put", put_one), ("Get", get_one), ("Delete", delete_one), ("List", list_all)):
        operation_name = f"{verb}Bucket{member}" + ("s" if verb == "List" else "")
        needed = f"s3:{'Put' if verb in ('Put', 'Delete') else 'Get'}{action}"
        function.__module__ = __name__
        module[f"{verb.lower()}_{kind}"] = operation(
            "s3", operation_name, action=needed, resource=arns.bucket, fidelity="recorded"
        )(function)


_declare("analytics", "Analytics", "AnalyticsConfigurationList", "AnalyticsConfiguration")
_declare("metrics", "Metrics", "MetricsConfigurationList", "MetricsConfiguration")
_declare("inventory", "Inventory", "InventoryConfigurationList", "InventoryConfiguration")
_declare("tiering", "IntelligentTiering", "IntelligentTieringConfigurationList", "IntelligentTieringConfiguration")
