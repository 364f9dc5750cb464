"""Converts plain dicts to JSON values, with writers made from shapes.

If a writer is None, values go to the encoder unchanged (which encodes bytes as base64). Structures are rebuilt with
their wire names, without Nones and without members that are not in the model. Unions of plain values (DynamoDB's
AttributeValue) are passed through without a look inside, so a page of items is encoded in C.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from . import timestamps
from .shapes import FLOATS, Ref, Shape

if TYPE_CHECKING:
    from .models import ServiceModel

Write = Callable[[Any], Any]

_ENCODER = msgspec.json.Encoder(decimal_format="number")
encode = _ENCODER.encode


def write_float(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _write_blob(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def structure_writer(shape: Shape, members: dict[str, Ref] | None = None) -> Write:
    """Make the writer of a structure (or of some of its members: the body of a REST response)."""
    cache = _cache(shape.model)
    if members is not None and len(members) != len(shape.members):
        return _structure(members, cache)
    found = _compile(shape, cache)
    assert found is not None
    return found


def value_writer(ref: Ref) -> Write:
    """Make the writer of any value (a payload member)."""
    return _of(ref, _cache(ref.shape.model)) or (lambda value: value)


def _cache(model: ServiceModel) -> dict[str, Write | None]:
    found: dict[str, Write | None] = model.__dict__.setdefault("_json_writers", {})
    return found


def _plain(shape: Shape) -> bool:
    """Whether values of a union can be encoded unchanged."""

    def needs(ref: Ref) -> bool:
        inner = ref.shape
        return (
            inner.type == "timestamp"
            or inner.type in FLOATS
            or (inner.type == "structure" and not inner.raw.union and not inner.is_document)
            or bool(ref.raw.location_name and inner.type != "list" and ref.raw.location_name != ref.name)
        )

    return not shape.any(needs)


def _of(ref: Ref, cache: dict[str, Write | None]) -> Write | None:
    if ref.shape.type == "timestamp":
        return timestamps.writer(ref.timestamp_format, "unixTimestamp")
    return _compile(ref.shape, cache)


def _compile(shape: Shape, cache: dict[str, Write | None]) -> Write | None:
    kind = shape.type
    if kind == "blob":
        return _write_blob
    if kind in FLOATS:
        return write_float
    if kind not in ("structure", "list", "map") or shape.is_document:
        return (lambda value: value) if kind == "structure" else None
    if shape.name in cache:
        return cache[shape.name]
    if kind == "structure":
        if shape.raw.union and _plain(shape):
            cache[shape.name] = None
            return None
        cache[shape.name] = _structure(shape.members, cache)
        return cache[shape.name]
    cache[shape.name] = _container(shape, cache)
    return cache[shape.name]


def _container(shape: Shape, cache: dict[str, Write | None]) -> Write | None:
    each = _of(shape.member if shape.type == "list" else shape.value, cache)
    if shape.raw.sparse:
        inner = each or (lambda value: value)
        if shape.type == "list":
            return lambda value: [None if item is None else inner(item) for item in value]
        return lambda value: {key: None if item is None else inner(item) for key, item in value.items()}
    if shape.type == "list":
        if each is None:
            return list if shape.member.shape.type not in ("structure", "list", "map") else None
        return lambda value: [each(item) for item in value]
    if each is None:
        return None
    return lambda value: {key: each(item) for key, item in value.items() if item is not None}


def _structure(members: dict[str, Ref], cache: dict[str, Write | None]) -> Write:
    table: dict[str, tuple[str, Write | None]] | None = None

    def write(value: dict[str, Any]) -> dict[str, Any]:
        nonlocal table
        if table is None:
            table = {name: (ref.wire_name, _of(ref, cache)) for name, ref in members.items()}
        out = {}
        for name, item in value.items():
            if item is not None:
                found = table.get(name)
                if found is not None:
                    key, inner = found
                    out[key] = item if inner is None else inner(item)
        return out

    return write
