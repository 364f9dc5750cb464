"""AWS integrations: they call a function with mapped payloads, or any service's API.

This module builds the request as the service would receive it, parses it with the service's model, and calls the
operation as the integration's role. It serializes the result in the service's protocol, so that templates see the same
document as on AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-method-settings.html
arn:aws:apigateway:REGION:[SUBDOMAIN.]SERVICE:action/NAME   or   …:path/PATH
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from fogbank.apis.acting import timed_out
from fogbank.apis.budget import MAX_PAYLOAD
from fogbank.apis.failures import INTERNAL, GatewayError, misconfigured
from fogbank.core.errors import ServiceError
from fogbank.core.http import FileSlice, Request, Response
from fogbank.wire import models
from fogbank.wire.index import signed_as
from fogbank.wire.models import OperationModel, ServiceModel

from . import lambda_proxy, mapping
from .exchange import Exchange

_URI = re.compile(
    r"arn:[^:]+:apigateway:(?P<region>[^:]+):(?:(?P<subdomain>[^:]+)\.)?(?P<service>[^:.]+):(?P<kind>path|action)/(?P<rest>.*)$",
    re.DOTALL,
)
MAX_FIELDS = 20_000  # of a forwarded form; no service accepts more
_ALIASES = {"states": "stepfunctions", "events": "events", "logs": "logs", "monitoring": "cloudwatch", "email": "ses"}


async def run(exchange: Exchange) -> Response:
    """Run an AWS integration. Raises GatewayError."""
    uri = exchange.route.integration.get("uri") or ""
    if ":lambda:path/" in uri:
        return await _function(exchange)
    body, parameters = await mapping.request(exchange)
    match = _URI.match(mapping.filled_uri(exchange, parameters.path))
    if match is None:
        raise misconfigured(f"Invalid integration URI {uri}")
    status, headers, content = await _service(exchange, match, parameters, body)
    kind = next((value for name, value in headers if name.lower() == "content-type"), mapping.JSON)
    return await mapping.respond(exchange, str(status), headers, content, kind=kind)


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


async def _service(
    exchange: Exchange, match: re.Match[str], parameters: mapping.Parameters, body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Call the service's operation and return (status, headers, body) of its response."""
    service = _model(match["service"])
    credentials = exchange.route.integration.get("credentials") or ""
    source = lambda_proxy.source(exchange)
    ctx = await lambda_proxy.acting_for(exchange, credentials, source, match["region"])
    request, name = _request(exchange, match, parameters, body)
    protocol, operation, labels = _operation(service, request, name)
    seconds = (exchange.route.integration.get("timeoutInMillis") or 29000) / 1000
    try:
        params = operation.parse(protocol, request, labels, request.content)
        result = await asyncio.wait_for(ctx.call(service.name, operation.name, params), seconds)
    except TimeoutError:
        raise timed_out() from None
    except ServiceError as error:
        if protocol == "query":
            return error.status, [("Content-Type", mapping.JSON)], _query_error(error, exchange)
        response = operation.error(protocol, error, exchange.ctx.request_id, request.method)
        return response.status, response.headers, await _bytes(response.body)
    if protocol == "query":
        return 200, [("Content-Type", mapping.JSON)], _query_result(operation, result, exchange)
    response = operation.serialize(protocol, result, exchange.ctx.request_id)
    return response.status, response.headers, await _bytes(response.body)


def _model(name: str) -> ServiceModel:
    for candidate in (_ALIASES.get(name, name), *signed_as(name)):
        try:
            return models.load(candidate)
        except KeyError:
            continue
    raise misconfigured(f"There is no service {name}")


def _request(
    exchange: Exchange, match: re.Match[str], parameters: mapping.Parameters, body: bytes
) -> tuple[Request, str]:
    """The request as the service would receive it, and the action's name if the URI has one."""
    path, _, inline = match["rest"].partition("?")
    query = parse_qsl(inline, keep_blank_values=True) + parameters.query
    name = ""
    if match["kind"] == "action":
        name, _, more = path.partition("&")
        query = parse_qsl(more, keep_blank_values=True) + query
        path = ""
    elif match["subdomain"]:
        path = f"{match['subdomain']}/{path}"
    headers = [(n, v) for n, v in parameters.headers.items()]
    if not any(n.lower() == "content-type" for n, _ in headers):
        headers.append(("Content-Type", exchange.request.header("content-type") or mapping.JSON))
    method = exchange.route.integration.get("httpMethod") or exchange.request.method
    text = urlencode(query, quote_via=quote)
    return Request(method, "/" + quote(path, safe="/%~-._"), text, headers, body), name


def _operation(service: ServiceModel, request: Request, name: str) -> tuple[str, OperationModel, dict[str, str]]:
    """(protocol, operation, labels) of a request. Raises GatewayError when it names no operation."""
    form = dict(parse_qsl(request.query, keep_blank_values=True))
    is_form = request.header("content-type").startswith("application/x-www-form-urlencoded")
    if is_form and request.content:
        text = request.content.decode("utf-8", "replace")
        if text.count("&") > MAX_FIELDS:
            raise GatewayError("REQUEST_TOO_LARGE", f"A form has at most {MAX_FIELDS} fields.")
        form |= dict(parse_qsl(text, keep_blank_values=True))
    target = request.header("x-amz-target")
    action = name or form.get("Action") or target.rpartition(".")[2]
    if action and action in service.operations:
        operation = service.operations[action]
        protocols = service.protocols
        by_form = "query" in protocols and not target and (is_form or not _json(request.content))
        if by_form or "json" not in protocols:
            protocol = "query" if "query" in protocols or service.name in _QUERY_TOO else protocols[0]
        else:
            protocol = "json"
        if protocol == "query":
            _as_form(request, form, action)
        return protocol, operation, {}
    found = service.route(request.method, request.path, request.query, request)
    if found is None:
        raise misconfigured(f"{service.name} has no operation for {request.method} {request.path}")
    return service.protocol_of(request), found[0], found[1]


_QUERY_TOO = frozenset({"sqs"})  # still supports the query protocol, though its model only has JSON


def _json(content: bytes | None) -> bool:
    return bool(content) and (content or b"").lstrip()[:1] == b"{"


def _as_form(request: Request, form: dict[str, str], action: str) -> None:
    """Turn a request's query string and body into one form body."""
    form = {**form, "Action": action}
    if request.path != "/" and "QueueUrl" not in form:
        form["QueueUrl"] = f"https://queue.amazonaws.com{request.path}"
    request.content = urlencode(form).encode()
    request.query = ""
    kept = [(n, v) for n, v in request.headers if n.lower() != "content-type"]
    request.set_headers([*kept, ("Content-Type", "application/x-www-form-urlencoded")])


async def _bytes(body: Any) -> bytes:
    """Read a whole response body. Raises GatewayError when it is larger than MAX_PAYLOAD."""
    if isinstance(body, bytes):
        content = body
    elif isinstance(body, FileSlice):
        content = await asyncio.to_thread(_slice, body)
    else:
        content = b"".join([chunk async for chunk in _limited(body)])
    if len(content) > MAX_PAYLOAD:
        raise GatewayError("DEFAULT_5XX", INTERNAL, why="The integration's response is larger than 10 MB")
    return content


async def _limited(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in body:
        size += len(chunk)
        yield chunk
        if size > MAX_PAYLOAD:
            return


def _slice(part: FileSlice) -> bytes:
    with open(part.path, "rb") as file:
        file.seek(part.offset)
        return file.read(min(part.length, MAX_PAYLOAD + 1))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items() if entry is not None}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _query_result(operation: OperationModel, result: dict[str, Any], exchange: Exchange) -> bytes:
    """A query service's result as JSON, which API Gateway requests with its Accept header."""
    answer = {"ResponseMetadata": {"RequestId": exchange.ctx.request_id}}
    if result:
        answer = {f"{operation.name}Result": _plain(result), **answer}
    return msgspec.json.encode({f"{operation.name}Response": answer})


def _query_error(error: ServiceError, exchange: Exchange) -> bytes:
    kind = "Sender" if error.status < 500 else "Receiver"
    shape = {"Type": kind, "Code": error.code_for("query"), "Message": error.message}
    return msgspec.json.encode({"Error": shape, "RequestId": exchange.ctx.request_id})
