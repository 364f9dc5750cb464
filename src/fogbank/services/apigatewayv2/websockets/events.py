"""One event of a connection (CONNECT, MESSAGE or DISCONNECT): its $context, and the event that functions get.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from fogbank.apis.acting import acting
from fogbank.core.context import Context
from fogbank.core.http import Request
from fogbank.core.principal import Principal

from ..dataplane.exchange import stamp
from ..dataplane.serving import Route, Serving

CONNECT, MESSAGE, DISCONNECT = "CONNECT", "MESSAGE", "DISCONNECT"


class Session(msgspec.Struct, eq=False):
    """What a connection keeps of its handshake."""

    ctx: Context
    request: Request
    id: str
    connected: float
    domain: str
    authorizer: dict[str, Any] = {}
    caller: Principal | None = None

    @property
    def multi_headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.request.headers:
            found.setdefault(name, []).append(value)
        return found

    @property
    def multi_query(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.request.query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found


class Event:
    """One event. Mapping templates read `variables`, `parameters`, `multi_headers`, `multi_query` and `context()`."""

    parameters: dict[str, str] = {}

    def __init__(
        self, session: Session, serving: Serving, route: Route, kind: str, ctx: Context, body: str | bytes | None = None
    ) -> None:
        self.session = session
        self.serving = serving
        self.route = route
        self.kind = kind
        self.ctx = ctx
        self.message = body
        self.closing: tuple[int, str] | None = None
        self.variables = serving.variables
        self.integration_seconds = 0.0
        self.failure = ""

    @property
    def body(self) -> bytes:
        message = self.message
        return message.encode() if isinstance(message, str) else message or b""

    @property
    def multi_headers(self) -> dict[str, list[str]]:
        return self.session.multi_headers if self.kind == CONNECT else {}

    @property
    def multi_query(self) -> dict[str, list[str]]:
        return self.session.multi_query if self.kind == CONNECT else {}

    @property
    def source_arn(self) -> str:
        """The aws:SourceArn for the permissions of functions: API/STAGE/ROUTE."""
        return self.serving.arn(f"{self.serving.stage}/{self.route.key}")

    async def acting(self, credentials: str, region: str = "") -> Context:
        """The context for the calls of the integration."""
        return await acting(self.ctx, credentials, self.source_arn, caller=self.session.caller, region=region)

    def context(self) -> dict[str, Any]:
        session, serving, now = self.session, self.serving, self.ctx.now()
        caller = session.caller
        identity: dict[str, Any] = {"sourceIp": session.request.client}
        if session.request.header("user-agent"):
            identity["userAgent"] = session.request.header("user-agent")
        if caller is not None:
            identity |= {
                "accessKey": caller.access_key, "accountId": caller.account, "caller": caller.user_id,
                "user": caller.user_id, "userArn": caller.arn,
            }  # fmt: skip
        found: dict[str, Any] = {"routeKey": self.route.key}
        if session.authorizer:
            found["authorizer"] = session.authorizer
        if self.kind == MESSAGE:
            found["messageId"] = self.ctx.request_id
        if self.closing is not None:
            found["disconnectStatusCode"], found["disconnectReason"] = self.closing
        return found | {
            "eventType": self.kind,
            "extendedRequestId": self.ctx.request_id,
            "requestTime": stamp(now),
            "messageDirection": "IN",
            "stage": serving.stage,
            "connectedAt": int(session.connected * 1000),
            "requestTimeEpoch": int(now * 1000),
            "identity": identity,
            "requestId": self.ctx.request_id,
            "domainName": session.domain,
            "connectionId": session.id,
            "apiId": serving.api,
        }

    def for_function(self) -> dict[str, Any]:
        """The event for a Lambda proxy integration."""
        event: dict[str, Any] = {}
        if self.kind == CONNECT:
            event |= self.asked()
        elif self.kind == DISCONNECT:
            event["headers"] = {"Host": self.session.domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
            event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        event["requestContext"] = self.context()
        if self.variables:
            event["stageVariables"] = self.variables
        if isinstance(self.message, bytes):
            event["body"], event["isBase64Encoded"] = base64.b64encode(self.message).decode(), True
        else:
            if self.message is not None:
                event["body"] = self.message
            event["isBase64Encoded"] = False
        return event

    def asked(self) -> dict[str, Any]:
        """The headers and the query string of the handshake."""
        headers, query = self.session.multi_headers, self.session.multi_query
        event: dict[str, Any] = {
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
        }
        if query:
            event["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
            event["multiValueQueryStringParameters"] = query
        return event

    def for_authorizer(self) -> dict[str, Any]:
        """The event for a Lambda authorizer of $connect."""
        head = {"type": "REQUEST", "methodArn": self.source_arn}
        return {**head, **self.asked(), "stageVariables": self.variables, "requestContext": self.context()}

    def names(self) -> dict[str, Any]:
        """What request parameters and identity sources may name, apart from the body."""
        headers = {name.lower(): values[-1] for name, values in self.session.multi_headers.items()}
        query = {name: values[-1] for name, values in self.session.multi_query.items()}
        return {
            "route": {"request": {"header": headers, "querystring": query}},
            "context": self.context(),
            "stageVariables": self.variables,
        }
