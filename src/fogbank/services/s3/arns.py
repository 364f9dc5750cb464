"""The resources and condition keys of S3's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from fogbank.auth import roles
from fogbank.core.conditions import Lazy
from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import Access

from .bucket_cache import Buckets
from .errors import BucketAlreadyExists, InvalidArgument
from .lookups import require_bucket
from .storage import current
from .storage import version as stored_version

Request = dict[str, Any]


def bucket_arn(ctx: Context, bucket: str) -> str:
    return f"arn:{ctx.partition}:s3:::{bucket}"


def named_bucket(ctx: Context, bucket: str) -> Named:
    return ctx.app.local(Buckets).name(ctx, bucket)


def named_object(ctx: Context, bucket: str, key: str) -> Named:
    return ctx.app.local(Buckets).name(ctx, bucket, key)


def _bucket(ctx: Context, req: Request) -> Named:
    found = named_bucket(ctx, req["Bucket"])
    return found if found.key is not None else _missing(ctx, req, found)


def _object(ctx: Context, req: Request) -> Named:
    found = named_object(ctx, req["Bucket"], req["Key"])
    return found if found.key is not None else _missing(ctx, req, found)


def _missing(ctx: Context, req: Request, found: Named) -> Named:
    """Raises NoSuchBucket for an anonymous caller; AWS tells everybody that a bucket does not exist.

    Without a bucket there is no bucket policy, so authorization would answer AccessDenied instead.
    """
    if ctx.principal.kind == "anonymous":
        with ctx.read() as tx:
            require_bucket(tx, ctx, req)
    return found


def bucket(ctx: Context, req: Request) -> Named:
    """The bucket of an operation on a bucket."""
    return _bucket(ctx, req)


def _tags_of(ctx: Context, req: Request) -> Lazy:
    """Returns the `s3:ExistingObjectTag/KEY` condition keys of an object.

    Lazy: the object is read only when a policy has conditions.
    """

    def make() -> dict[str, Any]:
        name, key, version = req["Bucket"], req["Key"], req.get("VersionId")
        with ctx.read() as tx:
            found = current(tx, name, key) if not version else stored_version(tx, name, key, version)
        tags = found.tags if found is not None else {}
        return {
            **{f"s3:ExistingObjectTag/{tag}": value for tag, value in tags.items()},
            "s3:versionid": version or None,
        }

    return Lazy(make)


def on_object(action: str, versioned: str = "") -> Callable[[Context, Request], Access]:
    """Returns a resource function for an action on the request's object.

    `versioned` is the action that applies when the request names a version.
    """

    def give(ctx: Context, req: Request) -> Access:
        versioned_too = req.get("VersionId") is not None
        return Access((versioned or action) if versioned_too else action, _object(ctx, req), _tags_of(ctx, req))

    return give


get_object = on_object("s3:GetObject", "s3:GetObjectVersion")
delete_object = on_object("s3:DeleteObject", "s3:DeleteObjectVersion")


def list_bucket(ctx: Context, req: Request) -> Access:
    return _list("s3:ListBucket", ctx, req)


def list_versions(ctx: Context, req: Request) -> Access:
    return _list("s3:ListBucketVersions", ctx, req)


def _list(action: str, ctx: Context, req: Request) -> Access:
    conditions = {"s3:prefix": req.get("Prefix") or ""}
    if req.get("Delimiter"):
        conditions["s3:delimiter"] = req["Delimiter"]
    conditions["s3:max-keys"] = str(req.get("MaxKeys", 1000))
    return Access(action, bucket(ctx, req), conditions)


_WRITE_KEYS = (
    ("s3:x-amz-acl", "ACL"),
    ("s3:x-amz-server-side-encryption", "ServerSideEncryption"),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
    ("s3:x-amz-storage-class", "StorageClass"),
    ("s3:x-amz-website-redirect-location", "WebsiteRedirectLocation"),
    ("s3:x-amz-metadata-directive", "MetadataDirective"),
    ("s3:x-amz-copy-source", "CopySource"),
    ("s3:x-amz-grant-full-control", "GrantFullControl"),
    ("s3:x-amz-grant-read", "GrantRead"),
    ("s3:x-amz-grant-write", "GrantWrite"),
    ("s3:if-none-match", "IfNoneMatch"),
    ("s3:if-match", "IfMatch"),
)
_WRITE_MEMBERS = frozenset({*(member for _, member in _WRITE_KEYS), "Tagging", "GrantReadACP", "GrantWriteACP"})


def write_conditions(req: Request) -> dict[str, str | list[str]]:
    """Returns the condition keys of a write, from its headers."""
    found: dict[str, str | list[str]] = {name: req[member] for name, member in _WRITE_KEYS if member in req}
    if req.get("Tagging"):
        tags = parse_qsl(req["Tagging"], keep_blank_values=True) if isinstance(req["Tagging"], str) else []
        found["s3:RequestObjectTagKeys"] = [name for name, _ in tags]
        for name, value in tags:
            found[f"s3:RequestObjectTag/{name}"] = value
    return found


def put_object(ctx: Context, req: Request) -> Access | list[Access]:
    """Returns the access to s3:PutObject, and to the further actions that the headers require."""
    arn = _object(ctx, req)
    if req.keys().isdisjoint(_WRITE_MEMBERS):
        return Access("s3:PutObject", arn)
    conditions = write_conditions(req)
    accesses = [Access("s3:PutObject", arn, conditions)]
    if req.get("Tagging"):
        accesses.append(Access("s3:PutObjectTagging", arn, conditions))
    grants = any(req.get(f"Grant{grant}") for grant in ("FullControl", "Read", "ReadACP", "WriteACP"))
    # Log deliveries: AWS documents bucket policies for them that allow s3:PutObject with this ACL, and nothing else.
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    delivery = ctx.principal.kind == "service" and req.get("ACL") == "bucket-owner-full-control"
    if (req.get("ACL") and not delivery) or grants:
        accesses.append(Access("s3:PutObjectAcl", arn, conditions))
    return accesses


def write_part(ctx: Context, req: Request) -> Access:
    return Access("s3:PutObject", _object(ctx, req))


def source_of(ctx: Context, req: Request) -> Request:
    """Parses the copy source (x-amz-copy-source, URL-encoded) into a request for an object. Raises InvalidArgument."""
    path, mark, version = (req.get("CopySource") or "").partition("?versionId=")
    path = unquote(path).removeprefix("/").removeprefix(bucket_arn(ctx, ""))
    name, slash, key = path.partition("/")
    if not slash or not name or not key or ":" in name:
        raise InvalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue="x-amz-copy-source",
        )
    found: Request = {"Bucket": name, "Key": key}
    if mark:
        found["VersionId"] = version
    if req.get("ExpectedSourceBucketOwner"):
        found["ExpectedBucketOwner"] = req["ExpectedSourceBucketOwner"]
    return found


def _source(ctx: Context, req: Request) -> Access:
    return get_object(ctx, source_of(ctx, req))


def tags_copied(ctx: Context, source: Request, req: Request, tags: Mapping[str, str]) -> list[Access]:
    """Returns the further permissions that copying an object's tags needs.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    action = "s3:GetObjectVersionTagging" if source.get("VersionId") else "s3:GetObjectTagging"
    conditions: dict[str, str | list[str]] = {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
    conditions["s3:RequestObjectTagKeys"] = list(tags)
    return [
        Access(action, _object(ctx, source), _tags_of(ctx, source)),
        Access("s3:PutObjectTagging", _object(ctx, req), {**write_conditions(req), **conditions}),
    ]


def copy_object(ctx: Context, req: Request) -> list[Access]:
    """Requires GetObject on the source, and on the target what PutObject requires."""
    source = source_of(ctx, req)
    target = put_object(ctx, {**req, "CopySource": f"{source['Bucket']}/{source['Key']}"})
    return [_source(ctx, req), *(target if isinstance(target, list) else [target])]


def copy_part(ctx: Context, req: Request) -> list[Access]:
    return [_source(ctx, req), write_part(ctx, req)]


def replication(ctx: Context, req: Request) -> list[Access]:
    """Requires access to the bucket, and iam:PassRole on the role that is passed to S3."""
    role = (req.get("ReplicationConfiguration") or {}).get("Role")
    return [Access("", _bucket(ctx, req)), *([roles.passed(ctx, role, "s3.amazonaws.com")] if role else [])]


def create_bucket(ctx: Context, req: Request) -> list[Access]:
    arn = named_bucket(ctx, req["Bucket"])
    if arn.owner != ctx.account and ctx.principal.kind != "anonymous":
        raise BucketAlreadyExists(BucketName=req["Bucket"])  # the name is taken, which is not a denial
    location = (req.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    conditions = {"s3:locationconstraint": location} if location else {}
    accesses = [Access("s3:CreateBucket", arn, conditions)]
    if req.get("ACL"):
        accesses.append(Access("s3:PutBucketAcl", arn, {"s3:x-amz-acl": req["ACL"]}))
    if req.get("ObjectOwnership"):
        conditions = {"s3:x-amz-object-ownership": req["ObjectOwnership"]}
        accesses.append(Access("s3:PutBucketOwnershipControls", arn, conditions))
    if (req.get("CreateBucketConfiguration") or {}).get("Tags"):
        accesses.append(Access("s3:TagResource", arn))
    return accesses


def attributes(ctx: Context, req: Request) -> list[Access]:
    """Requires two permissions, or their versioned forms when the request names a version."""
    arn = _object(ctx, req)
    if req.get("VersionId"):
        condition = {"s3:versionid": req["VersionId"]}
        return [
            Access("s3:GetObjectVersion", arn, condition),
            Access("s3:GetObjectVersionAttributes", arn, condition),
        ]
    return [Access("s3:GetObject", arn), Access("s3:GetObjectAttributes", arn)]
