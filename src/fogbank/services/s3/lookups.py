"""Looks up buckets and their sub-resources for a request."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import resolved
from fogbank.store.api import Reader

from .errors import AccessDenied, InvalidArgument, InvalidBucketName, NoSuchBucket
from .names import is_bucket_name
from .records import BUCKETS, CONFIGS, Bucket

BUCKET = "bucket"


def require_bucket(tx: Reader, ctx: Context, req: dict[str, Any]) -> Bucket:
    """Returns the bucket of a request.

    Raises NoSuchBucket, InvalidBucketName, AccessDenied (ExpectedBucketOwner).
    """
    name = req["Bucket"]
    found = tx.get(BUCKETS, (name,))
    if found is None:
        if not is_bucket_name(name):
            raise InvalidBucketName(BucketName=name)
        raise NoSuchBucket(name)
    check(ctx, req, found)
    return found


def check(ctx: Context, req: dict[str, Any], found: Bucket) -> None:
    """Raises unless the bucket is the one that was authorized and has the owner that the request expects.

    A request body may arrive slowly: meanwhile the bucket may have been deleted and recreated by another account.
    """
    if ctx.names is not None:
        known = resolved(ctx, BUCKET, found.name)
        if known.key is None or known.owner != found.account:
            raise NoSuchBucket(found.name)
    expected = req.get("ExpectedBucketOwner")
    if expected is not None and expected != found.account:
        raise AccessDenied


def config(tx: Reader, bucket: str, kind: str, id: str = "") -> Any:
    """Returns the value of a sub-resource, or None when it was never set."""
    found = tx.get(CONFIGS, (bucket, kind, id))
    return found.value if found is not None else None


def version_asked(req: dict[str, Any]) -> str | None:
    """Returns the request's version id. Raises InvalidArgument for an empty one."""
    version: str | None = req.get("VersionId")
    if version == "":
        raise InvalidArgument("Version id cannot be the empty string", ArgumentName="versionId", ArgumentValue="")
    return version


def page_size(req: dict[str, Any], member: str = "MaxKeys", wire: str = "max-keys") -> int:
    """Returns the requested page size, 0 to 1000; larger values count as 1000. Raises InvalidArgument."""
    asked = req.get(member)
    if asked is None:
        return 1000
    if asked < 0:
        raise InvalidArgument(
            f"Argument {wire} must be an integer between 0 and 2147483647", ArgumentName=wire, ArgumentValue=str(asked)
        )
    return int(min(asked, 1000))


def part_marker(req: dict[str, Any]) -> int:
    """Returns the number of the part after which the page begins. Raises InvalidArgument."""
    text = str(req.get("PartNumberMarker") or 0)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidArgument(
            "Argument part-number-marker must be an integer between 0 and 2147483647",
            ArgumentName="part-number-marker",
            ArgumentValue=text,
        )
    return int(text)


def region_of(ctx: Context, location: str) -> str:
    """Returns the region that a LocationConstraint names."""
    return "eu-west-1" if location == "EU" else location
