"""Tags in requests. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"""

from __future__ import annotations

from typing import Any

from .errors import InvalidInput, LimitExceeded

LIMIT = 50


def read(req: dict[str, Any], existing: dict[str, str] | None = None) -> dict[str, str]:
    """The tags of an entity after this request; keys that differ only in case are the same tag."""
    given = req.get("Tags") or []
    folded = [tag["Key"].lower() for tag in given]
    if len(set(folded)) != len(folded):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    tags = {key: value for key, value in (existing or {}).items() if key.lower() not in folded}
    tags |= {tag["Key"]: tag["Value"] for tag in given}
    if len(tags) > LIMIT:
        raise LimitExceeded(f"The number of tags has reached the maximum limit of {LIMIT}.")
    return tags


def shape(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
