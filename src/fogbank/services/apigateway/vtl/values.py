"""How values look and compare in templates: as Java shows them."""

from __future__ import annotations

from typing import Any


def as_text(value: Any) -> str:
    """Java's toString: true, {a=1, b=2}, [1, 2], 1.0E10 aside."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_text(k)}={_inner(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_inner(entry) for entry in value) + "]"
    return str(value)


def _inner(value: Any) -> str:
    return "null" if value is None else as_text(value)


def truthy(value: Any) -> bool:
    """Velocity 1.7: everything but null and false."""
    return value is not None and value is not False


def plus(left: Any, right: Any) -> Any:
    if _number(left) and _number(right):
        return left + right
    return None if left is None or right is None else as_text(left) + as_text(right)


def minus(left: Any, right: Any) -> Any:
    return left - right if _number(left) and _number(right) else None


def times(left: Any, right: Any) -> Any:
    return left * right if _number(left) and _number(right) else None


def divided(left: Any, right: Any) -> Any:
    if not (_number(left) and _number(right)) or right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return left / right


def remainder(left: Any, right: Any) -> Any:
    if not (_number(left) and _number(right)) or right == 0:
        return None
    import math

    return int(math.fmod(left, right)) if isinstance(left, int) and isinstance(right, int) else math.fmod(left, right)


def equal(left: Any, right: Any) -> bool:
    """Numbers by value, what is of one type by itself, the rest by its text."""
    if left is None or right is None:
        return left is None and right is None
    if _number(left) and _number(right):
        return bool(left == right)
    if type(left) is type(right):
        return bool(left == right)
    return as_text(left) == as_text(right)


def less(left: Any, right: Any) -> bool:
    if _number(left) and _number(right):
        return bool(left < right)
    return isinstance(left, str) and isinstance(right, str) and left < right


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
