"""Makes msgspec types from shapes: msgspec then decodes, type-checks and validates JSON in one pass in C.

A type accepts only values that are certainly valid. If it refuses one (a violated constraint, a null, a wrong type),
the slow walkers in `json_read` and `validate` read it again. They raise AWS's error or accept it after all.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

import msgspec

from . import patterns
from .shapes import FLOATS, INTEGERS, Ref, Shape

_RANGES = {"byte": 7, "short": 15, "integer": 31, "long": 63}


_NEVER = "(?!)"  # matches nothing, so that the slow walkers check the value


class TypeMaker:
    """Makes the types of one model. `wire`: with the member names and values of JSON, else with those of services."""

    def __init__(self, *, wire: bool, constraints: str) -> None:
        self.wire = wire
        self.full = constraints == "full"
        self.required = constraints != "none"
        self._made: dict[str, Any] = {}

    def of(self, ref: Ref) -> Any:
        """The type of a use of a shape."""
        shape = ref.shape
        if shape.type == "blob" and ref.streaming:
            return Any
        if ref.raw.enum and shape.type == "string":
            return Literal[tuple(ref.raw.enum)] if self.full else str
        return self.shape(shape)

    def shape(self, shape: Shape) -> Any:
        made = self._made.get(shape.name)
        if made is None:
            made = self._structure(shape) if shape.type == "structure" else self._other(shape)
            self._made[shape.name] = made
        return made

    def structure(self, name: str, shape: Shape, members: dict[str, Ref]) -> Any:
        """Make a type for some of a structure's members (those in the body of a REST request)."""
        made: Any = TypedDict(name, {}, total=False)  # type: ignore[misc]
        self._fill(made, shape, members)
        return made

    def _structure(self, shape: Shape) -> Any:
        if shape.is_document or shape.raw.eventstream:
            return Any
        made: Any = TypedDict(shape.name, {}, total=False)  # type: ignore[misc]
        self._made[shape.name] = made  # before the members are made, since shapes may be recursive
        self._fill(made, shape, shape.members)
        return made

    def _fill(self, made: Any, shape: Shape, members: dict[str, Ref]) -> None:
        required = set()
        for name, ref in members.items():
            key = ref.wire_name if self.wire else name
            made.__annotations__[key] = self.of(ref)
            if self.required and name in shape.required:
                required.add(key)
        made.__required_keys__ = frozenset(required)
        made.__optional_keys__ = frozenset(made.__annotations__) - made.__required_keys__

    def _other(self, shape: Shape) -> Any:
        raw = shape.raw
        kind = shape.type
        if kind == "list":
            return self._lengths(list[self.of(shape.member)], shape)  # type: ignore[misc]
        if kind == "map":
            key, value = self.of(shape.key), self.of(shape.value)
            return self._lengths(dict[key, value], shape)  # type: ignore[valid-type]
        if kind == "timestamp":
            return int | float if self.wire else Any
        if kind == "blob":
            return self._lengths(bytes, shape)
        if kind in ("string", "character"):
            return self._string(shape)
        if kind == "boolean":
            return bool
        if kind in INTEGERS:
            bits = _RANGES.get(kind, 63)
            low, high = -(2**bits), 2**bits - 1
            if self.full:
                low = low if raw.min is None else max(low, int(raw.min))
                high = high if raw.max is None else min(high, int(raw.max))
            return Annotated[int, msgspec.Meta(ge=low, le=high)] if low <= high else int
        if kind in FLOATS:
            if self.full and (raw.min is not None or raw.max is not None):
                return Annotated[float, msgspec.Meta(ge=raw.min, le=raw.max)]
            return float
        return Any

    def _lengths(self, base: Any, shape: Shape) -> Any:
        raw = shape.raw
        if not self.full or (raw.min is None and raw.max is None):
            return base
        low = None if not raw.min else int(raw.min)
        high = None if raw.max is None else int(raw.max)
        return Annotated[base, msgspec.Meta(min_length=low, max_length=high)] if low or high is not None else base

    def _string(self, shape: Shape) -> Any:
        raw = shape.raw
        if not self.full:
            return str
        if raw.enum:
            return Literal[tuple(raw.enum)]
        low = None if not raw.min else int(raw.min)
        high = None if raw.max is None else int(raw.max)
        pattern = _NEVER if patterns.is_unsafe(raw.pattern, raw.max) else patterns.anchored(raw.pattern)
        if low is None and high is None and pattern is None:
            return str
        return Annotated[str, msgspec.Meta(min_length=low, max_length=high, pattern=pattern)]
