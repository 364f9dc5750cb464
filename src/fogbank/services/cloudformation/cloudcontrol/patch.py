"""Applies JSON patches (RFC 6902) to the properties of a resource."""

from __future__ import annotations

import copy
from typing import Any

from .errors import InvalidRequest


def apply(document: Any, patch: Any) -> Any:
    """The patched document. Raises InvalidRequest for a patch that is malformed or does not fit."""
    if not isinstance(patch, list):
        raise InvalidRequest("The patch document must be a list of operations")
    document = copy.deepcopy(document)
    for step in patch:
        if not isinstance(step, dict) or not isinstance(step.get("path"), str):
            raise InvalidRequest(f"Invalid patch operation: {step}")
        try:
            document = _apply(document, step)
        except (KeyError, IndexError, ValueError, TypeError):
            raise InvalidRequest(f"Cannot apply the patch operation {step.get('op')} at {step['path']}") from None
    return document


def _apply(document: Any, step: dict[str, Any]) -> Any:
    path = _parts(step["path"])
    match step.get("op"):
        case "add":
            return _put(document, path, step["value"], insert=True)
        case "replace":
            _get(document, path)
            return _put(document, path, step["value"], insert=False)
        case "remove":
            return _remove(document, path)
        case "move":
            value = _get(document, _parts(step["from"]))
            return _put(_remove(document, _parts(step["from"])), path, value, insert=True)
        case "copy":
            return _put(document, path, copy.deepcopy(_get(document, _parts(step["from"]))), insert=True)
        case "test":
            if _get(document, path) != step["value"]:
                raise ValueError
            return document
    raise InvalidRequest(f"Invalid patch operation: {step.get('op')}")


def _parts(pointer: str) -> list[str]:
    """The parts of a JSON pointer (RFC 6901)."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _get(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value[_index(part)] if isinstance(value, list) else value[part]
    return value


def _index(part: str) -> int:
    if not part.isdigit():
        raise ValueError
    return int(part)


def _put(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    within, last = _get(document, path[:-1]), path[-1]
    if isinstance(within, list):
        index = len(within) if last == "-" else _index(last)
        if insert:
            if index > len(within):
                raise IndexError
            within.insert(index, value)
        else:
            within[index] = value
    else:
        within[last] = value
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return {}
    within = _get(document, path[:-1])
    del within[_index(path[-1]) if isinstance(within, list) else path[-1]]
    return document
