"""Tags in requests of EC2: those of a creation, and the rules for all.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import InvalidParameterValue, TagLimitExceeded

MOST = 50
RESERVED = "aws:"


def given(req: Mapping[str, Any], word: str) -> dict[str, str]:
    """The tags that a creation gives to its things of one type."""
    found: dict[str, str] = {}
    for specification in req.get("TagSpecifications") or req.get("TagSpecification") or ():
        if specification.get("ResourceType") == word:
            found |= read(specification.get("Tags"))
    return found


def created(req: Mapping[str, Any], *words: str) -> dict[str, str]:
    """The same, checked: a specification for something that the request does not make is refused."""
    for specification in req.get("TagSpecifications") or req.get("TagSpecification") or ():
        kind = specification.get("ResourceType")
        if not kind:
            raise InvalidParameterValue("Tag specification must have a resource type")
        if kind not in words:
            raise InvalidParameterValue(f"'{kind}' is not a valid taggable resource type for this operation.")
    found = given(req, words[0])
    check(found)
    return found


def read(listed: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    return {tag.get("Key") or "": tag.get("Value") or "" for tag in listed or ()}


def check_reserved(req: Mapping[str, Any]) -> None:
    """Refuse tags of AWS's own, in any request that gives or takes tags. AWS's services may write them."""
    lists = [req.get("Tags"), *(each.get("Tags") for each in req.get("TagSpecifications") or ())]
    for listed in lists:
        if isinstance(listed, list) and any((tag.get("Key") or "").startswith(RESERVED) for tag in listed):
            raise InvalidParameterValue("Tag keys starting with 'aws:' are reserved for internal use")


def check(held: Mapping[str, str]) -> None:
    """Keys to 127 characters, values to 255, and 50 tags beside AWS's own."""
    for name, value in held.items():
        if not name:
            raise InvalidParameterValue("Tag key cannot be empty")
        if len(name) > 127:
            raise InvalidParameterValue(f"Tag key exceeds the maximum length of 127 characters: '{name}'")
        if len(value) > 255:
            raise InvalidParameterValue(f"Tag value exceeds the maximum length of 255 characters: '{value}'")
    if sum(not name.startswith(RESERVED) for name in held) > MOST:
        raise TagLimitExceeded


def listed(held: Mapping[str, str]) -> list[dict[str, str]]:
    """The tags of an answer."""
    return [{"Key": name, "Value": value} for name, value in held.items()]
