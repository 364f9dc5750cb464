"""Calls of any AWS service by an integration's URI.

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

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import FileSlice, Request
from fogbank.wire import models
from fogbank.wire.index import signed_as
from fogbank.wire.models import OperationModel, ServiceModel

from .acting import timed_out
from .budget import MAX_PAYLOAD
from .failures import INTERNAL, GatewayError, misconfigured

URI = re.compile(
    r"arn:[^:]+:apigateway:(?P<region>[^:]+):(?:(?P<subdomain>[^:]+)\.)?(?P<service>[^:.]+):(?P<kind>path|action)/(?P<rest>.*)$",
    re.DOTALL,
)
MAX_FIELDS = 20_000  # of a forwarded form; no service accepts more
_ALIASES = {"states": "stepfunctions", "events": "events", "logs": "logs", "monitoring": "cloudwatch", "email": "ses"}


JSON = "application/json"
Pairs = list[tuple[str, str]]


async def call_service(
    ctx: Context, match: re.Match[str], method: str, headers: Pairs, query: Pairs, body: bytes, seconds: float
) -> tuple[int, Pairs, bytes]:
    """Call the operation that a URI names, and return (status, headers, body) of its response. Raises GatewayError.

    `ctx` is the one that calls: see `acting`. `match` is the URI's, by the pattern URI.
    """
    service = _model(match["service"])
    request, name = _request(match, method, headers, query, body)
    protocol, operation, labels = _operation(service, request, name)
    try:
        params = operation.parse(protocol, request, labels, request.content)
        result = await asyncio.wait_for(ctx.call(service.name, operation.name, params), seconds)
    except TimeoutError:
        raise timed_out() from None
    except ServiceError as error:
        if protocol == "query":
            return error.status, [("Content-Type", JSON)], _query_error(error, ctx.request_id)
        response = operation.error(protocol, error, ctx.request_id, request.method)
        return response.status, response.headers, await _bytes(response.body)
    if protocol == "query":
        return 200, [("Content-Type", JSON)], _query_result(operation, result, ctx.request_id)
    response = operation.serialize(protocol, result, ctx.request_id)
    return response.status, response.headers, await _bytes(response.body)


def _model(name: str) -> ServiceModel:
    for candidate in (_ALIASES.get(name, name), *signed_as(name)):
        try:
            return models.load(candidate)
        except KeyError:
            continue
    raise misconfigured(f"There is no service {name}")


def _request(match: re.Match[str], method: str, headers: Pairs, query: Pairs, body: bytes) -> tuple[Request, str]:
    """The request as the service would receive it, and the action's name if the URI has one."""
    path, _, inline = match["rest"].partition("?")
    query = parse_qsl(inline, keep_blank_values=True) + query
    name = ""
    if match["kind"] == "action":
        name, _, more = path.partition("&")
        query = parse_qsl(more, keep_blank_values=True) + query
        path = ""
    elif match["subdomain"]:
        path = f"{match['subdomain']}/{path}"
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
        content = await asyncio.to_thread(body.read, MAX_PAYLOAD + 1)
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


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items() if entry is not None}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _query_result(operation: OperationModel, result: dict[str, Any], request_id: str) -> bytes:
    """A query service's result as JSON, which API Gateway requests with its Accept header."""
    answer = {"ResponseMetadata": {"RequestId": request_id}}
    if result:
        answer = {f"{operation.name}Result": _plain(result), **answer}
    return msgspec.json.encode({f"{operation.name}Response": answer})


def _query_error(error: ServiceError, request_id: str) -> bytes:
    kind = "Sender" if error.status < 500 else "Receiver"
    shape = {"Type": kind, "Code": error.code_for("query"), "Message": error.message}
    return msgspec.json.encode({"Error": shape, "RequestId": request_id})
