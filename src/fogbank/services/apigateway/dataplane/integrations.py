"""Dispatches a request to the module for its method's type of integration."""

from __future__ import annotations

from fogbank.apis.failures import misconfigured
from fogbank.core.http import Response, is_header

from . import aws_backend, http_backend, lambda_proxy, mock
from .exchange import Exchange


async def run(exchange: Exchange) -> Response:
    """Run the method's integration and return its response. Raises GatewayError."""
    started = exchange.app.clock.monotonic()
    try:
        response = await _run(exchange)
    finally:
        exchange.integration_seconds = exchange.app.clock.monotonic() - started
    for name, value in response.headers:
        if not is_header(name, value):
            raise misconfigured(f"Invalid response header {name[:100]!r}")
    return response


async def _run(exchange: Exchange) -> Response:
    match exchange.route.integration["type"]:
        case "AWS_PROXY":
            return await lambda_proxy.run(exchange)
        case "MOCK":
            return await mock.run(exchange)
        case "HTTP_PROXY":
            return await http_backend.proxy(exchange)
        case "HTTP":
            return await http_backend.mapped(exchange)
        case "AWS":
            return await aws_backend.run(exchange)
        case kind:
            raise misconfigured(f"{kind} is no type of integration")
