"""Attribute values: admission (validation, canonical form, size), comparison, set arithmetic.

A value has the form of the wire, a dict of one type and its content:

    {"S": str} {"N": str} {"B": bytes} {"BOOL": bool} {"NULL": True}
    {"SS": [str]} {"NS": [str]} {"BS": [bytes]} {"L": [value]} {"M": {name: value}}

All functions but `admit` expect admitted values: exactly one type, canonical numbers, sets in order.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from fogbank.core.errors import ValidationError

from . import numbers

Value = dict[str, Any]
Item = dict[str, Value]

TYPES = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
SETS = {"SS": "S", "NS": "N", "BS": "B"}
LEVELS = 32  # of nesting, including the scalar at the bottom
MAX_ITEM = 400 * 1024

INVALID = "One or more parameter values were invalid: "
EMPTY_VALUE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
TWO_TYPES = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
# Measured against AWS (eu-west-2) by the public DynamoDB conformance suite: 31 maps around a scalar are accepted.
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
_EMPTY_SETS = {
    "SS": INVALID + "An string set  may not be empty",
    "NS": INVALID + "An number set  may not be empty",
    "BS": INVALID + "Binary sets should not be empty",
}


def admit_item(item: Item) -> int:
    """Validates every value of an item and converts numbers to canonical form in place. Returns the size in bytes.

    The size includes attribute names, as in AWS's 400 KB limit. Raises ValidationError with AWS's texts.
    """
    size = 0
    for name, value in item.items():
        size += (len(name) if name.isascii() else len(name.encode())) + admit(value)
    return size


def admit(value: Value, level: int = 1) -> int:
    """Validates one value and converts its numbers and sets to canonical form in place. Returns its size in bytes."""
    if len(value) != 1:
        _reject_types(value)
    for kind, content in value.items():
        if kind == "S":
            return len(content) if content.isascii() else len(content.encode())
        if kind == "N":
            value["N"] = text = numbers.canonical(content)
            return numbers.cost(text)
        if kind == "BOOL":
            return 1
        if kind == "M":
            return _admit_nested(content.values(), level) + 3 + sum(1 + len(name.encode()) for name in content)
        if kind == "L":
            return _admit_nested(content, level) + 3 + len(content)
        if kind == "B":
            return len(content)
        if kind == "NULL":
            if content is not True:
                raise ValidationError(INVALID + "Null attribute value types must have the value of true")
            return 1
        return _admit_set(value, kind, content)
    raise ValidationError(EMPTY_VALUE)


def _reject_types(value: Value) -> None:
    if not value:
        raise ValidationError(EMPTY_VALUE)
    for kind, content in value.items():  # errors of a single type come first
        admit({kind: content})
    raise ValidationError(TWO_TYPES)


def _admit_nested(values: Iterable[Value], level: int) -> int:
    if level >= LEVELS:
        raise ValidationError(TOO_DEEP)
    return sum(admit(value, level + 1) for value in values)


def _admit_set(value: Value, kind: str, content: list[Any]) -> int:
    if not content:
        raise ValidationError(_EMPTY_SETS[kind])
    if kind == "NS":
        content = value["NS"] = [numbers.canonical(text) for text in content]
    if len(set(content)) != len(content):
        if kind == "NS":
            raise ValidationError("Input collection contains duplicates")
        shown = ", ".join(text if isinstance(text, str) else _base64(text) for text in content)
        tail = "of type BS contains duplicates." if kind == "BS" else " contains duplicates."
        raise ValidationError(f"{INVALID}Input collection [{shown}]{tail}")
    value[kind] = in_order(kind, content)
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    return sum(map(len if kind == "BS" else numbers.cost, content))


def in_order(kind: str, members: list[Any]) -> list[Any]:
    """Sorts the members of a set as DynamoDB returns them: strings and binaries by their bytes, numbers by value.

    The public DynamoDB conformance suite of 2026 observed this order on AWS.
    """
    return sorted(members, key=str.encode if kind == "SS" else Decimal if kind == "NS" else None)


def _base64(content: bytes) -> str:
    from base64 import b64encode

    return b64encode(content).decode()


def size_of(item: Item) -> int:
    """Returns the size of an item of admitted values, in bytes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Value) -> int:
    """Returns the size of one admitted value, in bytes."""
    kind, content = only(value)
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        return numbers.cost(content)
    if kind == "B":
        return len(content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + value_size(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(1 + value_size(inner) for inner in content)
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    if kind in ("NS", "BS"):
        return sum(map(len if kind == "BS" else numbers.cost, content))
    return 1


def depth(value: Value) -> int:
    """Returns the number of levels in a value: 1 for a scalar or a set."""
    kind, content = only(value)
    if kind == "M":
        return 1 + max(map(depth, content.values()), default=0)
    if kind == "L":
        return 1 + max(map(depth, content), default=0)
    return 1


def only(value: Value) -> tuple[str, Any]:
    """Returns the type and the content of a value."""
    for pair in value.items():
        return pair
    raise ValidationError(EMPTY_VALUE)


def kind_of(value: Value) -> str:
    """Returns the type of a value: "S", "N", …"""
    return next(iter(value))


def equal(left: Value, right: Value) -> bool:
    """Compares like the operator `=`: types and contents must be equal; the order of set members never matters."""
    if left == right:
        return True
    kind, content = only(left)
    if kind not in right:
        return False
    other = right[kind]
    if kind in SETS:
        return len(content) == len(other) and set(content) == set(other)
    if kind == "L":
        return len(content) == len(other) and all(map(equal, content, other))
    if kind == "M":
        return content.keys() == other.keys() and all(equal(content[name], other[name]) for name in content)
    return False


def compare(left: Value, right: Value) -> int | None:
    """Returns a number below, at or above zero, as left sorts before, with or after right.

    Returns None when the values cannot be ordered: their types differ, or they are not scalars.
    """
    kind, content = only(left)
    if kind not in right:
        return None
    other = right[kind]
    if kind == "S":
        if content == other:
            return 0
        return -1 if content.encode() < other.encode() else 1
    if kind == "N":
        mine, theirs = Decimal(content), Decimal(other)
        return (mine > theirs) - (mine < theirs)
    if kind == "B":
        return 0 if content == other else -1 if content < other else 1
    return None


def contains(value: Value, part: Value) -> bool:
    """Evaluates `contains(value, part)`: part is a substring, or a member of a set or list."""
    kind, content = only(value)
    if kind == "L":
        return any(equal(member, part) for member in content)
    wanted, piece = only(part)
    if kind in ("S", "B"):
        return wanted == kind and piece in content
    return SETS.get(kind) == wanted and piece in content


def begins_with(value: Value, prefix: Value) -> bool:
    """Evaluates `begins_with(value, prefix)` for strings and binaries."""
    for kind in ("S", "B"):
        if kind in value and kind in prefix:
            return bool(value[kind].startswith(prefix[kind]))
    return False


def size(value: Value) -> int | None:
    """Evaluates `size(path)`: UTF-16 units of a string, otherwise bytes or members; None for types without a size.

    That strings count in UTF-16 units was seen on AWS (ExtendDB, pull request 67).
    """
    kind, content = only(value)
    if kind == "S" and not content.isascii():
        return len(content.encode("utf-16-le")) // 2
    return None if kind in ("N", "BOOL", "NULL") else len(content)


def type_name(value: Value) -> str:
    """Returns the type's name in some of AWS's error texts."""
    return _NAMES[kind_of(value)]


_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
    "L": "LIST",
    "M": "MAP",
}
