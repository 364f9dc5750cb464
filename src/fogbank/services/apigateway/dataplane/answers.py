"""Gateway responses: the responses that API Gateway itself makes, which an API can customize.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from fogbank.apis.budget import MAX_PAYLOAD
from fogbank.apis.failures import GatewayError
from fogbank.core.http import Response, is_header

from .exchange import Exchange

_STATUS = re.compile(r"[2-5]\d\d")


def plain(status: int, message: str, error_type: str) -> Response:
    """The response to a request for which no stage was found."""
    headers = [("x-amzn-ErrorType", error_type), ("Content-Type", "application/json")]
    return Response(status, headers, json.dumps({"message": message}, separators=(",", ":")).encode())


def answer(exchange: Exchange, error: GatewayError) -> Response:
    """The response for an error: the API's gateway response of its type, DEFAULT_4XX or _5XX, or AWS's default."""
    exchange.error = (error.message or "", error.kind)
    responses = exchange.deployed.responses
    fallback = responses.get("DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX")
    custom = responses.get(error.kind) or fallback
    status = error.status
    if custom is not None and _STATUS.fullmatch(str(custom.get("statusCode"))):
        status = int(custom["statusCode"])
    headers = [("x-amzn-ErrorType", error.error_type)]
    default = json.dumps({error.member: error.message}, separators=(",", ":"))
    if custom is None:
        headers.append(("Content-Type", "application/json"))
        return Response(status, headers, default.encode())
    kind, body = _body(exchange, custom, error, default)
    names = set()
    for target, source in (custom.get("responseParameters") or {}).items():
        name = target.removeprefix("gatewayresponse.header.")
        value = _parameter(exchange, source)
        if value is not None and name != target and is_header(name, value):  # the value may contain a line break
            headers.append((name, value))
            names.add(name.lower())
    if "content-type" not in names:
        headers.append(("Content-Type", kind))
    return Response(status, headers, body.encode())


def _body(exchange: Exchange, custom: dict[str, Any], error: GatewayError, default: str) -> tuple[str, str]:
    """(media type, text): from the template of the type that the client accepts, else of application/json."""
    templates = custom.get("responseTemplates") or {}
    if not templates:
        return "application/json", default
    accepted = exchange.request.header("accept").partition(",")[0].partition(";")[0].strip()
    kind = accepted if accepted in templates else "application/json"
    if kind not in templates:
        kind = next(iter(templates))
    return kind, _substituted(exchange, templates[kind], error)


_REFERENCE = re.compile(r"\$(\{)?((?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+)(?(1)\})")


def _substituted(exchange: Exchange, template: str, error: GatewayError) -> str:
    """Substitute the variables of a gateway response's template. These templates do not use the Velocity engine.

    Variables without a value become empty, and so do all further ones once the output reaches MAX_PAYLOAD.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.responseTemplates.html
    """
    context = {**exchange.context(), "error": _error_context(error)}
    size = len(template)

    def value(match: re.Match[str]) -> str:
        nonlocal size
        place, *names = match[2].split(".")
        found: Any = {"context": context, "stageVariables": exchange.variables}.get(place)
        if place == "method":
            found = _parameter(exchange, match[2])
            names = []
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        text = "" if found is None else str(found)
        size += len(text)
        return text if size <= MAX_PAYLOAD else ""

    return _REFERENCE.sub(value, template)


def _error_context(error: GatewayError) -> dict[str, Any]:
    """$context.error in a gateway response's template."""
    return {
        "message": error.message,
        "messageString": json.dumps(error.message),
        "responseType": error.kind,
        "validationErrorString": error.validation,
    }


def _parameter(exchange: Exchange, source: str) -> str | None:
    """The value of a gateway response's parameter: a literal, or a part of the request or the context."""
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return source[1:-1]
    place, _, name = source.removeprefix("method.request.").partition(".")
    if source.startswith("method.request."):
        if place == "header":
            return exchange.header(name)
        if place == "querystring":
            values = exchange.multi_query.get(name)
            return values[-1] if values else None
        return exchange.parameters.get(name)
    if source.startswith("context."):
        value: Any = {**exchange.context(), "error": {"message": exchange.error[0], "responseType": exchange.error[1]}}
        for key in source.split(".")[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        return None if value is None else str(value)
    if source.startswith("stageVariables."):
        return exchange.variables.get(source.partition(".")[2])
    return None
