"""$input and $util.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import msgspec

from . import jsonpath
from .methods import Functions
from .values import as_text

_ESCAPES = {"\\": "\\\\", '"': '\\"', "'": "\\'", "/": "\\/", "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f",
            "\r": "\\r"}  # fmt: skip


class Input(Functions):
    """The body and the parameters of the request (or, for a response, the integration's body)."""

    def __init__(self, body: str, parameters: dict[str, dict[str, str]]) -> None:
        self.body = body
        self._parameters = parameters
        self._decoded: Any = None
        self._is_decoded = False

    def _document(self) -> Any:
        if not self._is_decoded:
            try:
                self._decoded = msgspec.json.decode(self.body) if self.body else {}
            except msgspec.DecodeError:
                self._decoded = self.body
            self._is_decoded = True
        return self._decoded

    def path(self, path: str = "$") -> Any:
        """A part of the JSON body as an object to walk."""
        return jsonpath.find(self._document(), as_text(path))

    def json(self, path: str = "$") -> str:
        """A part of the JSON body as JSON text; "" where it is not there."""
        found = jsonpath.find(self._document(), as_text(path))
        return "" if found is None and as_text(path) != "$" else msgspec.json.encode(found).decode()

    def params(self, name: str | None = None) -> Any:
        """All parameters by place, or the first of path, query string and header that has this name."""
        if name is None:
            return self._parameters
        for place in ("path", "querystring", "header"):
            held = self._parameters.get(place, {})
            if name in held:
                return held[name]
        lower = as_text(name).lower()
        return next((v for k, v in self._parameters.get("header", {}).items() if k.lower() == lower), "")


class Util(Functions):
    """Escaping, encoding, parsing."""

    def escapeJavaScript(self, text: Any) -> str:
        return "".join(_ESCAPES.get(char, char if ord(char) >= 32 else f"\\u{ord(char):04X}") for char in as_text(text))

    def parseJson(self, text: Any) -> Any:
        try:
            return msgspec.json.decode(as_text(text))
        except msgspec.DecodeError:
            return None

    def urlEncode(self, text: Any) -> str:
        return quote_plus(as_text(text), safe="*")

    def urlDecode(self, text: Any) -> str:
        return unquote_plus(as_text(text))

    def base64Encode(self, text: Any) -> str:
        return base64.b64encode(as_text(text).encode()).decode()

    def base64Decode(self, text: Any) -> str:
        try:
            return base64.b64decode(as_text(text)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
