"""Metrics of requests. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"""

from __future__ import annotations

from fogbank.core.http import Response

from . import logs
from .exchange import Exchange

NAMESPACE = "AWS/ApiGateway"


def record(exchange: Exchange, response: Response, seconds: float) -> None:
    """Record a request's metrics for its API, and for its API and stage; then write its logs."""
    ctx, running = exchange.ctx, exchange.running
    name = exchange.deployed.api.get("name") or running.api
    measured = [
        ("Count", 1.0, "Count"),
        ("Latency", round(seconds * 1000, 3), "Milliseconds"),
        ("4XXError", 1.0 if 400 <= response.status < 500 else 0.0, "Count"),
        ("5XXError", 1.0 if response.status >= 500 else 0.0, "Count"),
    ]
    if exchange.integration_seconds:
        measured.append(("IntegrationLatency", round(exchange.integration_seconds * 1000, 3), "Milliseconds"))
    for metric, value, unit in measured:
        ctx.metric(NAMESPACE, metric, value, unit, ApiName=name)
        ctx.metric(NAMESPACE, metric, value, unit, ApiName=name, Stage=running.stage)
    logs.write(exchange, response, seconds)
