"""Finding a bucket, and its sub-resources, on behalf of a request."""

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
    """The bucket of a request. Raises NoSuchBucket, InvalidBucketName, AccessDenied (ExpectedBucketOwner)."""
    name = req["Bucket"]
    found = tx.get(BUCKETS, (name,))
    if found is None:
        if not is_bucket_name(name):
            raise InvalidBucketName(BucketName=name)
        raise NoSuchBucket(name)
    check(ctx, req, found)
    return found


def check(ctx: Context, req: dict[str, Any], found: Bucket) -> None:
    """Raise unless a bucket is the one that was authorised, and its owner the one that the request expects.

    A body may take its time: meanwhile the bucket may be gone, and made again by somebody else.
    """
    if ctx.names is not None:
        known = resolved(ctx, BUCKET, found.name)
        if known.key is None or known.owner != found.account:
            raise NoSuchBucket(found.name)
    expected = req.get("ExpectedBucketOwner")
    if expected is not None and expected != found.account:
        raise AccessDenied


def config(tx: Reader, bucket: str, kind: str, id: str = "") -> Any:
    """What a sub-resource was set to, or None."""
    found = tx.get(CONFIGS, (bucket, kind, id))
    return found.value if found is not None else None


def version_asked(req: dict[str, Any]) -> str | None:
    """The request's version id. Raises InvalidArgument for an empty one."""
    version: str | None = req.get("VersionId")
    if version == "":
        raise InvalidArgument("Version id cannot be the empty string", ArgumentName="versionId", ArgumentValue="")
    return version


def page_size(req: dict[str, Any], member: str = "MaxKeys", wire: str = "max-keys") -> int:
    """0 to 1000; more is taken for 1000. Raises InvalidArgument."""
    asked = req.get(member)
    if asked is None:
        return 1000
    if asked < 0:
        raise InvalidArgument(
            f"Argument {wire} must be an integer between 0 and 2147483647", ArgumentName=wire, ArgumentValue=str(asked)
        )
    return int(min(asked, 1000))


def part_marker(req: dict[str, Any]) -> int:
    """The number of the part that a page of parts begins behind. Raises InvalidArgument."""
    text = str(req.get("PartNumberMarker") or 0)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidArgument(
            "Argument part-number-marker must be an integer between 0 and 2147483647",
            ArgumentName="part-number-marker",
            ArgumentValue=text,
        )
    return int(text)


def region_of(ctx: Context, location: str) -> str:
    """The region a LocationConstraint names."""
    return "eu-west-1" if location == "EU" else location
