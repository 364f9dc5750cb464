"""What a request leaves behind: metrics, and a line in the stage's access log.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
"""

from __future__ import annotations

from fogbank.apis.logs import Logs, group_of, line_of, stream_of
from fogbank.core.context import Context
from fogbank.core.http import Response
from fogbank.core.principal import root

from .exchange import Exchange

NAMESPACE = "AWS/ApiGateway"


def record(exchange: Exchange, response: Response, seconds: float) -> None:
    """Record a request's metrics for its API and its stage, and log it."""
    ctx, serving = exchange.ctx, exchange.serving
    size = len(response.body) if isinstance(response.body, bytes) else 0
    measured = [
        ("Count", 1.0, "Count"),
        ("Latency", round(seconds * 1000, 3), "Milliseconds"),
        ("4xx", 1.0 if 400 <= response.status < 500 else 0.0, "Count"),
        ("5xx", 1.0 if response.status >= 500 else 0.0, "Count"),
        ("DataProcessed", float(size + len(exchange.body)), "Bytes"),
    ]
    if exchange.integration_seconds:
        measured.append(("IntegrationLatency", round(exchange.integration_seconds * 1000, 3), "Milliseconds"))
    dimensions = [{"ApiId": serving.api}, {"ApiId": serving.api, "Stage": serving.stage}]
    if exchange.route and serving.setting(exchange.route, "DetailedMetricsEnabled"):
        resource = {"Method": exchange.request.method, "Resource": exchange.route.path}
        dimensions.append({**dimensions[1], **resource})
    for metric, value, unit in measured:
        for named in dimensions:
            ctx.metric(NAMESPACE, metric, value, unit, **named)
    settings = serving.shape.get("AccessLogSettings")
    if settings:
        _log(exchange, response, seconds, settings, size)


def _log(exchange: Exchange, response: Response, seconds: float, settings: dict[str, str], size: int) -> None:
    group = group_of(settings.get("DestinationArn") or "")
    form = settings.get("Format")
    if not group or not form:
        return
    latency = int(exchange.integration_seconds * 1000) or None
    context = exchange.context() | {
        "awsEndpointRequestId": None,
        "dataProcessed": size + len(exchange.body),
        "integration": {
            "error": exchange.failure or None,
            "integrationStatus": exchange.integration_status or None,
            "latency": latency,
            "status": exchange.integration_status or None,
        },
        "integrationErrorMessage": exchange.failure or None,
        "integrationLatency": latency,
        "integrationStatus": exchange.integration_status or None,
        "responseLatency": int(seconds * 1000),
        "responseLength": size,
        "status": response.status,
    }
    stream = stream_of(exchange.serving.api, exchange.serving.stage)
    exchange.app.local(Logs).add(exchange.ctx, group, stream, [line_of(form, context)], _delivery)


async def _delivery(ctx: Context) -> Context:
    """Who writes: the account itself. Who turned the logs on was allowed to let them be delivered."""
    return ctx.acting_as(root(ctx.account, partition=ctx.partition))
