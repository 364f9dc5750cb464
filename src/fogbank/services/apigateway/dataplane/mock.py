"""MOCK integrations: the request template selects the integration response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.apis import jsontext, workers
from fogbank.apis.budget import Budget, OverBudget
from fogbank.apis.failures import INTERNAL, GatewayError
from fogbank.core.http import Response

from . import mapping
from .exchange import Exchange

# matches {statusCode: 200} and {'statusCode': '200'}
_LENIENT = re.compile(r"""[{,]\s*(["']?)statusCode\1\s*:\s*(["']?)(\d{3})\2\s*[,}]""")


async def run(exchange: Exchange) -> Response:
    """Render the request template, and respond with the integration response that its statusCode selects."""
    rendered, _ = await mapping.request(exchange)
    try:
        status = await workers.run(exchange.app, lambda budget: _status(rendered, budget))
    except (OverBudget, TypeError, ValueError):
        raise GatewayError(
            "DEFAULT_5XX",
            INTERNAL,
            why="Execution failed due to configuration error: Unable to parse statusCode. It should be an integer that "
            "is defined as part of the request template",
        ) from None
    return await mapping.respond(exchange, str(status), [], b"")


def _status(rendered: bytes, budget: Budget) -> int:
    """The statusCode in a rendered template, which AWS parses leniently. Raises ValueError, TypeError, OverBudget."""
    try:
        value: Any = jsontext.decode(rendered, budget)
    except jsontext.NotJson:
        budget.made(len(rendered))
        match = _LENIENT.search(rendered.decode("utf-8", "replace"))
        return int(match[3] if match else "")
    status = value.get("statusCode") if isinstance(value, dict) else None
    return int(str(status)) if isinstance(status, int | str) else int("")
