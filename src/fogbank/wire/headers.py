"""Parses and serializes the values in headers and query strings of the REST protocols."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.errors import ValidationError

from . import timestamps
from .scalars import BadScalar, read_scalar
from .shapes import FLOATS, Ref


class BadParameter(ValidationError):
    """A header, label or query parameter whose text does not have the expected type."""

    codes = {**ValidationError.codes, "json": "SerializationException"}

    def __init__(self, ref: Ref, text: str, s3: bool) -> None:
        name = ref.wire_name
        if not s3:
            super().__init__(f"STRING_VALUE can not be converted to {_article(ref.shape.type)}")
        elif ref.shape.type in ("integer", "long"):
            what = f"Provided {name} not an integer or within integer range"
            super().__init__(what, ArgumentName=name, ArgumentValue=text)
        else:
            super().__init__("Invalid argument.", ArgumentName=name, ArgumentValue=text)


def _article(kind: str) -> str:
    name = kind.capitalize()
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"


def split_list(text: str) -> list[str]:
    """Split a comma-separated header. Quoted elements may contain commas and \\-escapes."""
    found: list[str] = []
    at, end = 0, len(text)
    while at < end:
        while at < end and text[at] in " \t":
            at += 1
        if at < end and text[at] == '"':
            piece, at = _quoted(text, at + 1)
            found.append(piece)
            comma = text.find(",", at)
        else:
            comma = text.find(",", at)
            found.append(text[at : end if comma < 0 else comma].strip())
        at = end if comma < 0 else comma + 1
    return found


def _quoted(text: str, at: int) -> tuple[str, int]:
    out = []
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            out.append(text[at + 1])
            at += 2
            continue
        at += 1
        if char == '"':
            break
        out.append(char)
    return "".join(out), at


def _split_dates(text: str) -> list[str]:
    """Split a list of HTTP dates, which contain a comma themselves."""
    pieces = split_list(text)
    found: list[str] = []
    for piece in pieces:
        if found and len(found[-1]) == 3 and found[-1].isalpha():
            found[-1] = f"{found[-1]}, {piece}"
        else:
            found.append(piece)
    return found


def reader(ref: Ref, *, s3: bool) -> Callable[[str], Any]:
    """Make the parser of one value. It returns None for text to ignore (an invalid date in a header of S3)."""
    kind = ref.shape.type
    if kind in ("string", "character") and not ref.raw.jsonvalue:
        return as_is

    number = kind in ("integer", "long")

    def read(text: str) -> Any:
        if number and len(text) < 10 and text.isascii() and text.isdecimal():
            return int(text)
        try:
            if ref.raw.jsonvalue:
                raw = base64.b64decode(text, validate=True) if ref.location == "header" else text.encode()
                return msgspec.json.decode(raw)
            if kind == "list":
                member = ref.shape.member
                inner = reader(member, s3=s3)
                pieces = _split_dates(text) if member.shape.type == "timestamp" else split_list(text)
                return [inner(piece) for piece in pieces]
            if kind == "timestamp":
                return timestamps.parse(text)
            if kind == "blob":
                return base64.b64decode(text, validate=True)
            return read_scalar(kind, text)
        except (BadScalar, ValueError, binascii.Error, RecursionError) as error:
            if s3 and kind == "timestamp" and ref.location == "header":
                return None  # invalid dates are ignored: RFC 9110 13.1.3
            raise BadParameter(ref, text, s3) from error

    return read


def as_is(text: str) -> str:
    return text


def writer(ref: Ref) -> Callable[[Any], str]:
    """Make the serializer of one header's value."""
    kind = ref.shape.type
    if ref.raw.jsonvalue:
        return lambda value: base64.b64encode(msgspec.json.encode(value)).decode()
    if kind == "list":
        inner = writer(ref.shape.member)
        quote = ref.shape.member.shape.type == "string"
        return lambda value: ", ".join(_quote(inner(item)) if quote else inner(item) for item in value)
    if kind == "timestamp":
        write = timestamps.writer(ref.timestamp_format, "rfc822")
        if write is timestamps.rfc822:
            return timestamps.rfc822
        return lambda value: str(write(value))
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind == "blob":
        return lambda value: base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
    if kind in FLOATS:
        return _float
    return str


def _quote(text: str) -> str:
    if "," in text or '"' in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def _float(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)
