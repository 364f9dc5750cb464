"""Gateway responses: the responses that API Gateway itself makes, which an API can customize.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from fogbank.core.http import Response, is_header

from ..budget import MAX_PAYLOAD
from .exchange import Exchange

# type: (status, x-amzn-ErrorType)
TYPES: dict[str, tuple[int, str]] = {
    "ACCESS_DENIED": (403, "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException"),
    "BAD_REQUEST_BODY": (400, "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException"),
    "DEFAULT_4XX": (400, "BadRequestException"),
    "DEFAULT_5XX": (500, "InternalServerErrorException"),
    "EXPIRED_TOKEN": (403, "ExpiredTokenException"),
    "INTEGRATION_FAILURE": (504, "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException"),
    "INVALID_API_KEY": (403, "ForbiddenException"),
    "INVALID_SIGNATURE": (403, "InvalidSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException"),
    "QUOTA_EXCEEDED": (429, "LimitExceededException"),
    "REQUEST_TOO_LARGE": (413, "RequestEntityTooLargeException"),
    "RESOURCE_NOT_FOUND": (404, "NotFoundException"),
    "THROTTLED": (429, "TooManyRequestsException"),
    "UNAUTHORIZED": (401, "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "UnsupportedMediaTypeException"),
    "WAF_FILTERED": (403, "ForbiddenException"),
}
_STATUS = re.compile(r"[2-5]\d\d")
INTERNAL = "Internal server error"


class GatewayError(Exception):
    """Ends a request with a gateway response. `why` goes to the execution log, not to the client."""

    def __init__(
        self,
        kind: str,
        message: str | None,
        *,
        status: int = 0,
        error_type: str = "",
        why: str = "",
        member: str = "message",
        validation: str = "",
    ) -> None:
        super().__init__(f"{kind}: {why or message}")
        self.kind = kind
        self.message = message
        self.status = status or TYPES[kind][0]
        self.error_type = error_type or TYPES[kind][1]
        self.why = why
        self.member = member
        self.validation = validation


def misconfigured(why: str) -> GatewayError:
    """500 Internal server error: the API is misconfigured; the request is not at fault."""
    return GatewayError("API_CONFIGURATION_ERROR", INTERNAL, why=f"Execution failed due to configuration error: {why}")


def malformed(why: str) -> GatewayError:
    """502 Internal server error: the function's result is not a valid proxy response."""
    return GatewayError("DEFAULT_5XX", INTERNAL, status=502, why=f"Execution failed due to configuration error: {why}")


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
