"""What changes between two sets of properties, and what that asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..template.functions import text_of


def normal(value: Any) -> Any:
    """A value as CloudFormation compares it: numbers and booleans by their text, keys in no order."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return text_of(value) if value is not None else None


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The top-level properties that differ, in the new order and then the ones that are gone."""
    names = [*new, *(name for name in old if name not in new)]
    return [name for name in names if (name in old) != (name in new) or normal(old.get(name)) != normal(new.get(name))]


def differing(defaults: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Those of some properties that differ; what is not set has its default."""
    return [name for name, value in defaults.items() if normal(old.get(name, value)) != normal(new.get(name, value))]


def replaces(immutable: Iterable[str], names: Iterable[str]) -> bool:
    """Whether one of the changed properties can only be had by a new resource. `*`: any of them."""
    immutable = set(immutable)
    return bool(immutable & set(names)) or ("*" in immutable and any(True for _ in names))


def custom_name(immutable: Iterable[str], physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The name a resource was given by its template and would keep in its replacement: AWS refuses that.

    A name property is one of the immutable ones that ends in Name and whose value is, or ends, the physical id. ''
    when there is none, or when something that scopes the name (another …Name, an …Id, …Arn) is what changes.
    """
    moved = [name for name in immutable if normal(old.get(name)) != normal(new.get(name))]
    if any(name.endswith(("Name", "Id", "Arn", "Bucket")) for name in moved):
        return ""
    for name in immutable:
        value = new.get(name)
        if name.endswith("Name") and isinstance(value, str) and value and name not in moved:
            tail = physical_id.replace(":", "/").rsplit("/", 1)[-1]
            if value in (physical_id, tail):
                return value
    return ""
