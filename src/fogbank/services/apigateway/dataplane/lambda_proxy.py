"""AWS_PROXY integrations: send the request to a function as an event of format 1.0, and return its result.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any

import msgspec

from fogbank.apis.acting import acting, function_arn, region_of, timed_out
from fogbank.apis.failures import INTERNAL, GatewayError, malformed, misconfigured
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response

from .exchange import Exchange

_ALLOWED = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
REMAPPED = frozenset(
    {
        "authorization", "connection", "content-length", "content-md5", "date", "expect", "host",
        "max-forwards", "proxy-authenticate", "server", "te", "trailer", "upgrade", "user-agent", "via", "warn",
        "www-authenticate", "x-amzn-requestid",
    }
)  # fmt: skip
_DROPPED = frozenset({"transfer-encoding", "trailer"})


async def run(exchange: Exchange) -> Response:
    """Invoke the function and return its result as the response. Raises GatewayError."""
    payload = msgspec.json.encode(event_of(exchange))
    result = await invoke(exchange, payload, source(exchange))
    if result.get("FunctionError"):
        why = f"Lambda execution failed with status 200 due to customer function error: {_text(result['Payload'])}"
        raise GatewayError("DEFAULT_5XX", INTERNAL, status=502, why=why)
    return response_of(exchange, result.get("Payload") or b"")


def source(exchange: Exchange) -> str:
    """The aws:SourceArn for the function's permissions: API/STAGE/METHOD/resource path."""
    return exchange.running.arn(f"{exchange.running.stage}/{exchange.request.method}{exchange.route.path}")


async def invoke(exchange: Exchange, payload: bytes, source_arn: str, *, event: bool = False) -> dict[str, Any]:
    """Invoke the integration's function, as the role in its credentials or as API Gateway itself."""
    integration = exchange.route.integration
    arn = function_arn(integration.get("uri") or "", exchange.variables)
    ctx = await acting_for(exchange, integration.get("credentials") or "", source_arn, region_of(arn))
    limit = (integration.get("timeoutInMillis") or 29000) / 1000
    request = {"FunctionName": arn, "Payload": payload, "InvocationType": "Event" if event else "RequestResponse"}
    try:
        return await asyncio.wait_for(ctx.call("lambda", "Invoke", request), limit)
    except TimeoutError:
        raise timed_out() from None
    except ServiceError as error:
        if error.status == 403 or "AccessDenied" in error.code:
            raise misconfigured("Invalid permissions on Lambda function") from None
        raise GatewayError("API_CONFIGURATION_ERROR", INTERNAL, why=f"{error.code}: {error.message}") from None


async def acting_for(exchange: Exchange, credentials: str, source_arn: str, region: str = "") -> Context:
    """The context for a call that an integration or an authorizer of this stage makes."""
    return await acting(exchange.ctx, credentials, source_arn, caller=exchange.caller, region=region)


def event_of(exchange: Exchange) -> dict[str, Any]:
    """Build the proxy event of a request."""
    request, multi = exchange.request, exchange.multi_headers
    query = exchange.multi_query
    body, encoded = body_of(exchange)
    return {
        "resource": exchange.route.path,
        "path": exchange.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in multi.items()} or None,
        "multiValueHeaders": multi or None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": exchange.parameters or None,
        "stageVariables": exchange.variables or None,
        "requestContext": exchange.context(),
        "body": body,
        "isBase64Encoded": encoded,
    }


def body_of(exchange: Exchange) -> tuple[str | None, bool]:
    """(body, isBase64Encoded) of an event."""
    if not exchange.body:
        return None, False
    if exchange.is_binary(exchange.request.header("content-type") or "application/json"):
        return base64.b64encode(exchange.body).decode(), True
    return exchange.body.decode("utf-8", "replace"), False


def _text(payload: Any) -> str:
    return bytes(payload or b"").decode("utf-8", "replace")


def response_of(exchange: Exchange, payload: bytes) -> Response:
    """Build the HTTP response that a function's result describes. Raises GatewayError (502) when it is malformed."""
    try:
        value = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        raise malformed("Malformed Lambda proxy response") from None
    if not isinstance(value, dict) or not value.keys() <= _ALLOWED:
        raise malformed("Malformed Lambda proxy response")
    status = _status(value.get("statusCode"))
    headers = _headers(value)
    body = value.get("body")
    if body is None:
        content = b""
    elif isinstance(body, str):
        content = _content(exchange, body, encoded=bool(value.get("isBase64Encoded")))
    else:
        raise malformed("Malformed Lambda proxy response")
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Response(status, headers, content)


def _status(value: Any) -> int:
    if value is None:
        return 200
    try:
        status = int(value)
    except (TypeError, ValueError, OverflowError):
        raise malformed("Malformed Lambda proxy response") from None
    if isinstance(value, bool) or not 200 <= status <= 599:
        raise malformed("Malformed Lambda proxy response")
    return status


def _content(exchange: Exchange, body: str, *, encoded: bool) -> bytes:
    accept = exchange.request.header("accept").partition(",")[0] or "application/json"
    if not encoded or not exchange.is_binary(accept):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise misconfigured("Unable to base64 decode the body.") from None


def _headers(value: dict[str, Any]) -> list[tuple[str, str]]:
    """multiValueHeaders, plus those of `headers` with other names. Renames those that API Gateway remaps."""
    single, multi = value.get("headers") or {}, value.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise malformed("Malformed Lambda proxy response")
    found: list[tuple[str, str]] = []
    taken = {name.lower() for name in multi}
    for name, values in multi.items():
        if not isinstance(values, list):
            raise malformed("Malformed Lambda proxy response")
        found += [(name, _value(entry)) for entry in values]
    found += [(name, _value(entry)) for name, entry in single.items() if name.lower() not in taken]
    return [(remapped(name), text) for name, text in found if name.lower() not in _DROPPED]


def remapped(name: str) -> str:
    """The name that a backend's header gets in the response to the client."""
    return f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise malformed("Malformed Lambda proxy response")
    text = str(value)
    if "\r" in text or "\n" in text or not _latin(text):
        raise malformed("Malformed Lambda proxy response")
    return text


def _latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
