"""How values look, compare and are reckoned with in templates: as Java shows them.

Integers grow as Velocity's do, from Integer to Long to BigInteger:
https://velocity.apache.org/engine/1.7/apidocs/org/apache/velocity/runtime/parser/node/MathUtils.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..budget import Budget, OverBudget
from ..jsontext import weigh

MAX_BITS = 10_000  # of an integer, some 3,000 digits
MAX_DIGITS = 3_000  # of an integer that is written out


class Entry:
    """One entry of a map's entrySet()."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value


def as_text(value: Any, budget: Budget) -> str:
    """Java's toString: true, {a=1, b=2}, [1, 2], 1.0E10 aside."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | Entry):
        pieces: list[str] = []
        _spell(value, pieces, budget)
        return "".join(pieces)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _spell(value: Any, pieces: list[str], budget: Budget) -> None:
    """The pieces of a list's or map's text, each charged as it is added."""
    budget.step(2)
    if isinstance(value, dict):
        opened = "{"
        for key, held in value.items():
            pieces.append(opened)
            _spell(key, pieces, budget)
            pieces.append("=")
            _spell(held, pieces, budget)
            opened = ", "
        pieces.append("}" if value else "{}")
    elif isinstance(value, Entry):
        _spell(value.key, pieces, budget)
        pieces.append("=")
        _spell(value.value, pieces, budget)
    elif isinstance(value, list):
        opened = "["
        for held in value:
            pieces.append(opened)
            _spell(held, pieces, budget)
            opened = ", "
        pieces.append("]" if value else "[]")
    else:
        pieces.append("null" if value is None else as_text(value, budget))
    budget.made(len(pieces[-1]))


def truthy(value: Any) -> bool:
    """Velocity 1.7: everything but null and false."""
    return value is not None and value is not False


def plus(left: Any, right: Any, budget: Budget) -> Any:
    """A sum of numbers, or both texts one after the other."""
    if _number(left) and _number(right):
        return left + right
    if left is None or right is None:
        return None
    text = as_text(left, budget) + as_text(right, budget)
    budget.made(len(text))
    return text


def minus(left: Any, right: Any, _budget: Budget) -> Any:
    return left - right if _number(left) and _number(right) else None


def times(left: Any, right: Any, _budget: Budget) -> Any:
    return left * right if _number(left) and _number(right) else None


def divided(left: Any, right: Any, _budget: Budget) -> Any:
    if not (_number(left) and _number(right)) or right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return left / right


def remainder(left: Any, right: Any, _budget: Budget) -> Any:
    if not (_number(left) and _number(right)) or right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) % abs(right) * (1 if left >= 0 else -1)
    return math.fmod(left, right)


def reckoned(function: Callable[[Any, Any, Budget], Any], left: Any, right: Any, budget: Budget) -> Any:
    """What an operator makes of two values; None where it has no value. Raises OverBudget for an integer that grows."""
    budget.step()
    try:
        value = function(left, right, budget)
    except (OverflowError, ValueError):  # an integer beyond a double; a remainder of infinity
        return None
    if type(value) is int and value.bit_length() > MAX_BITS:
        raise OverBudget(f"an integer has more than {MAX_BITS} bits")
    return value


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """Numbers by value, what is of one type by itself, the rest by its text."""
    if left is None or right is None:
        return left is None and right is None
    if _number(left) and _number(right):
        return bool(left == right)
    if type(left) is type(right):
        budget.step(weigh(left, budget) // 1_000)
        return bool(left == right)
    return as_text(left, budget) == as_text(right, budget)


def less(left: Any, right: Any, _budget: Budget) -> bool:
    if _number(left) and _number(right):
        return bool(left < right)
    return isinstance(left, str) and isinstance(right, str) and left < right


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
