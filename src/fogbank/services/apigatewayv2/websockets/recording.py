"""What an event leaves behind: metrics, and a line in the stage's access log.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
"""

from __future__ import annotations

from fogbank.apis.logs import Logs, group_of, line_of, stream_of

from ..dataplane.recording import NAMESPACE
from .events import CONNECT, MESSAGE, Event

_COUNTS = {CONNECT: "ConnectCount", MESSAGE: "MessageCount"}


def record(event: Event, status: int) -> None:
    """Record an event's metrics for its API and its stage, and log it."""
    ctx, serving = event.ctx, event.serving
    measured = [(_COUNTS[event.kind], 1.0, "Count")] if event.kind in _COUNTS else []
    measured.append(("ClientError", 1.0 if 400 <= status < 500 else 0.0, "Count"))
    measured.append(("IntegrationError", 1.0 if status >= 500 else 0.0, "Count"))
    if event.integration_seconds:
        measured.append(("IntegrationLatency", round(event.integration_seconds * 1000, 3), "Milliseconds"))
    for metric, value, unit in measured:
        ctx.metric(NAMESPACE, metric, value, unit, ApiId=serving.api)
        ctx.metric(NAMESPACE, metric, value, unit, ApiId=serving.api, Stage=serving.stage)
    settings = serving.shape.get("AccessLogSettings") or {}
    group = group_of(settings.get("DestinationArn") or "")
    if not group or not settings.get("Format"):
        return
    latency = int(event.integration_seconds * 1000) or None
    context = event.context() | {
        "status": status,
        "integrationLatency": latency,
        "integration": {"latency": latency, "status": status, "error": event.failure or None},
        "integrationErrorMessage": event.failure or None,
        "error": {"message": event.failure or None, "messageString": f'"{event.failure}"' if event.failure else None},
    }
    stream = stream_of(serving.api, serving.stage)
    ctx.app.local(Logs).add(ctx, group, stream, [line_of(settings["Format"], context)])
