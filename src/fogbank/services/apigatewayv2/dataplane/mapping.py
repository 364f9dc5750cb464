"""Parameter mapping of HTTP APIs: selection expressions, and what they change in requests and responses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html

A value is one expression (`$request.header.name`), or text with expressions in braces (`/items/${request.path.id}`).
What an expression does not find is the empty text in a text, and no value otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.apis import jsontext, vtl, workers
from fogbank.apis.budget import Budget, OverBudget
from fogbank.core.http import Response, is_header

from .exchange import Exchange

MOST_BODY = 100 * 1024  # bytes of a body that an expression looks at
_INSIDE = re.compile(r"\$\{((?:request|response|context|stageVariables)(?:\.[^{}]+)?)\}")
_PLACES = ("request.", "response.", "context.", "stageVariables.")


class Backend(msgspec.Struct):
    """What a request sends to its backend: lists of (name, value), and the path if it was overwritten."""

    headers: list[tuple[str, str]]
    query: list[tuple[str, str]]
    path: str | None = None


class Values:
    """The values of expressions for one request, and for its backend's response once there is one."""

    def __init__(self, exchange: Exchange, response: Response | None = None) -> None:
        self._exchange = exchange
        self._response = response

    async def text(self, source: str) -> str | None:
        """The value of a mapping's source."""
        if source.startswith("$") and not source.startswith("${"):
            expression = source[1:]
            if expression == "request.path" or expression.startswith((*_PLACES, "request.body")):
                return await self._value(expression)
            return source
        if "${" not in source:
            return source
        whole = _INSIDE.fullmatch(source)
        if whole is not None:
            return await self._value(whole[1])
        parts, last = list[str](), 0
        for match in _INSIDE.finditer(source):
            parts += [source[last : match.start()], await self._value(match[1]) or ""]
            last = match.end()
        return "".join([*parts, source[last:]])

    async def _value(self, expression: str) -> str | None:
        place, _, name = expression.partition(".")
        match place:
            case "context":
                return _dug(self._exchange.context(), name)
            case "stageVariables":
                return self._exchange.serving.variables.get(name)
            case "request":
                return await self._of_request(name)
            case "response":
                return await self._of_response(name)
        return None

    async def _of_request(self, name: str) -> str | None:
        exchange = self._exchange
        place, _, rest = name.partition(".")
        match place:
            case "header":
                return exchange.headers.get(rest.lower())
            case "querystring":
                return exchange.query_values.get(rest)
            case "path":
                return exchange.parameters.get(rest) if rest else exchange.path
            case "body":
                return await self._of_body(exchange.body, rest)
        return None

    async def _of_response(self, name: str) -> str | None:
        response = self._response
        place, _, rest = name.partition(".")
        if response is None:
            return None
        if place == "header":
            values = [value for held, value in response.headers if held.lower() == rest.lower()]
            return ",".join(values) if values else None
        if place == "statuscode":
            return str(response.status)
        return await self._of_body(response.body, rest) if isinstance(response.body, bytes) else None

    async def _of_body(self, body: bytes, path: str) -> str | None:
        if not path:
            return body.decode("utf-8", "replace")

        def work(budget: Budget) -> str | None:
            try:
                value = jsontext.decode(body[:MOST_BODY], budget)
            except jsontext.NotJson:
                return None
            found = vtl.find(value, f"$.{path}", budget)
            if found is None:
                return None
            return found if isinstance(found, str) else jsontext.encode(found, budget)

        try:
            return await workers.run(self._exchange.app, work)
        except (OverBudget, vtl.TemplateError):
            return None


def _dug(context: Mapping[str, Any], path: str) -> str | None:
    found: Any = context
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    if found is None or isinstance(found, Mapping):
        return None
    return str(found).lower() if isinstance(found, bool) else str(found)


async def change_request(exchange: Exchange, backend: Backend, mappings: Mapping[str, str]) -> None:
    """Apply an integration's RequestParameters to what will be sent."""
    values = Values(exchange)
    for key, source in mappings.items():
        how, _, where = key.partition(":")
        place, _, name = where.partition(".")
        value = None if how == "remove" else await values.text(source)
        if value is None and how != "remove":
            continue
        if place == "path":
            backend.path = value
        elif place == "querystring":
            backend.query = _changed(backend.query, how, name, value, fold=False)
        elif is_header(name, value or ""):
            backend.headers = _changed(backend.headers, how, name, value, fold=True)


def _changed(
    pairs: list[tuple[str, str]], how: str, name: str, value: str | None, *, fold: bool
) -> list[tuple[str, str]]:
    """Append, overwrite or remove a header (`fold`: names differ in case) or a query parameter."""
    if how != "append":
        wanted = name.lower() if fold else name
        pairs = [pair for pair in pairs if (pair[0].lower() if fold else pair[0]) != wanted]
    return pairs if value is None else [*pairs, (name, value)]


async def change_response(exchange: Exchange, response: Response) -> None:
    """Apply an integration's ResponseParameters for the status of a response to it."""
    shape = exchange.route.integration or {}
    mappings = (shape.get("ResponseParameters") or {}).get(str(response.status))
    if not mappings:
        return
    values = Values(exchange, Response(response.status, response.headers, response.body))
    for key, source in mappings.items():
        how, _, where = key.partition(":")
        value = None if how == "remove" else await values.text(source)
        if where == "statuscode":
            if value is not None and value.isascii() and value.isdecimal() and 200 <= int(value) <= 599:
                response.status = int(value)
            continue
        name = where.partition(".")[2]
        if (value is not None or how == "remove") and is_header(name, value or ""):
            response.headers = _changed(response.headers, how, name, value, fold=True)
