"""Tags: kept as a dict, written by most APIs as a list of {"Key": …, "Value": …}.

https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any


def from_list(given: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Of a request, or of a template, where a value may be a number."""
    return {tag["Key"]: str(tag.get("Value") or "") for tag in given or ()}


def to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def without(tags: Mapping[str, str], keys: Container[str]) -> dict[str, str]:
    """Keys that are not there are fine, as AWS's untagging operations have it."""
    return {key: value for key, value in tags.items() if key not in keys}


def is_reserved(key: str, via: Container[str]) -> bool:
    """Whether a tag is AWS's own to write: the prefix aws:, unless the call comes `via` CloudFormation with its tags.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """
    lower = key.lower()
    ours = lower.startswith("aws:cloudformation:") and "cloudformation.amazonaws.com" in via
    return lower.startswith("aws:") and not ours


def conditions(tags: Mapping[str, str], removed: Iterable[str] = ()) -> dict[str, Any]:
    """aws:RequestTag/… and aws:TagKeys of a request that sets these tags or takes those keys away.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    found: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    keys = [*tags, *removed]
    return {**found, "aws:TagKeys": keys} if keys else found
