"""The tags that requests carry, as condition keys of every call that gives or takes tags.

    aws:RequestTag/KEY      the value that a request gives to a tag
    aws:TagKeys             the keys of the tags that a request gives or takes away

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import tags

# the members in which requests carry tags; tests/attacks/test_tags.py holds them against AWS's models
_GIVEN = ("Tags", "tags", "TagsList", "TagList")
_TAKEN = ("TagKeys", "tagKeys")
_KEYS = ("Key", "key", "TagKey")
_VALUES = ("Value", "value", "TagValue")


def given(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a request gives: in a mapping, or in a list of keys and values. What is neither, it passes over."""
    found = next((request[member] for member in _GIVEN if request.get(member)), None)
    if isinstance(found, Mapping):
        return {key: str(value) for key, value in found.items()}
    pairs = found if isinstance(found, list) else []
    read = ((_first(tag, _KEYS), _first(tag, _VALUES)) for tag in pairs if isinstance(tag, Mapping))
    return {key: value or "" for key, value in read if key is not None}


def taken(request: Mapping[str, Any]) -> list[str]:
    """The keys of the tags that a request takes away."""
    found = next((request[member] for member in _TAKEN if request.get(member)), None)
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []


def conditions(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of a request that tags; none of any other.

    CloudTrail's RemoveTags has the tags that it takes away in a list of tags.
    """
    named = given(request)
    if operation.startswith("Remove"):
        return tags.conditions({}, [*named, *taken(request)])
    return tags.conditions(named, taken(request))


def _first(tag: Mapping[str, Any], members: tuple[str, ...]) -> str | None:
    return next((tag[member] for member in members if isinstance(tag.get(member), str)), None)
