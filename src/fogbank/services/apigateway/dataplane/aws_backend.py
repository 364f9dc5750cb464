"""AWS integrations: they call a function with mapped payloads, or any service's API (`fogbank.apis.aws_calls`).

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-method-settings.html
"""

from __future__ import annotations

import msgspec

from fogbank.apis import aws_calls
from fogbank.apis.failures import misconfigured
from fogbank.core.http import Response

from . import lambda_proxy, mapping
from .exchange import Exchange


async def run(exchange: Exchange) -> Response:
    """Run an AWS integration. Raises GatewayError."""
    integration = exchange.route.integration
    uri = integration.get("uri") or ""
    if ":lambda:path/" in uri:
        return await _function(exchange)
    body, parameters = await mapping.request(exchange)
    match = aws_calls.URI.match(mapping.filled_uri(exchange, parameters.path))
    if match is None:
        raise misconfigured(f"Invalid integration URI {uri}")
    headers = list(parameters.headers.items())
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", exchange.request.header("content-type") or mapping.JSON))
    credentials = integration.get("credentials") or ""
    ctx = await lambda_proxy.acting_for(exchange, credentials, lambda_proxy.source(exchange), match["region"])
    method = integration.get("httpMethod") or exchange.request.method
    seconds = (integration.get("timeoutInMillis") or 29000) / 1000
    status, given, content = await aws_calls.call_service(ctx, match, method, headers, parameters.query, body, seconds)
    kind = next((value for name, value in given if name.lower() == "content-type"), mapping.JSON)
    return await mapping.respond(exchange, str(status), given, content, kind=kind)


async def _function(exchange: Exchange) -> Response:
    """Invoke a function with a mapped payload. Its error message selects the integration response."""
    body, parameters = await mapping.request(exchange)
    kind = next((v for n, v in parameters.headers.items() if n.lower() == "x-amz-invocation-type"), "")
    if not body:
        body = b"{}"
    result = await lambda_proxy.invoke(exchange, body, lambda_proxy.source(exchange), event=kind == "Event")
    payload = bytes(result.get("Payload") or b"")
    subject = ""
    if result.get("FunctionError"):
        try:
            value = msgspec.json.decode(payload)
        except (ValueError, RecursionError):
            value = {}
        subject = str(value.get("errorMessage") or "") if isinstance(value, dict) else ""
    return await mapping.respond(exchange, subject, [("Content-Type", mapping.JSON)], payload)
