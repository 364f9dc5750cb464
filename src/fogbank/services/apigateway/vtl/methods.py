"""The Java methods that templates call on strings, numbers, lists and maps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .values import as_text, equal

BUILT_IN = frozenset({"input", "util", "context", "stageVariables"})


class Entry:
    """One entry of a map's entrySet()."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value

    def __str__(self) -> str:
        return f"{as_text(self.key)}={as_text(self.value)}"


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
        return None if name.startswith("_") else getattr(held, name, None)
    if name == "empty" and isinstance(held, str | list):
        return not held
    return None


def indexed(held: Any, key: Any) -> Any:
    """held[key]"""
    if isinstance(held, dict):
        return held.get(key)
    if isinstance(held, list) and isinstance(key, int) and -len(held) <= key < len(held):
        return held[key]
    return None


def store(held: Any, key: Any, value: Any) -> None:
    """#set($held[key] = value)"""
    if isinstance(held, dict) or (isinstance(held, list) and isinstance(key, int) and 0 <= key < len(held)):
        held[key] = value


def call(held: Any, name: str, arguments: list[Any]) -> Any:
    """held.name(arguments); None where there is no such method or it fails on these arguments."""
    if isinstance(held, Functions):
        method = None if name.startswith("_") else getattr(held, name, None)
        return method(*arguments) if callable(method) else None
    for kind, table in _TABLES:
        if isinstance(held, kind) and not (kind is not bool and isinstance(held, bool)):
            function = table.get(name) or _ANY.get(name)
            if function is None:
                return None
            try:
                return function(held, *arguments)
            except (TypeError, IndexError, KeyError, ValueError, re.error):
                return None
    function = _ANY.get(name)
    return function(held, *arguments) if function else None


def _java(pattern: str) -> str:
    """Java's possessive and named-group spellings aside, its expressions are Python's."""
    return re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern)


def _replacement(text: str) -> str:
    return re.sub(r"\$(\d)", r"\\\1", text.replace("\\", "\\\\"))


def _split(text: str, pattern: str, limit: int = 0) -> list[str]:
    parts = re.split(_java(pattern), text, maxsplit=max(limit - 1, 0))
    while limit == 0 and len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts


def _substring(text: str, start: int, end: int | None = None) -> str:
    if not 0 <= start <= (len(text) if end is None else end) <= len(text):
        raise IndexError(start)
    return text[start:end]


def _list_add(held: list[Any], *arguments: Any) -> bool:
    if len(arguments) == 2:
        held.insert(arguments[0], arguments[1])
    else:
        held.append(arguments[0])
    return True


def _list_set(held: list[Any], index: int, value: Any) -> Any:
    before = held[index]
    held[index] = value
    return before


def _list_remove(held: list[Any], what: Any) -> Any:
    if isinstance(what, int) and not isinstance(what, bool):
        return held.pop(what)
    if what in held:
        held.remove(what)
        return True
    return False


def _put(held: dict[Any, Any], key: Any, value: Any) -> Any:
    before = held.get(key)
    held[key] = value
    return before


_ANY: dict[str, Callable[..., Any]] = {
    "toString": as_text,
    "equals": equal,
    "hashCode": lambda held: hash(as_text(held)) & 0x7FFFFFFF,
}
_STRING: dict[str, Callable[..., Any]] = {
    "length": len,
    "isEmpty": lambda s: not s,
    "isBlank": lambda s: not s.strip(),
    "substring": _substring,
    "indexOf": lambda s, x, start=0: s.find(x, start),
    "lastIndexOf": lambda s, x: s.rfind(x),
    "contains": lambda s, x: as_text(x) in s,
    "startsWith": lambda s, x, start=0: s.startswith(x, start),
    "endsWith": lambda s, x: s.endswith(x),
    "replace": lambda s, old, new: s.replace(old, new),
    "replaceAll": lambda s, pattern, new: re.sub(_java(pattern), _replacement(new), s),
    "replaceFirst": lambda s, pattern, new: re.sub(_java(pattern), _replacement(new), s, count=1),
    "matches": lambda s, pattern: re.fullmatch(_java(pattern), s) is not None,
    "split": _split,
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "trim": str.strip,
    "strip": str.strip,
    "concat": lambda s, x: s + x,
    "charAt": lambda s, i: s[i],
    "equalsIgnoreCase": lambda s, x: isinstance(x, str) and s.lower() == x.lower(),
    "compareTo": lambda s, x: (s > x) - (s < x),
    "repeat": lambda s, n: s * min(n, 10_000),
    "intValue": int,
}
_NUMBER: dict[str, Callable[..., Any]] = {
    "intValue": int,
    "longValue": int,
    "doubleValue": float,
    "floatValue": float,
    "parseInt": lambda _held, text: int(text),
    "compareTo": lambda a, b: (a > b) - (a < b),
}
_LIST: dict[str, Callable[..., Any]] = {
    "size": len,
    "length": len,
    "isEmpty": lambda held: not held,
    "get": lambda held, i: held[i],
    "set": _list_set,
    "add": _list_add,
    "addAll": lambda held, more: held.extend(more) or True,
    "remove": _list_remove,
    "contains": lambda held, x: x in held,
    "indexOf": lambda held, x: held.index(x) if x in held else -1,
    "subList": lambda held, a, b: held[a:b],
    "clear": lambda held: held.clear(),
    "iterator": lambda held: held,
}
_MAP: dict[str, Callable[..., Any]] = {
    "size": len,
    "isEmpty": lambda held: not held,
    "get": lambda held, key: held.get(key),
    "getOrDefault": lambda held, key, default: held.get(key, default),
    "put": _put,
    "putAll": lambda held, more: held.update(more),
    "remove": lambda held, key: held.pop(key, None),
    "containsKey": lambda held, key: key in held,
    "containsValue": lambda held, value: value in held.values(),
    "keySet": list,
    "values": lambda held: list(held.values()),
    "entrySet": lambda held: [Entry(key, value) for key, value in held.items()],
    "clear": lambda held: held.clear(),
}
_ENTRY: dict[str, Callable[..., Any]] = {"getKey": lambda e: e.key, "getValue": lambda e: e.value}
_TABLES: tuple[tuple[type, dict[str, Callable[..., Any]]], ...] = (
    (str, _STRING),
    (bool, {"booleanValue": bool}),
    (int, _NUMBER),
    (float, _NUMBER),
    (list, _LIST),
    (dict, _MAP),
    (Entry, _ENTRY),
)
