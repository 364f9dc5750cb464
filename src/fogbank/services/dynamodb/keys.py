"""Encodes keys as bytes in DynamoDB's sort order: strings by UTF-8, binaries as unsigned bytes, numbers by value.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.Partitions.html
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import md5
from typing import Any, NamedTuple

from fogbank.core.errors import ValidationError

from . import numbers
from .values import INVALID, Value, admit, only

MAX_HASH, MAX_RANGE = 2048, 1024  # bytes
BUCKETS = 2**32

MISMATCH = "The provided key element does not match the schema"
EMPTY = "The AttributeValue for a key attribute cannot contain an empty {} value."
NOT_VALID = "One or more parameter values are not valid. "


class Place(NamedTuple):
    """An item's position within its box."""

    bucket: int
    pk: bytes
    sk: bytes

    def packed(self) -> bytes:
        """Returns partition and sort key in one piece, by which an index entry refers to its item."""
        return len(self.pk).to_bytes(2, "big") + self.pk + self.sk


def unpacked(base: bytes) -> Place:
    """Reverses `Place.packed`."""
    end = 2 + int.from_bytes(base[:2], "big")
    pk = base[2:end]
    return Place(bucket_of(pk), pk, base[end:])


@lru_cache(4096)
def bucket_of(pk: bytes) -> int:
    """Hashes a partition key to 32 evenly spread bits."""
    return int.from_bytes(md5(pk, usedforsecurity=False).digest()[:4], "big")


def encoded(kind: str, content: Any) -> bytes:
    """Encodes an admitted key value of type S, N or B."""
    if kind == "S":
        return content.encode()  # type: ignore[no-any-return]
    return numbers.sortable(content) if kind == "N" else bytes(content)


def key_bytes(name: str, value: Value, kind: str, limit: int) -> bytes:
    """Encodes a key attribute of a Key parameter. Converts a number to canonical form in place.

    Raises ValidationError with AWS's texts.
    """
    if kind not in value or len(value) != 1:
        given, content = only(value)
        admit(value)
        if given in ("S", "B") and not content:
            raise ValidationError(NOT_VALID + empty(given, f"Key: {name}"))
        raise ValidationError(MISMATCH)
    content = value[kind]
    if kind == "N":
        value["N"] = content = numbers.canonical(content)
        return numbers.sortable(content)
    if not content:
        raise ValidationError(NOT_VALID + empty(kind, f"Key: {name}"))
    found: bytes = content.encode() if kind == "S" else content
    if len(found) > limit:
        raise ValidationError(too_long(limit))
    return found


def empty(kind: str, where: str) -> str:
    return f"{EMPTY.format('string' if kind == 'S' else 'binary')} {where}"


def too_long(limit: int) -> str:
    """Returns AWS's text for a key that is too long; the missing space is AWS's."""
    if limit == MAX_HASH:
        return f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes"
    return f"{INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes"


def successor(prefix: bytes) -> bytes | None:
    """Returns the smallest bytes greater than everything that begins with `prefix`; None when there are none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes((trimmed[-1] + 1,)) if trimmed else None
