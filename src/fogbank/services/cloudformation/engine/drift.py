"""Compares resources with what their template says: reads them through their handlers.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html

Only the properties that the template sets are compared, and only those that the handler reads. Lists are compared
without their order, as AWS does for the lists whose schema says that the order has no meaning; here it is all lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.core.cfn import Readable, ResourceType
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.wire import resource_schemas

from ..records import Drift, StackResource
from .compare import normal
from .lookups import resolved
from .properties import typed

DIFFERENT = ("MODIFIED", "DELETED")


async def examine(ctx: Context, kind: ResourceType | None, record: StackResource) -> Drift | None:
    """The drift of a resource, read as `ctx`'s principal; None where the type cannot be read."""
    if kind is None or not isinstance(kind.handler, Readable) or not record.physical_id:
        return None
    found = Drift(
        account=record.account,
        region=record.region,
        stack_id=record.stack_id,
        logical_id=record.logical_id,
        status="IN_SYNC",
        time=ctx.now(),
    )
    try:
        expected = typed(record.type, await resolved(ctx, record.properties))
        actual = await kind.handler.read(ctx, record.physical_id)
    except ServiceError as error:
        found.status, found.reason = "UNKNOWN", error.message
        return found
    found.expected = _text(expected)
    if actual is None:
        found.status = "DELETED"
        return found
    hidden = _hidden(record.type)
    compared = {name: value for name, value in expected.items() if name in actual and name not in hidden}
    found.actual = _text({name: actual[name] for name in compared if actual[name] is not None})
    found.expected = _text(compared)
    for name, value in compared.items():
        found.differences += differences(f"/{name}", value, actual[name])
    found.status = "MODIFIED" if found.differences else "IN_SYNC"
    return found


def _hidden(type_name: str) -> set[str]:
    """The properties that cannot be read."""
    schema = resource_schemas.find(type_name)
    return {path for path in schema.write_only if "/" not in path} if schema is not None else set()


def differences(path: str, expected: Any, actual: Any) -> list[dict[str, str]]:
    """The `PropertyDifference`s of a value: of the innermost values that differ."""
    expected, actual = _plain(expected), _plain(actual)
    if expected == actual:
        return []
    if actual is None:
        return [_difference("REMOVE", path, expected, None)]
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _in_map(path, expected, actual)
    if isinstance(expected, list) and isinstance(actual, list):
        return _in_list(path, expected, actual)
    return [_difference("NOT_EQUAL", path, expected, actual)]


def _in_map(path: str, expected: dict[str, Any], actual: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    for name, value in expected.items():
        found += differences(f"{path}/{name}", value, actual.get(name))
    return found


def _in_list(path: str, expected: list[Any], actual: list[Any]) -> list[dict[str, str]]:
    """Pairs the items that are the same or have the same Key (tags), and tells of what is left over."""
    left = list(actual)
    missing = []
    for index, item in enumerate(expected):
        if item in left:
            left.remove(item)
        else:
            missing.append((index, item))
    found = []
    for index, item in missing:
        twin = next((each for each in left if _key(each) is not None and _key(each) == _key(item)), None)
        if twin is None:
            found.append(_difference("REMOVE", f"{path}/{index}", item, None))
        else:
            left.remove(twin)
            found += differences(f"{path}/{index}", item, twin)
    found += [_difference("ADD", f"{path}/{len(expected) + number}", None, item) for number, item in enumerate(left)]
    return found


def _key(item: Any) -> Any:
    return item.get("Key") or item.get("Sid") if isinstance(item, dict) else None


def _plain(value: Any) -> Any:
    """A value as it is compared: numbers and booleans as text, JSON in text (policies) as what it says."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return normal(msgspec.json.decode(value))
        except msgspec.DecodeError:
            return value
    return normal(value)


def _difference(kind: str, path: str, expected: Any, actual: Any) -> dict[str, str]:
    return {
        "PropertyPath": path,
        "ExpectedValue": _value(expected),
        "ActualValue": _value(actual),
        "DifferenceType": kind,
    }


def _value(value: Any) -> str:
    return "null" if value is None else value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _text(properties: Mapping[str, Any]) -> str:
    return json.dumps(properties, separators=(",", ":"))
