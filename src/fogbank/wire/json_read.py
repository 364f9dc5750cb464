"""Parses JSON bodies to plain dicts.

The fast path is msgspec: it decodes, checks types and validates in one pass (see `typed`). If it refuses a body, the
`Walker` here reads the body again. It raises AWS's error, or accepts what AWS accepts (nulls, the string "true" for a
boolean, 1.0 for an integer, timestamps as text).

Sources of the error texts: answers of Athena and SES v2 recorded by their emulators' authors in 2026 (coral dialect),
and of DynamoDB recorded in dynalite's tests (dynamodb dialect).
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from fogbank.core.errors import SerializationError

from . import timestamps
from .shapes import FLOATS, INTEGERS, Ref, Shape
from .typed import TypeMaker

if TYPE_CHECKING:
    from .models import ServiceModel

MAX_DEPTH = 200  # nested containers; the deepest that AWS allows (a DynamoDB item) needs 66
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_TRUE = frozenset(("true", "yes", "y", "t", "1"))
_FALSE = frozenset(("false", "no", "n", "f", "0"))
_ARTICLES = {"integer": "an Integer", "long": "a Long", "short": "a Short", "byte": "a Byte", "double": "a Double"}
_JAVA = {"integer": "Integer", "long": "Long", "short": "Short", "byte": "Byte", "double": "Double", "float": "Float"}

Fix = Callable[[Any], Any]


def wrong(message: str = "") -> SerializationError:
    return SerializationError(message)


class JsonBody:
    """Parses one structure (or some of its members) from JSON."""

    def __init__(self, model: ServiceModel, shape: Shape | None, members: dict[str, Ref] | None = None) -> None:
        self._shape = shape
        self._walker = Walker(model)
        if shape is None:
            self._members: dict[str, Ref] = {}
            self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(dict)
            return
        self._members = shape.members if members is None else members
        maker = TypeMaker(wire=True, constraints=model.manner.validation)
        made = maker.structure(shape.name, shape, self._members)
        self._decoder = msgspec.json.Decoder(made)
        self._fix = compile_fix(shape, self._members)
        self._recursive = _recursive(shape)

    def read(self, body: bytes) -> tuple[dict[str, Any], bool]:
        """Parse the members. Also returns whether they have been validated against the model's constraints."""
        if self._shape is None:
            return {}, True
        if not body:
            body = b"{}"
        try:
            params = self._decoder.decode(body)
        except _REFUSED:
            return self._slowly(body), False
        if self._recursive and _too_deep(params, body):
            raise wrong()
        if self._fix is not None:
            try:
                params = self._fix(params)
            except ValueError as error:
                raise wrong() from error
        return params, True

    def _slowly(self, body: bytes) -> dict[str, Any]:
        try:
            value = msgspec.json.decode(body)
        except _REFUSED as error:
            raise wrong() from error
        if self._recursive and _too_deep(value, body):
            raise wrong()
        return self.from_value(value)

    def from_value(self, value: Any) -> dict[str, Any]:
        """Read the members from decoded JSON."""
        if type(value) is list:
            raise wrong("Start of list found where not expected")
        if type(value) is not dict:
            raise wrong()
        return self._walker.members(self._members, value, 0)


def _recursive(shape: Shape) -> bool:
    """Whether values of this shape have no maximum depth (a shape contains itself, or a document)."""
    reach: dict[str, bool] = {}

    def visit(current: Shape, above: frozenset[str]) -> bool:
        if current.name in above or current.is_document:
            return True
        known = reach.get(current.name)
        if known is None:
            inside = above | {current.name}
            known = reach[current.name] = any(visit(ref.shape, inside) for ref in current.children())
        return known

    return visit(shape, frozenset())


def _too_deep(value: Any, body: bytes) -> bool:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            for inner in (item.values() if type(item) is dict else item if type(item) is list else ())
            if type(inner) in (dict, list)
        ]
        if not level:
            return False
    return True


# -- after decoding: names that differ on the wire, and timestamps ----------------------------------------------------


def _needs_fix(ref: Ref) -> bool:
    return ref.shape.type == "timestamp" or bool(
        ref.raw.location_name and ref.raw.location_name != ref.name and _named(ref)
    )


def _named(ref: Ref) -> bool:
    return ref.name not in ("member", "key", "value")


def compile_fix(shape: Shape, members: dict[str, Ref] | None = None) -> Fix | None:
    """Make a function that renames and converts a structure's decoded JSON. None if there is nothing to do."""
    if members is not None and members is not shape.members:
        if not any(_needs_fix(ref) or ref.shape.any(_needs_fix) for ref in members.values()):
            return None
        return _structure_fix(members, {})
    return _fix_of(shape, {}) if shape.any(_needs_fix) else None


def _fix_of(shape: Shape, made: dict[str, Fix]) -> Fix | None:
    kind = shape.type
    if kind == "timestamp":
        return timestamps.parse
    if kind not in ("structure", "list", "map") or shape.is_document or not shape.any(_needs_fix):
        return None
    if shape.name in made:
        return _later(made, shape.name)
    made[shape.name] = _same
    if kind == "structure":
        fix: Fix = _structure_fix(shape.members, made)
    else:
        inner = _fix_of(shape.member.shape if kind == "list" else shape.value.shape, made)
        assert inner is not None
        each = inner
        if kind == "list":
            fix = lambda value: [each(item) for item in value]  # noqa: E731
        else:
            fix = lambda value: {key: each(item) for key, item in value.items()}  # noqa: E731
    made[shape.name] = fix
    return fix


def _same(value: Any) -> Any:
    return value


def _later(made: dict[str, Fix], name: str) -> Fix:
    """The fix of a shape that is still being compiled (it contains itself)."""
    return lambda value: made[name](value)  # noqa: PLW0108 - looked up at the call


def _structure_fix(members: dict[str, Ref], made: dict[str, Fix]) -> Fix:
    table = {ref.wire_name: (name, _fix_of(ref.shape, made)) for name, ref in members.items()}

    def fix(value: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for key, item in value.items():
            name, inner = table[key]
            out[name] = item if inner is None else inner(item)
        return out

    return fix


# -- the slow path ----------------------------------------------------------------------------------------------------


class Walker:
    """Reads decoded JSON member by member, and converts and refuses values as AWS does."""

    def __init__(self, model: ServiceModel) -> None:
        self._dynamodb = model.manner.dialect == "dynamodb"
        self._package = f"{model.manner.error_namespace}."

    def members(self, members: dict[str, Ref], value: dict[str, Any], depth: int) -> dict[str, Any]:
        out = {}
        for name, ref in members.items():
            item = value.get(ref.wire_name)
            if item is not None:
                out[name] = self.read(ref, item, depth + 1)
        return out

    def read(self, ref: Ref, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise wrong()
        shape = ref.shape
        kind = shape.type
        if kind == "structure":
            if shape.is_document:
                return value
            if type(value) is not dict:
                raise self._not_a_structure(ref, value)
            return self.members(shape.members, value, depth)
        if kind == "list":
            if type(value) is not list:
                raise self._not_a_list(value)
            items = (item for item in value if item is not None or shape.raw.sparse)
            return [None if item is None else self.read(shape.member, item, depth + 1) for item in items]
        if kind == "map":
            if type(value) is not dict:
                raise self._not_a_map(shape, value)
            return {
                key: None if item is None else self.read(shape.value, item, depth + 1)
                for key, item in value.items()
                if item is not None or shape.raw.sparse
            }
        return self._scalar(kind, value)

    def _scalar(self, kind: str, value: Any) -> Any:
        if type(value) in (dict, list):
            raise self._container(kind, value)
        if kind == "blob":
            return self._blob(value)
        if kind == "timestamp":
            try:
                return timestamps.parse(value)
            except ValueError as error:
                raise wrong(self._convert(value, "Timestamp", "a Timestamp")) from error
        if kind == "boolean":
            return self._boolean(value)
        if kind in INTEGERS:
            return self._integer(kind, value)
        if kind in FLOATS:
            return self._float(kind, value)
        if type(value) is not str:
            raise wrong(self._convert(value, "String", "a String"))
        return value

    def _boolean(self, value: Any) -> bool:
        if type(value) is bool:
            return value
        if type(value) is str:
            text = value.lower()
            if not self._dynamodb and text in _TRUE | _FALSE:
                return text in _TRUE
            raise wrong(
                "Unexpected token received from parser"
                if self._dynamodb
                else "STRING_VALUE can not be converted to an Boolean"
            )
        raise wrong(self._convert(value, "Boolean", "a Boolean"))

    def _integer(self, kind: str, value: Any) -> int:
        if type(value) not in (int, float) or math.isnan(value):
            raise wrong(self._convert(value, _JAVA.get(kind, "Long"), _ARTICLES.get(kind, "a Long")))
        bits = {"byte": 7, "short": 15, "integer": 31}.get(kind, 63)
        low, high = -(2**bits), 2**bits - 1
        # AWS truncates fractions and clips to the type's range; then the constraints refuse the value
        return low if value < low else high if value > high else int(value)

    def _float(self, kind: str, value: Any) -> float:
        if type(value) in (int, float):
            try:
                return float(value)
            except OverflowError as error:
                raise wrong() from error
        if type(value) is str and value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
        raise wrong(self._convert(value, _JAVA.get(kind, "Double"), _ARTICLES.get(kind, "a Double")))

    def _blob(self, value: Any) -> bytes:
        if type(value) is not str:
            raise wrong("only base-64-encoded strings are convertible to bytes")
        if self._dynamodb and len(value) % 4:
            raise wrong(f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(value)}")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            # the misspelling is AWS's
            raise wrong("Invalid last non-pad Base64 character dectected" if self._dynamodb else "") from error

    def _convert(self, value: Any, java: str, with_article: str) -> str:
        token = {True: "TRUE_VALUE", False: "FALSE_VALUE"}[value] if type(value) is bool else ""
        token = token or {int: "NUMBER_VALUE", float: "DECIMAL_VALUE", str: "STRING_VALUE"}.get(
            type(value), "NULL_VALUE"
        )
        if self._dynamodb:
            return f"{token} cannot be converted to {java}"
        return f"{token} can not be converted to {with_article}"

    def _container(self, kind: str, value: Any) -> SerializationError:
        if type(value) is dict:
            return self._dict_unexpected()
        if self._dynamodb:
            java = "java.nio.ByteBuffer" if kind == "blob" else f"java.lang.{_JAVA.get(kind, kind.capitalize())}"
            return wrong(f"Unrecognized collection type class {java}")
        return wrong("Start of list found where not expected")

    def _dict_unexpected(self) -> SerializationError:
        return wrong(f"Start of structure or map found where not expected{'' if self._dynamodb else '.'}")

    def _not_a_structure(self, ref: Ref, value: Any) -> SerializationError:
        if type(value) is list:
            if self._dynamodb:
                return wrong(f"Unrecognized collection type class {self._package}{ref.shape.name}")
            return wrong("Start of list found where not expected")
        if self._dynamodb:
            return wrong("Unexpected field type" if _named(ref) else "Unexpected value type in payload")
        return wrong("Expected null")

    def _not_a_list(self, value: Any) -> SerializationError:
        if type(value) is dict:
            return self._dict_unexpected()
        return wrong("Unexpected field type" if self._dynamodb else "Expected list or null")

    def _not_a_map(self, shape: Shape, value: Any) -> SerializationError:
        if type(value) is list:
            if self._dynamodb:
                inner = shape.value.shape
                java = "java.lang.String" if inner.type == "string" else f"{self._package}{inner.name}"
                return wrong(f"Unrecognized collection type java.util.Map<java.lang.String, {java}>")
            return wrong("Start of list found where not expected")
        # Coral's text for a scalar in place of a map could not be confirmed
        return wrong("Unexpected field type" if self._dynamodb else "Expected map or null")
