"""Bodies and parameters on their way between method and integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.core.http import Response

from .. import vtl
from .answers import GatewayError, misconfigured
from .exchange import Exchange

JSON = "application/json"


def media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def request_body(exchange: Exchange) -> bytes:
    """The integration's request body: the method's through the template of its content type, or as it is."""
    integration = exchange.route.integration
    templates: dict[str, str] = integration.get("requestTemplates") or {}
    kind = media_type(exchange.request.header("content-type")) or JSON
    template = next((text for name, text in templates.items() if name.lower() == kind), None)
    if template is not None:
        variables = vtl.variables(exchange, exchange.body)
        rendered = vtl.render(template, variables)
        exchange.overrides(variables, request=True)
        return rendered.encode()
    behavior = (integration.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()
    if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and templates):
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    return exchange.body


def select(exchange: Exchange, subject: str) -> dict[str, Any]:
    """The integration response whose selectionPattern matches `subject` (a status, or an error message)."""
    responses = exchange.route.integration.get("integrationResponses") or {}
    default = None
    for response in responses.values():
        pattern = response.get("selectionPattern")
        if not pattern:
            default = default or response
        elif _matches(pattern, subject):
            return dict(response)
    if default is None:
        raise misconfigured("No match for output mapping and no default output mapping configured.")
    return dict(default)


def _matches(pattern: str, subject: str) -> bool:
    try:
        return re.fullmatch(pattern, subject, re.DOTALL) is not None
    except re.error:
        return pattern == subject


def respond(
    exchange: Exchange, subject: str, headers: list[tuple[str, str]], body: bytes, *, kind: str = JSON
) -> Response:
    """The method response: chosen by `subject`, with parameters and body mapped from the integration's."""
    chosen = select(exchange, subject)
    templates: dict[str, str] = chosen.get("responseTemplates") or {}
    out_kind, template = _template(exchange, templates, kind)
    status = int(chosen["statusCode"])
    answered = [] if not templates and not body else [("Content-Type", out_kind)]
    content = body
    exchange.override_status, exchange.override_headers = 0, {}
    if template is not None:
        variables = vtl.variables(exchange, body)
        content = vtl.render(template, variables).encode()
        exchange.overrides(variables, request=False)
    mapped = response_parameters(exchange, chosen.get("responseParameters") or {}, headers, body)
    names = {name.lower() for name, _ in mapped}
    answered = [pair for pair in answered if pair[0].lower() not in names] + mapped
    for name, value in exchange.override_headers.items():
        answered = [pair for pair in answered if pair[0].lower() != name.lower()] + [(name, value)]
    if not any(name.lower() == "content-type" for name, _ in answered):
        answered.append(("Content-Type", out_kind))
    return Response(exchange.override_status or status, answered, content)


def _template(exchange: Exchange, templates: dict[str, str], kind: str) -> tuple[str, str | None]:
    """(media type of the response, template): the one the client accepts, then application/json, then the first."""
    accepted = media_type(exchange.request.header("accept").partition(",")[0])
    for name in (accepted, media_type(kind), JSON):
        for held, text in templates.items():
            if name and held.lower() == name:
                return held, text
    if templates:
        return next(iter(templates.items()))
    return kind or JSON, None


def response_parameters(
    exchange: Exchange, mappings: dict[str, str], headers: list[tuple[str, str]], body: bytes
) -> list[tuple[str, str]]:
    """Headers of the method response: `method.response.header.X` from literals, the integration or the context."""
    found = []
    declared = exchange.route.method.get("methodResponses") or {}
    del declared  # AWS checks this when the integration response is made
    for target, source in mappings.items():
        name = target.removeprefix("method.response.header.")
        value = _response_value(exchange, source, headers, body)
        if value is not None and name != target:
            found.append((name, value))
    return found


def _response_value(exchange: Exchange, source: str, headers: list[tuple[str, str]], body: bytes) -> str | None:
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return source[1:-1]
    if source.startswith("integration.response.header."):
        wanted = source.removeprefix("integration.response.header.").lower()
        return next((value for name, value in headers if name.lower() == wanted), None)
    if source.startswith("integration.response.multivalueheader."):
        wanted = source.removeprefix("integration.response.multivalueheader.").lower()
        return ",".join(value for name, value in headers if name.lower() == wanted) or None
    if source == "integration.response.body":
        return body.decode("utf-8", "replace")
    if source.startswith("integration.response.body."):
        return json_part(body, "$." + source.removeprefix("integration.response.body."))
    return outer_value(exchange, source)


def json_part(body: bytes, path: str) -> str | None:
    """A part of a JSON body as text."""
    try:
        value = vtl.json_path(msgspec.json.decode(body), path)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if value is None:
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def outer_value(exchange: Exchange, source: str) -> str | None:
    """`context.…` and `stageVariables.…`."""
    if source.startswith("stageVariables."):
        return exchange.variables.get(source.partition(".")[2])
    if source.startswith("context."):
        value: Any = exchange.context()
        for key in source.split(".")[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        return None if value is None else str(value)
    return None


# -- requests ----------------------------------------------------------------------------------------------------------


def request_value(exchange: Exchange, source: str) -> str | None:
    """`method.request.PLACE.name` of a request."""
    place, _, name = source.removeprefix("method.request.").partition(".")
    match place:
        case "path":
            return exchange.parameters.get(name)
        case "querystring":
            values = exchange.multi_query.get(name)
            return values[-1] if values else None
        case "multivaluequerystring":
            return ",".join(exchange.multi_query.get(name) or []) or None
        case "header":
            return exchange.header(name)
        case "multivalueheader":
            wanted = name.lower()
            return ",".join(value for held, value in exchange.headers if held.lower() == wanted) or None
        case "body":
            text = exchange.body.decode("utf-8", "replace")
            return json_part(exchange.body, f"$.{name}") if name else text
    return None


class Parameters(msgspec.Struct):
    """What an integration request carries besides its body."""

    path: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}


def request_parameters(exchange: Exchange) -> Parameters:
    """The parameters that requestParameters maps, then what a template overrode."""
    found = Parameters({}, [], {})
    for target, source in (exchange.route.integration.get("requestParameters") or {}).items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        if place == "querystring" and source.startswith("method.request.multivaluequerystring."):
            values = exchange.multi_query.get(source.rpartition(".")[2]) or []
            found.query += [(name, value) for value in values]
            continue
        value = _mapped(exchange, source)
        if value is not None:
            _put(found, place, name, value)
    override = exchange.request_override
    for place in ("path", "querystring", "header"):
        for name, value in (override.get(place) or {}).items():
            _put(found, place, str(name), str(value))
    return found


def _mapped(exchange: Exchange, source: str) -> str | None:
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return source[1:-1]
    if source.startswith("method.request."):
        return request_value(exchange, source)
    return outer_value(exchange, source)


def _put(found: Parameters, place: str, name: str, value: str) -> None:
    match place:
        case "path":
            found.path[name] = value
        case "querystring":
            found.query = [pair for pair in found.query if pair[0] != name] + [(name, value)]
        case "header":
            for held in [h for h in found.headers if h.lower() == name.lower()]:
                del found.headers[held]
            found.headers[name] = value


_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")


def filled_uri(exchange: Exchange, path: dict[str, str]) -> str:
    """The integration's URI with its stage variables and path parameters."""
    uri = _VARIABLE.sub(lambda m: exchange.variables.get(m[1], ""), exchange.route.integration.get("uri") or "")
    for name, value in path.items():
        uri = uri.replace("{" + name + "}", value).replace("{" + name + "+}", value)
    return uri
