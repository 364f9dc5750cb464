"""The results of functions as responses, in both payload formats. Raises GatewayError for what is no response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from fogbank.apis.failures import GatewayError
from fogbank.core.http import Response, is_header

JSON = ("content-type", "application/json")
TEXT = ("content-type", "text/plain; charset=utf-8")  # where a function names no type (not confirmed)
_DROPPED = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "trailer", "upgrade", "te"})


def malformed(why: str) -> GatewayError:
    """500 Internal Server Error: the function's result is no response."""
    return GatewayError("DEFAULT_5XX", None, why=f"The response from the Lambda function doesn't match the format "
                        f"that API Gateway expects. {why}")  # fmt: skip


def response_of(payload: bytes, version: str) -> Response:
    """The response that a function's result describes; in format 2.0 it may be any JSON."""
    try:
        value = msgspec.json.decode(payload or b"null")
    except (ValueError, RecursionError):
        raise malformed("It is not JSON.") from None
    if version == "2.0" and not (isinstance(value, dict) and "statusCode" in value):
        return Response(200, [JSON], value.encode() if isinstance(value, str) else payload or b"null")
    if not isinstance(value, dict):
        raise malformed("It is not an object.")
    headers = _headers(value, version)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(TEXT)
    return Response(_status(value.get("statusCode")), headers, _content(value))


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError, OverflowError):
        raise malformed("Its statusCode is no number.") from None
    if isinstance(value, bool) or not 200 <= status <= 599:
        raise malformed("Its statusCode is no status.")
    return status


def _content(value: dict[str, Any]) -> bytes:
    body = value.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise malformed("Its body is no text.")
    if not value.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("Its body is not base64.") from None


def _headers(value: dict[str, Any], version: str) -> list[tuple[str, str]]:
    single = value.get("headers") or {}
    multi = (value.get("multiValueHeaders") or {}) if version == "1.0" else {}
    cookies = (value.get("cookies") or []) if version == "2.0" else []
    if not isinstance(single, dict) or not isinstance(multi, dict) or not isinstance(cookies, list):
        raise malformed("Its headers are no object.")
    found: list[tuple[str, str]] = []
    for name, values in multi.items():
        if not isinstance(values, list):
            raise malformed("Its multiValueHeaders are no lists.")
        found += [(name, _text(entry)) for entry in values]
    taken = {name.lower() for name in multi}
    found += [(name, _text(entry)) for name, entry in single.items() if name.lower() not in taken]
    found += [("set-cookie", _text(cookie)) for cookie in cookies]
    kept = [pair for pair in found if pair[0].lower() not in _DROPPED]
    if not all(is_header(*pair) and _latin(pair[1]) for pair in kept):
        raise malformed("A header cannot be sent.")
    return kept


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise malformed("A header is no text.")
    return "" if value is None else str(value)


def _latin(text: str) -> bool:
    return text.isascii() or all(ord(char) < 256 for char in text)
