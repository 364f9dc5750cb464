"""Template properties as request members. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def camel(properties: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The named properties that are there, as API members: `Name` becomes `name`."""
    return {name[0].lower() + name[1:]: _plain(properties[name]) for name in names if properties.get(name) is not None}


def _plain(value: Any) -> Any:
    """CloudFormation hands on "true" where a template says so."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def patches(old: dict[str, Any], new: dict[str, Any], names: Iterable[str]) -> list[dict[str, Any]]:
    """`replace` operations for what differs; "" for what is no more."""
    operations = []
    for name in names:
        before, after = old.get(name), new.get(name)
        if before != after:
            text = "" if after is None else str(after).lower() if isinstance(after, bool) else str(after)
            operations.append({"op": "replace", "path": f"/{name}", "value": text})
    return operations
