"""The state of one request to a stage of an HTTP API, and its $context.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

from fogbank.apis.addresses import Address
from fogbank.core.context import Context
from fogbank.core.http import Request
from fogbank.core.principal import Principal

from ..rules import DEFAULT
from .serving import Route, Serving

_GONE = frozenset({"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "connection", "transfer-encoding"})


class Exchange:
    """The state of one request. `path` is the raw path below the stage; `parameters` are its decoded variables."""

    def __init__(self, request: Request, serving: Serving, address: Address, path: str, ctx: Context) -> None:
        self.app = ctx.app
        self.request = request
        self.serving = serving
        self.address = address
        self.path = path
        self.ctx = ctx
        self.body = b""
        self.route: Route = cast(Route, None)  # None until the request is routed
        self.parameters: dict[str, str] = {}
        self.jwt: dict[str, Any] | None = None  # claims and scopes of a token
        self.lambda_context: dict[str, Any] | None = None  # what a Lambda authorizer returned
        self.principal_id = ""  # of a Lambda authorizer's policy
        self.caller: Principal | None = None  # with AWS_IAM authorization
        self.authorizer_error = ""
        self.error = ""  # the message of the response that the API made itself
        self.failure = ""  # why the integration failed
        self.integration_status = 0
        self.integration_seconds = 0.0
        self._headers: dict[str, str] | None = None
        self._forwarded: list[tuple[str, str]] | None = None
        self._query: list[tuple[str, str]] | None = None

    # -- what was asked ----------------------------------------------------------------------------------------------

    @property
    def forwarded(self) -> list[tuple[str, str]]:
        """The client's headers, names in lower case, with those that API Gateway adds."""
        if self._forwarded is None:
            request = self.request
            before = request.lookup.get("x-forwarded-for")
            port = request.host.rpartition(":")[2] if ":" in request.host else "80"
            self._forwarded = [(n.lower(), v) for n, v in request.headers if n.lower() not in _GONE]
            self._forwarded += [
                ("x-forwarded-for", f"{before}, {request.client}" if before else request.client),
                ("x-forwarded-port", "443" if request.scheme == "https" else port),
                ("x-forwarded-proto", request.scheme),
            ]
            if "x-amzn-trace-id" not in request.lookup:
                root = f"Root=1-{int(self.ctx.now()):08x}-{self.ctx.ids.hex(24)}"
                self._forwarded.append(("x-amzn-trace-id", root))
        return self._forwarded

    @property
    def headers(self) -> dict[str, str]:
        """The same by name; several values of one name are joined with commas."""
        if self._headers is None:
            found: dict[str, str] = {}
            for name, value in self.forwarded:
                found[name] = f"{found[name]},{value}" if name in found else value
            self._headers = found
        return self._headers

    @property
    def query(self) -> list[tuple[str, str]]:
        """The decoded query parameters."""
        if self._query is None:
            text = self.request.query
            self._query = parse_qsl(text, keep_blank_values=True) if text else []
        return self._query

    @property
    def query_values(self) -> dict[str, str]:
        """The same by name; several values of one name are joined with commas."""
        found: dict[str, str] = {}
        for name, value in self.query:
            found[name] = f"{found[name]},{value}" if name in found else value
        return found

    @property
    def raw_path(self) -> str:
        """The path with the stage's name, unless that is $default or a custom domain name led here."""
        path = unquote(self.path) if "%" in self.path else self.path
        if self.serving.stage == DEFAULT or self.address.domain:
            return path
        return f"/{self.serving.stage}{path}"

    @property
    def full_path(self) -> str:
        """The same with the base path of a custom domain name's mapping."""
        return self.address.base + self.raw_path

    @property
    def domain(self) -> str:
        if self.address.domain:
            return self.address.domain
        host = self.request.host.partition(":")[0]
        if ".execute-api" in host:
            return host
        return f"{self.serving.api}.execute-api.{self.serving.region}.amazonaws.com"

    @property
    def arn(self) -> str:
        """What policies are held against: arn:…:API/STAGE/METHOD/path."""
        return self.serving.arn(f"{self.serving.stage}/{self.request.method}{self.path}")

    @property
    def source_arn(self) -> str:
        """The aws:SourceArn for the permissions of functions: API/STAGE/METHOD/route, or API/STAGE/$default."""
        route = self.route.path if self.route.path == DEFAULT else f"{self.request.method}{self.route.path}"
        return self.serving.arn(f"{self.serving.stage}/{route}")

    # -- $context ----------------------------------------------------------------------------------------------------

    def authorizer(self) -> dict[str, Any]:
        """$context.authorizer: what an authorizer knows about the caller."""
        found: dict[str, Any] = {}
        if self.jwt is not None:
            found["claims"] = self.jwt["claims"]
        if self.lambda_context is not None:
            found |= self.lambda_context
        if self.principal_id:
            found["principalId"] = self.principal_id
        if self.authorizer_error:
            found["error"] = self.authorizer_error
        return found

    def identity(self) -> dict[str, Any]:
        """$context.identity."""
        caller = self.caller
        return {
            "accessKey": caller.access_key if caller else None,
            "accountId": caller.account if caller else None,
            "caller": caller.user_id if caller else None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": self.request.client,
            "user": caller.user_id if caller else None,
            "userAgent": self.request.header("user-agent"),
            "userArn": caller.arn if caller else None,
        }

    def context(self) -> dict[str, Any]:
        """The $context variables of mappings and access logs."""
        serving, now = self.serving, self.ctx.now()
        return {
            "accountId": serving.account,
            "apiId": serving.api,
            "authorizer": self.authorizer(),
            "domainName": self.domain,
            "domainPrefix": self.domain.partition(".")[0],
            "error": {"message": self.error or None, "messageString": f'"{self.error}"' if self.error else None,
                      "responseType": None},
            "extendedRequestId": self.ctx.request_id,
            "httpMethod": self.request.method,
            "identity": self.identity(),
            "path": self.full_path,
            "protocol": "HTTP/1.1",
            "requestId": self.ctx.request_id,
            "requestTime": stamp(now),
            "requestTimeEpoch": int(now * 1000),
            "routeKey": self.route.key if self.route else None,
            "stage": serving.stage,
        }  # fmt: skip


def stamp(now: float) -> str:
    """A time as the Common Log Format writes it."""
    return datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
