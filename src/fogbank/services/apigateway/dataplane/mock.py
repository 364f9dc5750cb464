"""MOCK: the request template says which integration response is sent.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.http import Response

from . import mapping
from .answers import INTERNAL, GatewayError
from .exchange import Exchange


async def run(exchange: Exchange) -> Response:
    """Evaluate the request template, take its statusCode, and answer with the response it selects."""
    rendered = mapping.request_body(exchange)
    try:
        status = int(_status(rendered))
    except (TypeError, ValueError):
        raise GatewayError(
            "DEFAULT_5XX",
            INTERNAL,
            why="Execution failed due to configuration error: Unable to parse statusCode. It should be an integer that "
            "is defined as part of the request template",
        ) from None
    return mapping.respond(exchange, str(status), [], b"")


def _status(rendered: bytes) -> Any:
    """statusCode of the rendered template, which AWS reads leniently (single quotes, bare names)."""
    try:
        value = msgspec.json.decode(rendered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        import yaml

        try:
            value = yaml.safe_load(rendered)
        except yaml.YAMLError:
            value = None
    return value.get("statusCode") if isinstance(value, dict) else None
