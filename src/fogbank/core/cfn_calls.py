"""Helpers for the handlers of CloudFormation resource types (cfn.py)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from .cfn import Name
from .errors import ServiceError

T = TypeVar("T")


async def unless(call: Awaitable[T], *codes: str) -> T | None:
    """Await a call; None if it fails with one of `codes`. For deletes of things that may be gone already."""
    try:
        return await call
    except ServiceError as error:
        if error.code not in codes:
            raise
        return None


async def create_once(name: Name, create: Callable[[], Awaitable[T]], find: Callable[[], Awaitable[T | None]]) -> T:
    """Create a thing unless an earlier try of this creation, which a crash interrupted, has made it.

    `find()` is called only after such a crash. It returns None if there is no thing that this creation can have made.
    """
    found = await find() if name.began else None
    return await create() if found is None else found


async def retag(
    old: Mapping[str, str],
    new: Mapping[str, str],
    untag: Callable[[list[str]], Awaitable[Any]],
    tag: Callable[[dict[str, str]], Awaitable[Any]],
) -> None:
    """Change tags from `old` to `new`. `untag` takes keys, `tag` keys with their values."""
    gone = sorted(old.keys() - new.keys())
    if gone:
        await untag(gone)
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if changed:
        await tag(changed)


async def everything(call: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]], member: str) -> list[Any]:
    """The items of all pages of a list: `call(more)` gets {"NextToken": …} from the second page on."""
    found: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        answer = await call(more)
        found += answer.get(member) or []
        member_of = {"NextToken": "NextToken", "nextToken": "nextToken", "NextMarker": "Marker", "Marker": "Marker"}
        more = {asked: answer[got] for got, asked in member_of.items() if answer.get(got)}
        if not more:
            return found


def without_system(tags: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """A list of tags without those that only AWS sets."""
    return [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags if not tag["Key"].startswith("aws:")]


def given(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named properties that are set."""
    return {name: properties[name] for name in names if properties.get(name) is not None}


def texts(properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """The named properties that are set, as a map of attributes: all values are text."""
    return {name: text(properties[name]) for name in names if properties.get(name) is not None}


def text(value: Any) -> str:
    """A property as text: structures as JSON, booleans as JSON writes them."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def truth(value: Any) -> bool:
    """The value of a boolean property. Templates write true, "true" and "True"."""
    return str(value).lower() == "true"
