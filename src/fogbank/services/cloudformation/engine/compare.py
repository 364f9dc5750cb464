"""Compares two sets of properties, and tells whether the change needs a replacement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..template.functions import text_of


def normal(value: Any) -> Any:
    """A value in the form that CloudFormation compares: numbers and booleans as text."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return text_of(value) if value is not None else None


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The top-level properties that differ: first those of `new` in its order, then the removed ones."""
    names = [*new, *(name for name in old if name not in new)]
    return [name for name in names if (name in old) != (name in new) or normal(old.get(name)) != normal(new.get(name))]


def differing(defaults: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The properties among `defaults` that differ. A property that is not set has its default value."""
    return [name for name, value in defaults.items() if normal(old.get(name, value)) != normal(new.get(name, value))]


def moved(paths: Iterable[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The top-level properties of the paths whose values differ. The path `*` means: every property."""
    found = set()
    for path in paths:
        if path == "*":
            found |= set(changed(old, new))
        elif normal(_at(old, path.split("/"))) != normal(_at(new, path.split("/"))):
            found.add(path.partition("/")[0])
    return found


def _at(value: Any, path: list[str]) -> Any:
    """The value at a path; below a list (`*`) those of all its items."""
    if not path:
        return value
    if path[0] == "*":
        return [_at(item, path[1:]) for item in value] if isinstance(value, list) else None
    return _at(value.get(path[0]), path[1:]) if isinstance(value, dict) else None


def custom_name(immutable: Iterable[str], physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The custom name that would stay the same in a replacement, which AWS refuses; '' if there is none.

    A name property is an immutable property that ends in "Name" and whose value is the physical id or its last part.
    Also '' when a property that scopes the name changes (another …Name, an …Id, …Arn or …Bucket).
    """
    immutable = [name for name in immutable if "/" not in name]
    differing = moved(immutable, old, new)
    if any(name.endswith(("Name", "Id", "Arn", "Bucket")) for name in differing):
        return ""
    for name in immutable:
        value = new.get(name)
        if name.endswith("Name") and isinstance(value, str) and value and name not in differing:
            tail = physical_id.replace(":", "/").rsplit("/", 1)[-1]
            if value in (physical_id, tail):
                return value
    return ""
