"""Choosing how a method's integration is carried out."""

from __future__ import annotations

from fogbank.core.http import Response

from . import lambda_proxy, mock
from .answers import misconfigured
from .exchange import Exchange


async def run(exchange: Exchange) -> Response:
    """The response of the integration. Raises GatewayError."""
    started = exchange.app.clock.monotonic()
    try:
        match exchange.route.integration["type"]:
            case "AWS_PROXY":
                return await lambda_proxy.run(exchange)
            case "MOCK":
                return await mock.run(exchange)
            case kind:
                raise misconfigured(f"{kind} integrations are not built")
    finally:
        exchange.integration_seconds = exchange.app.clock.monotonic() - started
