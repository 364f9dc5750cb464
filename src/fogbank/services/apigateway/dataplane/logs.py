"""What a request to a stage leaves in its access log and its execution log.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

from fogbank.apis.logs import EXECUTION, Logs, group_of, line_of, stream_of
from fogbank.core.http import Response

from .exchange import Exchange


def write(exchange: Exchange, response: Response, seconds: float) -> None:
    """Log a request, to the logs that its stage has enabled."""
    running = exchange.running
    access = running.shape.get("accessLogSettings") or {}
    group = group_of(access.get("destinationArn") or "")
    stream = stream_of(running.api, running.stage)
    if access.get("format") and group:
        line = access_line(exchange, response, seconds, access["format"])
        exchange.app.local(Logs).add(exchange.ctx, group, stream, [line])
    level = running.setting(exchange.route, "loggingLevel") if exchange.route else None
    if level == "INFO" or (level == "ERROR" and response.status >= 400):
        group = f"{EXECUTION}{running.api}/{running.stage}"
        lines = execution_lines(exchange, response, seconds)
        exchange.app.local(Logs).add(exchange.ctx, group, stream, lines)


def access_line(exchange: Exchange, response: Response, seconds: float, form: str) -> str:
    """Substitute the $context variables of the access log's format; `-` for those without a value."""
    context = exchange.context()
    length = len(response.body) if isinstance(response.body, bytes) else 0
    integration = int(exchange.integration_seconds * 1000)
    context |= {
        "status": response.status,
        "responseLength": length,
        "responseLatency": int(seconds * 1000),
        "integrationLatency": integration or None,
        "integration": {"latency": integration or None, "status": exchange.integration_status or None},
        "integrationStatus": exchange.integration_status or None,
        "error": {
            "message": exchange.error[0] or None,
            "messageString": f'"{exchange.error[0]}"' if exchange.error[0] else None,
            "responseType": exchange.error[1] or None,
        },
    }
    return line_of(form, context)


def execution_lines(exchange: Exchange, response: Response, seconds: float) -> list[str]:
    """The lines of a request in the execution log."""
    ident, request = exchange.ctx.request_id, exchange.request
    lines = [
        f"Extended Request Id: {exchange.extended_id}",
        f"Starting execution for request: {ident}",
        f"HTTP Method: {request.method}, Resource Path: {exchange.path}",
    ]
    if exchange.failure:
        lines.append(exchange.failure)
    elif exchange.integration_seconds:
        lines.append(f"Received response. Integration latency: {int(exchange.integration_seconds * 1000)} ms")
    if exchange.error[1]:
        lines.append(f"Gateway response type: {exchange.error[1]} with status code: {response.status}")
    else:
        lines.append("Successfully completed execution")
    lines.append(f"Method completed with status: {response.status}")
    lines.append(f"AWS Integration Endpoint RequestId : {ident}")
    return [f"({ident}) {line}" for line in lines]
