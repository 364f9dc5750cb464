"""What templates call on numbers, lists and maps, as Java's classes have it; and how any method is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..budget import ENTRY, PER_STEP, Budget
from ..jsontext import weigh
from ..patterns import BadPattern
from . import texts
from .values import Entry, as_text, equal

BUILT_IN = frozenset({"input", "util", "context", "stageVariables"})
MAX_KEY = 2**60
COMPARED_PER_STEP = 20  # entries of a list that are compared in one step
_FAILURES = (TypeError, IndexError, KeyError, ValueError, AttributeError, OverflowError, BadPattern)


class Functions:
    """An object of API Gateway's own ($input, $util): its public methods and attributes are a template's."""


def member(held: Any, name: str) -> Any:
    """held.name: an entry of a map, or a getter."""
    if isinstance(held, dict):
        if name in held:
            return held[name]
        return {"empty": not held}.get(name)
    if isinstance(held, Entry):
        return {"key": held.key, "value": held.value}.get(name)
    if isinstance(held, Functions):
        found = None if name.startswith("_") else getattr(held, name, None)
        return None if callable(found) else found
    if name == "empty" and isinstance(held, str | list):
        return not held
    return None


def indexed(held: Any, key: Any) -> Any:
    """held[key]"""
    if isinstance(held, dict):
        return held.get(key) if _is_key(key) else None
    if isinstance(held, list) and isinstance(key, int) and -len(held) <= key < len(held):
        return held[key]
    return None


def store(held: Any, key: Any, value: Any, budget: Budget) -> None:
    """#set($held[key] = value); nothing where that is not possible."""
    budget.made(ENTRY)
    if isinstance(held, dict):
        if _is_key(key):
            held[key] = value
    elif isinstance(held, list) and isinstance(key, int) and 0 <= key < len(held):
        held[key] = value


def _is_key(key: Any) -> bool:
    """Whether a value can be a map's key here. Lists and maps, which Java would take, cannot.

    Nor can integers from MAX_KEY on, among which are endlessly many of one hash: a map of those is slow.
    """
    return key is None or isinstance(key, str | float) or (isinstance(key, int) and abs(key) < MAX_KEY)


def call(held: Any, name: str, arguments: list[Any], budget: Budget) -> Any:
    """held.name(arguments); None where there is no such method or it fails on these arguments. Raises OverBudget."""
    if isinstance(held, Functions):
        method = None if name.startswith("_") else getattr(held, name, None)
    else:
        method = _method(held, name)
    if not callable(method):
        return None
    if isinstance(held, str):
        budget.step(len(held) // PER_STEP)
    try:
        found = method(*arguments) if isinstance(held, Functions) else method(budget, held, *arguments)
    except _FAILURES:
        return None
    if isinstance(found, str):
        budget.made(len(found))
    return found


def _method(held: Any, name: str) -> texts.Method | None:
    for kind, table in _TABLES:
        if isinstance(held, kind) and not (kind is not bool and isinstance(held, bool)):
            return table.get(name) or _ANY.get(name)
    return _ANY.get(name)


# -- lists -----------------------------------------------------------------------------------------------------------


def _place(budget: Budget, held: list[Any], value: Any) -> int:
    """Where a value is in a list, or -1."""
    budget.step(len(held) // COMPARED_PER_STEP * (1 + weigh(value, budget) // PER_STEP))
    return held.index(value) if value in held else -1


def _list_add(budget: Budget, held: list[Any], *arguments: Any) -> bool:
    budget.made(ENTRY)
    if len(arguments) == 2:
        budget.step(len(held) // PER_STEP)
        held.insert(arguments[0], arguments[1])
    else:
        held.append(arguments[0])
    return True


def _list_add_all(budget: Budget, held: list[Any], more: list[Any] | dict[Any, Any]) -> bool:
    budget.made(ENTRY * len(more))
    held.extend(list(more))
    return True


def _list_set(_budget: Budget, held: list[Any], index: int, value: Any) -> Any:
    before = held[index]
    held[index] = value
    return before


def _list_remove(budget: Budget, held: list[Any], what: Any) -> Any:
    budget.step(len(held) // PER_STEP)
    if isinstance(what, int) and not isinstance(what, bool):
        return held.pop(what)
    place = _place(budget, held, what)
    if place >= 0:
        held.pop(place)
    return place >= 0


def _part(budget: Budget, held: list[Any], start: int, end: int) -> list[Any]:
    budget.made(ENTRY * len(held))
    return held[start:end]


# -- maps ------------------------------------------------------------------------------------------------------------


def _put(budget: Budget, held: dict[Any, Any], key: Any, value: Any) -> Any:
    before = held.get(key)
    store(held, key, value, budget)
    return before


def _put_all(budget: Budget, held: dict[Any, Any], more: dict[Any, Any]) -> None:
    budget.made(ENTRY * len(more))
    held.update(more)


def _copied(make: Callable[[dict[Any, Any]], list[Any]]) -> texts.Method:
    """A method that makes a list as long as the map."""

    def method(budget: Budget, held: dict[Any, Any]) -> list[Any]:
        budget.made(ENTRY * len(held))
        return make(held)

    return method


_ANY: dict[str, texts.Method] = {
    "toString": lambda b, held: as_text(held, b),
    "equals": lambda b, held, other: equal(held, other, b),
    "hashCode": lambda b, held: hash(as_text(held, b)) & 0x7FFFFFFF,
}
_NUMBER: dict[str, texts.Method] = {
    "intValue": lambda _b, held: int(held),
    "longValue": lambda _b, held: int(held),
    "doubleValue": lambda _b, held: float(held),
    "floatValue": lambda _b, held: float(held),
    "parseInt": lambda b, _held, text: texts.integer(b, text),
    "compareTo": lambda _b, held, other: (held > other) - (held < other),
}
_LIST: dict[str, texts.Method] = {
    "size": lambda _b, held: len(held),
    "length": lambda _b, held: len(held),
    "isEmpty": lambda _b, held: not held,
    "get": lambda _b, held, i: held[i],
    "set": _list_set,
    "add": _list_add,
    "addAll": _list_add_all,
    "remove": _list_remove,
    "contains": lambda b, held, x: _place(b, held, x) >= 0,
    "indexOf": _place,
    "subList": _part,
    "clear": lambda _b, held: held.clear(),
    "iterator": lambda _b, held: held,
}
_MAP: dict[str, texts.Method] = {
    "size": lambda _b, held: len(held),
    "isEmpty": lambda _b, held: not held,
    "get": lambda _b, held, key: held.get(key),
    "getOrDefault": lambda _b, held, key, default: held.get(key, default),
    "put": _put,
    "putAll": _put_all,
    "remove": lambda _b, held, key: held.pop(key, None),
    "containsKey": lambda _b, held, key: key in held,
    "containsValue": lambda b, held, value: _place(b, list(held.values()), value) >= 0,
    "keySet": _copied(list),
    "values": _copied(lambda held: list(held.values())),
    "entrySet": _copied(lambda held: [Entry(key, value) for key, value in held.items()]),
    "clear": lambda _b, held: held.clear(),
}
_ENTRY: dict[str, texts.Method] = {"getKey": lambda _b, e: e.key, "getValue": lambda _b, e: e.value}
_TABLES: tuple[tuple[type, dict[str, texts.Method]], ...] = (
    (str, texts.METHODS),
    (bool, {"booleanValue": lambda _b, held: held}),
    (int, _NUMBER),
    (float, _NUMBER),
    (list, _LIST),
    (dict, _MAP),
    (Entry, _ENTRY),
)
