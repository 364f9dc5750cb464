"""Rules for the names of buckets, keys, tags and metadata.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from .errors import InvalidArgument, InvalidBucketName, InvalidTag, KeyTooLong, MetadataTooLarge

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_ADDRESS = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_TAG = re.compile(r"[\w\s+\-=.:/@]*", re.UNICODE)
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
KEY_BYTES = 1024
METADATA_BYTES = 2048


def is_bucket_name(name: str) -> bool:
    """Returns whether `name` is a valid name of a general purpose bucket."""
    return (
        _BUCKET.fullmatch(name) is not None
        and ".." not in name
        and ".-" not in name
        and "-." not in name
        and _ADDRESS.fullmatch(name) is None
        and not name.startswith(_RESERVED_STARTS)
        and not name.endswith(_RESERVED_ENDS)
    )


def check_bucket_name(name: str) -> None:
    if not is_bucket_name(name):
        raise InvalidBucketName(BucketName=name)


def check_key(key: str) -> None:
    if len(key) * 4 > KEY_BYTES and len(key.encode()) > KEY_BYTES:
        raise KeyTooLong(Size=str(len(key.encode())), MaxSizeAllowed=str(KEY_BYTES))


def check_metadata(meta: dict[str, str]) -> dict[str, str]:
    """Returns user metadata with lower-case names. Raises MetadataTooLarge beyond 2 KB of names and values."""
    size = sum(len(name) + len(value.encode()) for name, value in meta.items())
    if size > METADATA_BYTES:
        raise MetadataTooLarge(Size=str(size), MaxSizeAllowed=str(METADATA_BYTES))
    return {name.lower(): value for name, value in meta.items()}


def tags_of_set(tag_set: Sequence[dict[str, Any]], limit: int) -> dict[str, str]:
    """Checks the tags of a TagSet structure. `limit` is 10 for an object, 50 for a bucket."""
    if len(tag_set) > limit:
        what = "Object tags" if limit == 10 else "Bucket tag count"
        text = f"{what} cannot be greater than {limit}"
        raise InvalidTag(text)
    tags: dict[str, str] = {}
    for tag in tag_set:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if key in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", TagKey=key)
        _check_tag(key, value)
        tags[key] = value
    return tags


def tags_of_header(text: str) -> dict[str, str]:
    """Parses an x-amz-tagging header, which is a query string."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if not pairs and text.strip():
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            ArgumentName="x-amz-tagging",
            ArgumentValue=text,
        )
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            ArgumentName="x-amz-tagging",
            ArgumentValue=text,
        )
    return tags_of_set([{"Key": name, "Value": value} for name, value in pairs], 10)


def _check_tag(key: str, value: str) -> None:
    if not 1 <= len(key) <= 128 or not _TAG.fullmatch(key):
        raise InvalidTag("The TagKey you have provided is invalid", TagKey=key)
    if key.lower().startswith("aws:"):
        raise InvalidTag("System tags cannot be added/updated by requester", TagKey=key)
    if len(value) > 256 or not _TAG.fullmatch(value):
        raise InvalidTag("The TagValue you have provided is invalid", TagKey=key, TagValue=value)


def after_prefix(prefix: str) -> str | None:
    """Returns the smallest text above all texts that begin with `prefix`, in UTF-8 order; None if there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            following = last + 1
            if 0xD800 <= following <= 0xDFFF:  # surrogates are not characters
                following = 0xE000
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None
