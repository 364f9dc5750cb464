"""Range and conditional requests with S3's rules.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .errors import InvalidArgument, InvalidRange, NotImplementedHeader, PreconditionFailed

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.IGNORECASE | re.ASCII)


def parse_range(text: str | None, size: int) -> tuple[int, int] | None:
    """Parses a Range header to the (first, last) byte of `size` bytes; None means the whole object.

    Like S3, ignores a header that it cannot parse or that names several ranges. Raises InvalidRange for a range past
    the end.
    """
    match = _RANGE.fullmatch(text.strip()) if text else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        wanted = int(match[2])
        if wanted == 0 or size == 0:
            raise InvalidRange(RangeRequested=text, ActualObjectSize=str(size))
        return max(size - wanted, 0), size - 1
    first = int(match[1])
    last = int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None
    if first >= size:
        raise InvalidRange(RangeRequested=text, ActualObjectSize=str(size))
    return first, min(last, size - 1)


def parse_copy_range(text: str, size: int) -> tuple[int, int]:
    """Parses x-amz-copy-source-range: one closed range inside the source. Raises InvalidArgument."""
    match = re.fullmatch(r"bytes=(\d{1,19})-(\d{1,19})", text, re.ASCII)
    if match is None:
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    first, last = int(match[1]), int(match[2])
    if last < first or last >= size:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size}",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    return first, last


def etag_matches(header: str, etag: str) -> bool:
    """Returns whether a list of entity tags contains `etag` (given without quotes), or is `*`."""
    for candidate in header.split(","):
        candidate = candidate.strip().removeprefix("W/")
        if candidate == "*" or candidate.strip('"') == etag:
            return True
    return False


def check_read(req: Mapping[str, Any], etag: str, modified: int) -> bool:
    """Returns True when the answer is 304 Not Modified. Raises PreconditionFailed.

    Evaluates the conditions in the order of RFC 9110 13.2.2.
    """
    match = req.get("IfMatch")
    if match is not None:
        if not etag_matches(match, etag):
            raise PreconditionFailed("If-Match")
    elif (since := req.get("IfUnmodifiedSince")) is not None and modified > _seconds(since):
        raise PreconditionFailed("If-Unmodified-Since")
    none = req.get("IfNoneMatch")
    if none is not None:
        return etag_matches(none, etag)
    since = req.get("IfModifiedSince")
    return since is not None and modified <= _seconds(since)


def check_copy(req: Mapping[str, Any], etag: str, modified: int) -> None:
    """Checks the x-amz-copy-source-if-* headers. Raises PreconditionFailed for any condition that does not hold.

    A true If-Match overrides a false If-Unmodified-Since, and a false If-None-Match overrides a true
    If-Modified-Since (documented with CopyObject).
    """
    match = req.get("CopySourceIfMatch")
    if match is not None:
        if not etag_matches(match, etag):
            raise PreconditionFailed("x-amz-copy-source-If-Match")
    elif (since := req.get("CopySourceIfUnmodifiedSince")) is not None and modified > _seconds(since):
        raise PreconditionFailed("x-amz-copy-source-If-Unmodified-Since")
    none = req.get("CopySourceIfNoneMatch")
    if none is not None:
        if etag_matches(none, etag):
            raise PreconditionFailed("x-amz-copy-source-If-None-Match")
    elif (since := req.get("CopySourceIfModifiedSince")) is not None and modified <= _seconds(since):
        raise PreconditionFailed("x-amz-copy-source-If-Modified-Since")


def check_write(req: Mapping[str, Any], etag: str | None) -> bool:
    """Checks the preconditions of a write over an object with `etag` (None: there is no object).

    Returns whether the write may proceed; False means that If-Match was given but there is no object (NoSuchKey).
    Raises PreconditionFailed, and NotImplemented for conditions that S3 does not support on writes (If-None-Match
    with an ETag).
    """
    none = req.get("IfNoneMatch")
    if none is not None:
        if none.strip() != "*":
            raise NotImplementedHeader(Header="If-None-Match")
        if etag is not None:
            raise PreconditionFailed("If-None-Match")
    match = req.get("IfMatch")
    if match is not None:
        if etag is None:
            return False
        if not etag_matches(match, etag):
            raise PreconditionFailed("If-Match")
    return True


def _seconds(moment: datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else moment
