"""$input and $util.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from .. import jsontext
from ..budget import Budget
from . import jsonpath
from .methods import Functions
from .values import as_text

_ESCAPES = {
    **{code: f"\\u{code:04X}" for code in range(32)},
    **{ord(char): f"\\{char}" for char in "\\\"'/"},
    **{ord(char): f"\\{name}" for char, name in zip("\b\n\t\f\r", "bntfr", strict=True)},
}


class Document:
    """A body, and its JSON once somebody asks for it. Each method charges the budget it is given."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._text: str | None = None
        self._value: Any = None
        self._is_read = False

    def text(self, budget: Budget) -> str:
        """The body as text."""
        if self._text is None:
            budget.made(len(self._body))
            self._text = self._body.decode("utf-8", "replace")
        return self._text

    def value(self, budget: Budget) -> Any:
        """Its value; {} of nothing; its text where it is not JSON."""
        if not self._is_read:
            text = self.text(budget)
            try:
                self._value = jsontext.decode(text, budget) if text else {}
            except jsontext.NotJson:
                self._value = text
            self._is_read = True
        return self._value


class Input(Functions):
    """The body and the parameters of the request (or, for a response, the integration's body)."""

    def __init__(self, document: Document, parameters: dict[str, dict[str, str]], budget: Budget) -> None:
        self._document = document
        self._parameters = parameters
        self._budget = budget

    @property
    def body(self) -> str:
        """The body as it came."""
        return self._document.text(self._budget)

    def path(self, path: str = "$") -> Any:
        """A part of the JSON body as an object to walk."""
        budget = self._budget
        return jsonpath.find(self._document.value(budget), as_text(path, budget), budget)

    def json(self, path: str = "$") -> str:
        """A part of the JSON body as JSON text; "" where it is not there."""
        found = self.path(path)
        if found is None and as_text(path, self._budget) != "$":
            return ""
        return jsontext.encode(found, self._budget)

    def params(self, name: str | None = None) -> Any:
        """All parameters by place, or the first of path, query string and header that has this name."""
        if name is None:
            return self._parameters
        for place in ("path", "querystring", "header"):
            held = self._parameters.get(place, {})
            if name in held:
                return held[name]
        headers = self._parameters.get("header", {})
        self._budget.step(len(headers))
        lower = as_text(name, self._budget).lower()
        return next((v for k, v in headers.items() if k.lower() == lower), "")


class Util(Functions):
    """Escaping, encoding, parsing."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def _taken(self, value: Any, growth: int) -> str:
        """The text of an argument that becomes at most `growth` times as long."""
        text = as_text(value, self._budget)
        self._budget.made(growth * len(text))
        return text

    def escapeJavaScript(self, text: Any) -> str:
        return self._taken(text, 2).translate(_ESCAPES)

    def parseJson(self, text: Any) -> Any:
        try:
            return jsontext.decode(as_text(text, self._budget), self._budget)
        except jsontext.NotJson:
            return None

    def urlEncode(self, text: Any) -> str:
        return quote_plus(self._taken(text, 12), safe="*", errors="replace")

    def urlDecode(self, text: Any) -> str:
        return unquote_plus(self._taken(text, 4))

    def base64Encode(self, text: Any) -> str:
        return base64.b64encode(self._taken(text, 2).encode("utf-8", "replace")).decode()

    def base64Decode(self, text: Any) -> str:
        try:
            return base64.b64decode(self._taken(text, 2)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
