"""The events that functions get from HTTP APIs, in both payload formats.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.http import as_text

from .exchange import Exchange, stamp


def integration_event(exchange: Exchange, version: str) -> dict[str, Any]:
    """The event for a Lambda integration."""
    event = _two(exchange) if version == "2.0" else _one(exchange)
    body, encoded = as_text(exchange.body, exchange.request.header("content-type")) if exchange.body else (None, False)
    if version == "1.0" or body is not None:
        event["body"] = body
    event["isBase64Encoded"] = encoded
    return event


def authorizer_event(exchange: Exchange, version: str, identity: list[str]) -> dict[str, Any]:
    """The event for a Lambda authorizer.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    """
    if version == "2.0":
        event = _two(exchange)
        version_first = {
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": exchange.arn,
            "identitySource": identity or None,
        }
        return {**version_first, **event}
    source = ",".join(identity) or None
    head = {"version": "1.0", "type": "REQUEST", "methodArn": exchange.arn, "identitySource": source,
            "authorizationToken": source}  # fmt: skip
    return {**head, **_one(exchange)}


def _two(exchange: Exchange) -> dict[str, Any]:
    headers = exchange.headers
    cookie = headers.get("cookie")
    path = exchange.raw_path
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": exchange.route.key,
        "rawPath": path,
        "rawQueryString": exchange.request.query,
    }
    if cookie:
        event["cookies"] = [part.strip() for part in cookie.replace(",", ";").split(";") if part.strip()]
        headers = {name: value for name, value in headers.items() if name != "cookie"}
    event["headers"] = headers
    query = exchange.query_values
    if query:
        event["queryStringParameters"] = query
    event["requestContext"] = _context_two(exchange, path)
    if exchange.parameters:
        event["pathParameters"] = exchange.parameters
    if exchange.serving.variables:
        event["stageVariables"] = exchange.serving.variables
    return event


def _context_two(exchange: Exchange, path: str) -> dict[str, Any]:
    serving, request, now = exchange.serving, exchange.request, exchange.ctx.now()
    domain = exchange.domain
    found: dict[str, Any] = {"accountId": serving.account, "apiId": serving.api}
    authorizer = _authorizer_two(exchange)
    if authorizer:
        found["authorizer"] = authorizer
    return found | {
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.client,
            "userAgent": request.lookup.get("user-agent", ""),
        },
        "requestId": exchange.ctx.request_id,
        "routeKey": exchange.route.key,
        "stage": serving.stage,
        "time": stamp(now),
        "timeEpoch": int(now * 1000),
    }


def _authorizer_two(exchange: Exchange) -> dict[str, Any]:
    if exchange.jwt is not None:
        return {"jwt": exchange.jwt}
    if exchange.lambda_context is not None:
        return {"lambda": exchange.lambda_context}
    caller = exchange.caller
    if caller is None:
        return {}
    iam = {
        "accessKey": caller.access_key, "accountId": caller.account, "callerId": caller.user_id,
        "cognitoIdentity": None, "principalOrgId": None, "userArn": caller.arn, "userId": caller.user_id,
    }  # fmt: skip
    return {"iam": iam}


def _one(exchange: Exchange) -> dict[str, Any]:
    multi: dict[str, list[str]] = {}
    for name, value in exchange.forwarded:
        multi.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in exchange.query:
        query.setdefault(name, []).append(value)
    return {
        "version": "1.0",
        "resource": exchange.route.path,
        "path": exchange.full_path,
        "httpMethod": exchange.request.method,
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": _context_one(exchange),
        "pathParameters": exchange.parameters or None,
        "stageVariables": exchange.serving.variables or None,
    }


def _context_one(exchange: Exchange) -> dict[str, Any]:
    serving, now = exchange.serving, exchange.ctx.now()
    domain = exchange.domain
    found: dict[str, Any] = {"accountId": serving.account, "apiId": serving.api}
    if exchange.jwt is not None:
        found["authorizer"] = exchange.jwt
    elif exchange.lambda_context is not None:
        found["authorizer"] = exchange.authorizer()
    return found | {
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "extendedRequestId": exchange.ctx.request_id,
        "httpMethod": exchange.request.method,
        "identity": exchange.identity(),
        "path": exchange.full_path,
        "protocol": "HTTP/1.1",
        "requestId": exchange.ctx.request_id,
        "requestTime": stamp(now),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": exchange.route.key,
        "resourcePath": exchange.route.path,
        "stage": serving.stage,
    }
