"""Selection expressions and request parameters of WebSocket APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.apis import jsontext, patterns, vtl, workers
from fogbank.apis.budget import Budget, OverBudget
from fogbank.core.context import Cloud

_EXPRESSION = re.compile(
    r"\$\{((?:request\.body|integration\.response)[^{}]*)\}|\$((?:request\.body|integration\.response)[\w.\[\]-]*)"
)


class Message:
    """The body of a message or of a backend's response, as expressions see it."""

    def __init__(self, body: bytes, status: int = 0, headers: list[tuple[str, str]] | None = None) -> None:
        self._document = vtl.Document(body)
        self._status = status
        self._headers = headers or []

    def part(self, path: str, budget: Budget) -> str | None:
        """A part of a JSON body as text; the whole body for the empty path. None where it is not there."""
        if not path:
            return self._document.text(budget)
        try:
            found = vtl.find(self._document.value(budget), f"$.{path}", budget)
        except vtl.TemplateError:
            return None
        if found is None or isinstance(found, dict | list):
            return None if found is None else jsontext.encode(found, budget)
        return str(found).lower() if isinstance(found, bool) else str(found)

    def select(self, expression: str, budget: Budget) -> str | None:
        """The value of a selection expression; None if a part of it is not there. Text without `$` is a value."""
        missing = False

        def value(match: re.Match[str]) -> str:
            nonlocal missing
            found = self._value(match[1] or match[2], budget)
            missing = missing or found is None
            return found or ""

        selected = _EXPRESSION.sub(value, expression.replace("\\$", "$"))
        return None if missing else selected

    def _value(self, name: str, budget: Budget) -> str | None:
        if name.startswith("request.body"):
            return self.part(name.removeprefix("request.body").lstrip("."), budget)
        name = name.removeprefix("integration.response").lstrip(".")
        if name == "statuscode":
            return str(self._status)
        place, _, rest = name.partition(".")
        if place in ("header", "multivalueheader"):
            values = [value for held, value in self._headers if held.lower() == rest.lower()]
            return ",".join(values) if values else None
        return self.part(rest, budget) if place == "body" else None


async def selected(app: Cloud, message: Message, expression: str) -> str | None:
    """The value of a selection expression, worked out by a worker if it takes long; None if it takes too long."""
    try:
        return await workers.run(app, lambda budget: message.select(expression, budget))
    except OverBudget:
        return None


def fits(key: str, value: str) -> bool:
    """Whether the key of an integration response takes a value: it is one, or a pattern between slashes."""
    if len(key) > 2 and key[0] == key[-1] == "/":
        try:
            return patterns.whole(key[1:-1], value, Budget(), dot_all=True)
        except (patterns.BadPattern, OverBudget):
            return False
    return key == value


def parameter(source: str, found: dict[str, Any]) -> str | None:
    """The value of a request parameter's source: a literal in quotes, or a name in `found` by its dots."""
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return source[1:-1]
    value: Any = found
    for name in source.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None or isinstance(value, dict) else str(value)
