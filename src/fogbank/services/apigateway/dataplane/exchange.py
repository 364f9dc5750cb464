"""The state of one request to a stage, and its $context for mapping templates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl

from fogbank.core.context import Context
from fogbank.core.http import Request

from .running import Deployed, Route, Running


class Exchange:
    """The state of one request to a stage. `path`: raw path below the stage; `parameters`: raw path parameters."""

    def __init__(self, request: Request, running: Running, path: str, ctx: Context) -> None:
        self.app = ctx.app
        self.request = request
        self.running = running
        self.deployed: Deployed = running.deployed
        self.variables = running.variables
        self.path = path
        self.ctx = ctx
        self.body = b""
        self.route: Route = cast(Route, None)  # None until the request is routed
        self.parameters: dict[str, str] = {}
        self.custom_domain = ""  # the custom domain name that the request came to
        self.is_canary = False
        self.authorizer: dict[str, Any] = {}  # principalId and context from the authorizer
        self.api_key = ""
        self.api_key_id = ""
        self.authorizer_policy = ""  # JSON
        self.usage_key = ""  # usageIdentifierKey of the authorizer
        self.caller: Any = None  # the principal, with AWS_IAM authorization
        self.integration_status = 0
        self.integration_seconds = 0.0
        self.error: tuple[str, str] = ("", "")  # (message, response type)
        self.failure = ""  # reason of the failure, for the execution log
        self.extended_id = ctx.ids.alnum(15) + "="
        self._headers: dict[str, list[str]] | None = None
        self._query: dict[str, list[str]] | None = None
        self._forwarded: list[tuple[str, str]] | None = None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The client's headers with what API Gateway adds: X-Forwarded-*, X-Amzn-Trace-Id."""
        if self._forwarded is None:
            request, now = self.request, int(self.ctx.now())
            names = {name.lower() for name, _ in request.headers}
            added = [
                ("X-Forwarded-For", request.client),
                ("X-Forwarded-Port", "443" if request.scheme == "https" else request.host.rpartition(":")[2] or "80"),
                ("X-Forwarded-Proto", request.scheme),
            ]
            if "x-amzn-trace-id" not in names:
                added.append(("X-Amzn-Trace-Id", f"Root=1-{now:08x}-{self.ctx.ids.hex(24)}"))
            forwarded = request.header("x-forwarded-for")
            if forwarded:
                added[0] = ("X-Forwarded-For", f"{forwarded}, {request.client}")
            gone = {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "connection", "transfer-encoding"}
            self._forwarded = [(n, v) for n, v in request.headers if n.lower() not in gone] + added
        return self._forwarded

    @property
    def multi_headers(self) -> dict[str, list[str]]:
        """Header values by name. Names that differ only in case are merged under the first spelling."""
        if self._headers is None:
            found: dict[str, list[str]] = {}
            names: dict[str, str] = {}
            for name, value in self.headers:
                name = names.setdefault(name.lower(), name)
                found.setdefault(name, []).append(value)
            self._headers = found
        return self._headers

    @property
    def multi_query(self) -> dict[str, list[str]]:
        """Decoded query parameters: name → values."""
        if self._query is None:
            found: dict[str, list[str]] = {}
            for name, value in parse_qsl(self.request.query, keep_blank_values=True):
                found.setdefault(name, []).append(value)
            self._query = found
        return self._query

    def header(self, name: str) -> str | None:
        """The last value of a header; the name is case-insensitive."""
        wanted = name.lower()
        found = None
        for held, value in self.headers:
            if held.lower() == wanted:
                found = value
        return found

    @property
    def full_path(self) -> str:
        """The path with its stage, which is $context.path."""
        return f"/{self.running.stage}{self.path}"

    @property
    def domain(self) -> str:
        if self.custom_domain:
            return self.custom_domain
        host = self.request.host.rpartition(":")[0] or self.request.host
        if ".execute-api." in host:
            return host
        return f"{self.running.api}.execute-api.{self.running.region}.amazonaws.com"

    def is_binary(self, kind: str) -> bool:
        """Whether the API's binaryMediaTypes include a media type."""
        types = self.deployed.binary
        if not types:
            return False
        kind = kind.partition(";")[0].strip().lower()
        return "*/*" in types or kind in types or f"{kind.partition('/')[0]}/*" in types

    def context(self) -> dict[str, Any]:
        """requestContext of a proxy event. $context of templates and access logs extend it.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
        """
        running, request, now = self.running, self.request, self.ctx.now()
        found: dict[str, Any] = {
            "resourceId": self.route.resource if self.route else "",
            "resourcePath": self.route.path if self.route else "",
            "httpMethod": request.method,
            "extendedRequestId": self.extended_id,
            "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "path": self.full_path,
            "accountId": running.account,
            "protocol": "HTTP/1.1",
            "stage": running.stage,
            "domainPrefix": self.domain.partition(".")[0],
            "requestTimeEpoch": int(now * 1000),
            "requestId": self.ctx.request_id,
            "identity": self.identity(),
            "domainName": self.domain,
            "deploymentId": self.deployed.id,
            "apiId": running.api,
        }
        operation = self.route.method.get("operationName") if self.route else None
        if operation:
            found["operationName"] = operation
        if self.authorizer:
            found["authorizer"] = self.authorizer
        if self.is_canary:
            found["isCanaryRequest"] = True
        return found

    def identity(self) -> dict[str, Any]:
        """$context.identity: what is known about the caller."""
        caller = self.caller
        found: dict[str, Any] = {
            "cognitoIdentityPoolId": None,
            "accountId": caller.account if caller else None,
            "cognitoIdentityId": None,
            "caller": caller.user_id if caller else None,
            "sourceIp": self.request.client,
            "principalOrgId": None,
            "accessKey": caller.access_key if caller else None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": caller.arn if caller else None,
            "userAgent": self.request.header("user-agent") or None,
            "user": caller.user_id if caller else None,
        }
        if self.api_key:
            found["apiKey"] = self.api_key
            found["apiKeyId"] = self.api_key_id
        return found
