"""Converts template properties to request members and patch operations. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def camel(properties: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The named properties that are set, as request members: `Name` becomes `name`."""
    return {name[0].lower() + name[1:]: _plain(properties[name]) for name in names if properties.get(name) is not None}


def _plain(value: Any) -> Any:
    """Convert "true" and "false" to booleans: CloudFormation passes on the text of the template."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def patches(old: dict[str, Any], new: dict[str, Any], names: Iterable[str]) -> list[dict[str, Any]]:
    """`replace` operations for the members that differ; the value of a removed member is ""."""
    operations = []
    for name in names:
        before, after = old.get(name), new.get(name)
        if before != after:
            text = "" if after is None else str(after).lower() if isinstance(after, bool) else str(after)
            operations.append({"op": "replace", "path": f"/{name}", "value": text})
    return operations
