"""Parses scalars from text: in forms, XML, headers, query strings and paths."""

from __future__ import annotations

import re
from typing import Any

from .shapes import FLOATS, INTEGERS

_INTEGER = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?", re.ASCII)
_SPECIAL = frozenset(("NaN", "Infinity", "-Infinity"))


class BadScalar(ValueError):
    """The text does not have the expected type. The message names the type."""


def read_scalar(kind: str, text: str) -> Any:
    """Parse a string, number or boolean. Raises BadScalar."""
    if kind in ("string", "character"):
        return text
    text = text.strip()
    if kind == "boolean":
        lowered = text.lower()
        if lowered in ("true", "1"):
            return True
        if lowered in ("false", "0"):
            return False
        raise BadScalar("Expected: a boolean")
    if kind in INTEGERS:
        if not _INTEGER.fullmatch(text):
            raise BadScalar("Expected: an integer")
        number = int(text)
        bits = {"byte": 7, "short": 15, "integer": 31, "biginteger": 200}.get(kind, 63)
        if not -(2**bits) <= number < 2**bits:
            raise BadScalar("Expected: an integer in range")
        return number
    if kind in FLOATS:
        if text in _SPECIAL:
            return float(text)
        if not _FLOAT.fullmatch(text):
            raise BadScalar("Expected: a number")
        return float(text)
    return text
