"""CORS of an HTTP API: it answers preflight requests itself, and replaces the CORS headers of its backends.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.http import Request, Response

_WORD = "access-control-"


def is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "origin" in request.lookup and (
        "access-control-request-method" in request.lookup
    )  # fmt: skip


def preflight(cors: dict[str, Any], request: Request) -> Response:
    """The answer to a preflight request: 204, with CORS headers if the origin is allowed."""
    headers = _headers(cors, request.header("origin"))
    if headers:
        if cors.get("AllowMethods"):
            headers.append((_WORD + "allow-methods", ",".join(cors["AllowMethods"])))
        if cors.get("AllowHeaders"):
            headers.append((_WORD + "allow-headers", ",".join(cors["AllowHeaders"])))
        if cors.get("MaxAge") is not None:
            headers.append((_WORD + "max-age", str(cors["MaxAge"])))
    return Response(204, headers)


def mark(cors: dict[str, Any], request: Request, response: Response) -> None:
    """Put the configured headers into a response in place of the backend's."""
    kept = [pair for pair in response.headers if not pair[0].lower().startswith(_WORD)]
    origin = request.lookup.get("origin")
    response.headers = kept + (_headers(cors, origin) if origin else [])


def _headers(cors: dict[str, Any], origin: str) -> list[tuple[str, str]]:
    """The headers for an origin; none for one that is not allowed."""
    allowed = cors.get("AllowOrigins") or ()
    if "*" in allowed:
        headers = [(_WORD + "allow-origin", "*")]
    elif any(_fits(pattern, origin) for pattern in allowed):
        headers = [(_WORD + "allow-origin", origin), ("vary", "Origin")]
    else:
        return []
    if cors.get("AllowCredentials"):
        headers.append((_WORD + "allow-credentials", "true"))
    if cors.get("ExposeHeaders"):
        headers.append((_WORD + "expose-headers", ",".join(cors["ExposeHeaders"])))
    return headers


def _fits(pattern: str, origin: str) -> bool:
    """Whether an origin is allowed by `https://example.com`, `https://*` or `http://*`."""
    if pattern in ("https://*", "http://*"):
        return origin.startswith(pattern[:-1])
    return pattern.lower() == origin.lower()
