"""Mapping of bodies and parameters between method and integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from fogbank.apis import jsontext, patterns, vtl, workers
from fogbank.apis.budget import Budget, OverBudget
from fogbank.apis.failures import GatewayError, misconfigured
from fogbank.core.http import Response

from .exchange import Exchange

T = TypeVar("T")
JSON = "application/json"


def media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


async def _transformed(exchange: Exchange, what: str, work: Callable[[Budget], T]) -> T:
    """Run a mapping, `work(budget)`. Raises GatewayError (500) when it fails or exceeds its budget."""
    _ = exchange.headers  # computed here and not in a worker thread, because it draws an id
    try:
        return await workers.run(exchange.app, work)
    except (vtl.TemplateError, OverBudget, jsontext.NotJson) as error:
        raise misconfigured(f"Unable to transform {what} ({error})") from None


# -- requests ----------------------------------------------------------------------------------------------------------


class Parameters(msgspec.Struct):
    """The parameters of an integration request: everything but its body."""

    path: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}


async def request(exchange: Exchange) -> tuple[bytes, Parameters]:
    """Map the request: the body, and the parameters with the overrides of the body's template."""

    def work(budget: Budget) -> tuple[bytes, Parameters]:
        document = vtl.Document(exchange.body)
        found = _request_parameters(exchange, document, budget)
        template = _request_template(exchange)
        if template is None:
            return exchange.body, found
        variables = vtl.variables(exchange, document, budget)
        rendered = vtl.render(template, variables, budget)
        override = _override(variables, "requestOverride")
        for place in ("path", "querystring", "header"):
            for name, value in _texts(override.get(place), budget):
                _put(found, place, name, value)
        return rendered.encode("utf-8", "replace"), found

    return await _transformed(exchange, "request", work)


async def parameters(exchange: Exchange) -> Parameters:
    """Map the parameters of an HTTP_PROXY integration, whose body passes through."""
    document = vtl.Document(exchange.body)
    return await _transformed(exchange, "request", lambda budget: _request_parameters(exchange, document, budget))


def _request_template(exchange: Exchange) -> str | None:
    """The template for the request's content type; None when the body passes through. Raises GatewayError (415)."""
    integration = exchange.route.integration
    templates: dict[str, str] = integration.get("requestTemplates") or {}
    kind = media_type(exchange.request.header("content-type")) or JSON
    template = next((text for name, text in templates.items() if name.lower() == kind), None)
    if template is None:
        behavior = (integration.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()
        if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and templates):
            raise GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    return template


def _override(variables: dict[str, Any], name: str) -> dict[str, Any]:
    """$context.requestOverride or $context.responseOverride, as the template has set it."""
    context = variables.get("context")
    found = context.get(name) if isinstance(context, dict) else None
    return found if isinstance(found, dict) else {}


def _texts(values: Any, budget: Budget) -> list[tuple[str, str]]:
    if not isinstance(values, dict):
        return []
    budget.step(len(values) ** 2 // 20)  # each will be compared with those before it
    return [(vtl.as_text(name, budget), vtl.as_text(value, budget)) for name, value in values.items()]


def _request_parameters(exchange: Exchange, document: vtl.Document, budget: Budget) -> Parameters:
    """The parameters that requestParameters maps."""
    found = Parameters({}, [], {})
    for target, source in (exchange.route.integration.get("requestParameters") or {}).items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        if place == "querystring" and source.startswith("method.request.multivaluequerystring."):
            values = exchange.multi_query.get(source.rpartition(".")[2]) or []
            found.query += [(name, value) for value in values]
            continue
        value = _mapped(exchange, source, document, budget)
        if value is not None:
            _put(found, place, name, value)
    return found


def _mapped(exchange: Exchange, source: str, document: vtl.Document, budget: Budget) -> str | None:
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return source[1:-1]
    if source == "method.request.body":
        return document.text(budget)
    if source.startswith("method.request.body."):
        return _part(document, source.removeprefix("method.request.body."), budget)
    if source.startswith("method.request."):
        return request_value(exchange, source)
    return outer_value(exchange, source)


def request_value(exchange: Exchange, source: str) -> str | None:
    """The value of `method.request.PLACE.name`, for all places except the body."""
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
    return None


def _part(document: vtl.Document, path: str, budget: Budget) -> str | None:
    """A part of a JSON body as text, or None."""
    value = vtl.find(document.value(budget), f"$.{path}", budget)
    if value is None:
        return None
    return value if isinstance(value, str) else jsontext.encode(value, budget)


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


# -- responses ---------------------------------------------------------------------------------------------------------


async def respond(
    exchange: Exchange, subject: str, headers: list[tuple[str, str]], body: bytes, *, kind: str = JSON
) -> Response:
    """Map the integration's response to the method response that `subject` selects (see `_select`)."""
    return await _transformed(
        exchange, "response", lambda budget: _respond(exchange, subject, headers, body, kind, budget)
    )


def _respond(
    exchange: Exchange, subject: str, headers: list[tuple[str, str]], body: bytes, kind: str, budget: Budget
) -> Response:
    chosen = _select(exchange, subject, budget)
    templates: dict[str, str] = chosen.get("responseTemplates") or {}
    out_kind, template = _template(exchange, templates, kind)
    answered = [] if not templates and not body else [("Content-Type", out_kind)]
    document = vtl.Document(body)
    mapped = _response_parameters(exchange, chosen.get("responseParameters") or {}, headers, document, budget)
    status, content = _status(chosen["statusCode"]), body
    if template is not None:
        variables = vtl.variables(exchange, document, budget)
        content = vtl.render(template, variables, budget).encode("utf-8", "replace")
        override = _override(variables, "responseOverride")
        if override.get("status"):
            status = _status(override["status"])
        for name, value in _texts(override.get("header"), budget):
            mapped = [pair for pair in mapped if pair[0].lower() != name.lower()] + [(name, value)]
    names = {name.lower() for name, _ in mapped}
    answered = [pair for pair in answered if pair[0].lower() not in names] + mapped
    if not any(name.lower() == "content-type" for name, _ in answered):
        answered.append(("Content-Type", out_kind))
    return Response(status, answered, content)


def _status(value: Any) -> int:
    """Parse a status. Raises GatewayError (500) unless it is between 200 and 599."""
    text = str(value) if isinstance(value, int | str) else ""
    if not (len(text) == 3 and text.isascii() and text.isdecimal() and "200" <= text <= "599"):
        raise misconfigured("Invalid status code of a response")
    return int(text)


def _select(exchange: Exchange, subject: str, budget: Budget) -> dict[str, Any]:
    """The integration response whose selectionPattern matches `subject` (a status, or an error message)."""
    responses = exchange.route.integration.get("integrationResponses") or {}
    default = None
    for response in responses.values():
        pattern = response.get("selectionPattern")
        if not pattern:
            default = default or response
        elif _matches(pattern, subject, budget):
            return dict(response)
    if default is None:
        raise misconfigured("No match for output mapping and no default output mapping configured.")
    return dict(default)


def _matches(pattern: str, subject: str, budget: Budget) -> bool:
    """Whether a pattern matches the whole subject. An invalid regular expression matches itself (not confirmed)."""
    try:
        return patterns.whole(pattern, subject, budget, dot_all=True)
    except patterns.BadPattern:
        return pattern == subject


def _template(exchange: Exchange, templates: dict[str, str], kind: str) -> tuple[str, str | None]:
    """(media type, template) of the response: the accepted type, the integration's, application/json, or the first."""
    accepted = media_type(exchange.request.header("accept").partition(",")[0])
    for name in (accepted, media_type(kind), JSON):
        for held, text in templates.items():
            if name and held.lower() == name:
                return held, text
    if templates:
        return next(iter(templates.items()))
    return kind or JSON, None


def _response_parameters(
    exchange: Exchange,
    mappings: dict[str, str],
    headers: list[tuple[str, str]],
    document: vtl.Document,
    budget: Budget,
) -> list[tuple[str, str]]:
    """Headers of the method response: `method.response.header.X` from literals, the integration or the context."""
    found = []
    for target, source in mappings.items():
        name = target.removeprefix("method.response.header.")
        value = _response_value(exchange, source, headers, document, budget)
        if value is not None and name != target:
            found.append((name, value))
    return found


def _response_value(
    exchange: Exchange, source: str, headers: list[tuple[str, str]], document: vtl.Document, budget: Budget
) -> str | None:
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return source[1:-1]
    if source.startswith("integration.response.header."):
        wanted = source.removeprefix("integration.response.header.").lower()
        return next((value for name, value in headers if name.lower() == wanted), None)
    if source.startswith("integration.response.multivalueheader."):
        wanted = source.removeprefix("integration.response.multivalueheader.").lower()
        return ",".join(value for name, value in headers if name.lower() == wanted) or None
    if source == "integration.response.body":
        return document.text(budget)
    if source.startswith("integration.response.body."):
        return _part(document, source.removeprefix("integration.response.body."), budget)
    return outer_value(exchange, source)


def outer_value(exchange: Exchange, source: str) -> str | None:
    """The value of `context.…` or `stageVariables.…`."""
    if source.startswith("stageVariables."):
        return exchange.variables.get(source.partition(".")[2])
    if source.startswith("context."):
        value: Any = exchange.context()
        for key in source.split(".")[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        return None if value is None else str(value)
    return None


_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_PLACE = re.compile(r"\{([^{}+]+)\+?\}")
MAX_URI = 64 * 1024  # characters


def filled_uri(exchange: Exchange, path: dict[str, str]) -> str:
    """Substitute stage variables and path parameters in the URI. Raises GatewayError (500) beyond MAX_URI."""
    uri = _VARIABLE.sub(lambda m: exchange.variables.get(m[1], ""), exchange.route.integration.get("uri") or "")
    size = len(uri)

    def value(match: re.Match[str]) -> str:
        nonlocal size
        found = path.get(match[1], match[0])
        size += len(found)
        if size > MAX_URI:
            raise misconfigured(f"The integration URI is longer than {MAX_URI} characters")
        return found

    return _PLACE.sub(value, uri)
