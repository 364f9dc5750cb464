"""Pages of a listing: keys in order, with keys that share a prefix up to the delimiter grouped into common prefixes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from .names import after_prefix

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    """The `items` and `prefixes` of one page. `last` is the key or common prefix after which the next page begins."""

    items: list[T]
    prefixes: list[str]
    truncated: bool = False
    last: str = ""


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """Returns the part of `key` up to and including the first delimiter after `prefix`, or None."""
    if not delimiter:
        return None
    at = key.find(delimiter, len(prefix))
    return key[: at + len(delimiter)] if at >= 0 else None


def start_after(marker: str, prefix: str, delimiter: str) -> str:
    """Returns the smallest key at which a list that continues after `marker` may begin; '' is the very beginning.

    When the marker is a common prefix or lies in one, an earlier page has listed that prefix: the list continues
    after it.
    """
    if not marker:
        return prefix
    rolled = common_prefix(marker, prefix, delimiter) if marker.startswith(prefix) else None
    if rolled is not None:
        beyond = after_prefix(rolled)
        return beyond if beyond is not None else _END
    return max(prefix, marker + "\0")


_END = "\U0010ffff" * 300  # greater than every key


def page(
    seek: Callable[[str], Iterator[T]],
    key_of: Callable[[T], str],
    *,
    prefix: str = "",
    delimiter: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Page[T]:
    """Makes one page, with at most `limit` items and prefixes together.

    `seek(key)` iterates over the items from `key` on, in order. It is called again after each common prefix, so that
    the keys below a prefix are skipped and not read.
    """
    made: Page[T] = Page([], [])
    if limit <= 0:
        return made
    at: str | None = start_after(marker, prefix, delimiter)
    while at is not None:
        at = _walk(seek(at), key_of, made, prefix, delimiter, limit)
    return made


def _walk(
    items: Iterator[T], key_of: Callable[[T], str], made: Page[T], prefix: str, delimiter: str, limit: int
) -> str | None:
    """Takes items up to the next common prefix. Returns the key to seek next; None at the end of the list or page."""
    for item in items:
        key = key_of(item)
        if not key.startswith(prefix):
            return None
        rolled = common_prefix(key, prefix, delimiter)
        if len(made.items) + len(made.prefixes) >= limit:
            made.truncated = True
            return None
        if rolled is None:
            made.items.append(item)
            made.last = key
            continue
        made.prefixes.append(rolled)
        made.last = rolled
        return after_prefix(rolled)
    return None
