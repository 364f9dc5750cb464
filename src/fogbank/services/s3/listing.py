"""The algebra of lists: keys in order, those that share a prefix up to the delimiter rolled into one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from .names import after_prefix

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T]):
    """`items` and `prefixes` of one page; `last` is where the next one continues (a key or a common prefix)."""

    items: list[T]
    prefixes: list[str]
    truncated: bool = False
    last: str = ""


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """The part of `key` up to and with the first delimiter behind `prefix`, or None."""
    if not delimiter:
        return None
    at = key.find(delimiter, len(prefix))
    return key[: at + len(delimiter)] if at >= 0 else None


def start_after(marker: str, prefix: str, delimiter: str) -> str:
    """The least key a list may begin with, when it continues after `marker`. '' is the beginning.

    A marker that lies in a common prefix (or is one) has had that prefix told already: the list goes on behind it.
    """
    if not marker:
        return prefix
    rolled = common_prefix(marker, prefix, delimiter) if marker.startswith(prefix) else None
    if rolled is not None:
        beyond = after_prefix(rolled)
        return beyond if beyond is not None else _END
    return max(prefix, marker + "\0")


_END = "\U0010ffff" * 300  # beyond every key


def page(
    seek: Callable[[str], Iterator[T]],
    key_of: Callable[[T], str],
    *,
    prefix: str = "",
    delimiter: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Page[T]:
    """One page of at most `limit` items and prefixes together.

    `seek(key)` iterates over the items from `key` on, in order. It is asked anew after each common prefix, so that
    what lies below one is never walked through.
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
    """Take items up to a common prefix; the key to seek next, or None at the end of the list or page."""
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
