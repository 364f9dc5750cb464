"""Parses the tags of a request. The model makes their keys and values optional, but the service requires the keys.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Tagging-Resources.html
"""

from __future__ import annotations

from typing import Any

from .errors import InvalidParameterValue, TagQuotaExceeded

MOST = 50


def given(req: dict[str, Any]) -> dict[str, str]:
    """The tags of a request. Raises InvalidParameterValue and TagQuotaPerResourceExceeded."""
    found: dict[str, str] = {}
    for tag in req.get("Tags") or ():
        key = tag.get("Key") or ""
        if not key or key.lower().startswith("aws:") or len(key) > 128:
            raise InvalidParameterValue(
                f"The tag key {key!r} is not valid: it has 1 to 128 characters and does not begin with aws:"
            )
        found[key] = str(tag.get("Value") or "")
    if len(found) > MOST:
        raise TagQuotaExceeded
    return found
