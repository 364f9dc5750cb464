"""What the handlers of CloudFormation's resource types (cfn.py) do alike, whichever service they call."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterable
from typing import Any

from .errors import ServiceError


async def unless(call: Awaitable[dict[str, Any]], *codes: str) -> dict[str, Any] | None:
    """The answer of a call, or None when it fails with one of `codes`: what should go is gone already."""
    try:
        return await call
    except ServiceError as error:
        if error.code not in codes:
            raise
        return None


def texts(properties: dict[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Those of the properties that are set, as a service's map of attributes takes them: all values are text."""
    return {name: _text(properties[name]) for name in names if properties.get(name) is not None}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
