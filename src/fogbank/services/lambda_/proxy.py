"""Converts HTTP requests to events and results to responses: payload format 2.0 of function URLs. Pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from fogbank.core.http import Request, Response, as_text, is_header
from fogbank.core.principal import Principal

from .environments.spec import Outcome

PRELUDE = "application/vnd.awslambda.http-integration-response"
PRELUDE_END = bytes(8)


def event_of(
    request: Request, body: bytes, path: str, *, url_id: str, domain: str, account: str, request_id: str, now: float,
    caller: Principal | None,
) -> dict[str, Any]:  # fmt: skip
    """Builds the event of a request. `path` is the raw path below the URL; `caller` is given with AuthType AWS_IAM."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        name = name.lower()
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    instant = datetime.fromtimestamp(now, UTC)
    shown_path = unquote(path)
    context: dict[str, Any] = {
        "accountId": account if caller else "anonymous",
        "apiId": url_id,
        "domainName": domain,
        "domainPrefix": url_id,
        "http": {
            "method": request.method,
            "path": shown_path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.client,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": instant.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }
    if caller:
        iam = {
            "accessKey": caller.access_key, "accountId": caller.account, "callerId": caller.user_id,
            "cognitoIdentity": None, "principalOrgId": None, "userArn": caller.arn, "userId": caller.user_id,
        }  # fmt: skip
        context["authorizer"] = {"iam": iam}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": shown_path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if body:
        event["body"], event["isBase64Encoded"] = as_text(body, headers.get("content-type", ""))
    return event


def plain(status: int, message: str, error: str = "") -> Response:
    headers = [("content-type", "application/json")]
    if error:
        headers.append(("x-amzn-errortype", error))
    return Response(status, headers, msgspec.json.encode({"Message": message}))


def response_of(outcome: Outcome) -> Response:
    """Converts a function's result to an HTTP response; 502 when the function failed or the result is invalid."""
    if outcome.error:
        return plain(502, "Internal Server Error", "InternalServerErrorException")
    if outcome.streamed:
        return _streamed(outcome)
    try:
        value = msgspec.json.decode(outcome.payload or b"null")
    except msgspec.DecodeError:
        return plain(502, "Internal Server Error", "InternalServerErrorException")
    if not (isinstance(value, dict) and "statusCode" in value):
        body = value.encode() if isinstance(value, str) else outcome.payload
        return Response(200, [("content-type", "application/json")], body)
    return _proxied(value)


def _proxied(value: dict[str, Any]) -> Response:
    try:
        status = int(value["statusCode"])
        body = value.get("body")
        if body is None:
            content = b""
        elif isinstance(body, str):
            content = base64.b64decode(body) if value.get("isBase64Encoded") else body.encode()
        else:
            content = msgspec.json.encode(body)
    except (TypeError, ValueError, binascii.Error):
        return plain(502, "Internal Server Error", "InternalServerErrorException")
    headers = [(str(name).lower(), str(held)) for name, held in (value.get("headers") or {}).items()]
    headers = [(name, held) for name, held in headers if name not in ("content-length", "transfer-encoding")]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    headers += [("set-cookie", str(cookie)) for cookie in value.get("cookies") or ()]
    if not 200 <= status <= 599 or not all(is_header(*pair) for pair in headers):
        return plain(502, "Internal Server Error", "InternalServerErrorException")
    return Response(status, headers, content)


def _streamed(outcome: Outcome) -> Response:
    """Converts a streamed result. It may begin with a prelude: status, headers, cookies."""
    if outcome.content_type != PRELUDE:
        return Response(200, [("content-type", outcome.content_type)], outcome.payload)
    head, _, body = outcome.payload.partition(PRELUDE_END)
    try:
        prelude = msgspec.json.decode(head, type=dict[str, Any])
    except msgspec.DecodeError:
        return plain(502, "Internal Server Error", "InternalServerErrorException")
    response = _proxied({"statusCode": 200, **prelude, "body": ""})
    response.body = body
    return response


def cors_headers(cors: dict[str, Any] | None, request: Request) -> list[tuple[str, str]]:
    """Returns the CORS headers of a URL's configuration for a request with an Origin."""
    origin = request.header("origin")
    if not cors or not origin:
        return []
    origins = cors.get("AllowOrigins") or []
    if "*" not in origins and origin not in origins:
        return []
    credentials = bool(cors.get("AllowCredentials"))
    headers = [("access-control-allow-origin", origin if credentials or "*" not in origins else "*")]
    if credentials:
        headers.append(("access-control-allow-credentials", "true"))
    if cors.get("ExposeHeaders"):
        headers.append(("access-control-expose-headers", ",".join(cors["ExposeHeaders"])))
    headers.append(("vary", "Origin"))
    return headers


def preflight(cors: dict[str, Any], request: Request) -> Response:
    """Answers an OPTIONS request; with CORS configured, the URL does so itself, without the function."""
    headers = cors_headers(cors, request)
    if headers:
        headers.append(("access-control-allow-methods", ",".join(cors.get("AllowMethods") or ["*"])))
        allowed = cors.get("AllowHeaders") or []
        wanted = request.header("access-control-request-headers")
        headers.append(("access-control-allow-headers", wanted if "*" in allowed else ",".join(allowed)))
        if cors.get("MaxAge") is not None:
            headers.append(("access-control-max-age", str(cors["MaxAge"])))
    return Response(200, headers, b"")
