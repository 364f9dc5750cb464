"""A visit: one request to a data plane, that is, to an HTTP endpoint that is no AWS API (a stage, a function URL, …).

    @endpoint("lambda-url", refuse=refuse)
    async def answer(visit: Visit) -> Response:
        visit.reaches(url.account, url.region, "InvokeFunctionUrl")
        ctx = visit.admit("lambda") if url.auth == "AWS_IAM" else visit.anonymous()
        visit.allow(function, "lambda:InvokeFunctionUrl", conditions)

The pipeline creates it and handles it like an API call: it records the visit for `fogbank why`, makes a response of an
error that the endpoint raised, waits until the writes are durable, and adds the request id.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import services
from .context import Cloud, Context
from .errors import AccessDenied, NotBuilt, ServiceError
from .http import Request, Response, is_secure
from .kinds import Named, Names
from .principal import Principal, anonymous
from .runs import Runs
from .trace import Hop

if TYPE_CHECKING:
    from .operation import Endpoint


class Visit:
    """The request that an endpoint answers, and the only way to authenticate and authorise its caller.

    `request_id` is AWS's request id. `headers` are added to every response, errors included. `hop` is the record for
    `fogbank why`.
    """

    __slots__ = ("_ctx", "app", "endpoint", "headers", "hop", "request", "request_id")

    def __init__(self, app: Cloud, service: str, endpoint: Endpoint, request: Request) -> None:
        self.app = app
        self.endpoint = endpoint
        self.request = request
        self.request_id = app.ids.uuid()
        self.headers: list[tuple[str, str]] = []
        self.hop = Hop(
            self.request_id,
            app.clock.now(),
            service,
            endpoint.name,
            app.settings.account,
            app.settings.region,
            "anonymous",
            fidelity="real",
        )
        self._ctx: Context | None = None

    def reaches(self, account: str, region: str, operation: str = "") -> None:
        """Set the account and region that the request is for, and AWS's name of the operation. Call it first."""
        self.hop.account, self.hop.region = account, region
        self.hop.operation = operation or self.hop.operation

    # -- authentication ------------------------------------------------------------------------------------------------

    def anonymous(self) -> Context:
        """The context of a request that needs no signature."""
        return self.enter(anonymous())

    def admit(self, signing_name: str) -> Context:
        """Verify the request's signature for `signing_name` and return its signer's context.

        An unsigned request gets an anonymous context. Raises UnrecognizedClient, InvalidSignature, …
        """
        return self.enter(self.app.authenticator.authenticate(self.request, signing_name))

    def enter(self, principal: Principal) -> Context:
        """The context of a principal that the endpoint authenticated itself (by the signed policy of a form)."""
        app, request, hop = self.app, self.request, self.hop
        hop.principal = principal.arn or principal.kind
        hop.cause = app.local(Runs).cause(request.header("x-amzn-trace-id"), principal)
        self._ctx = ctx = Context(
            app=app,
            account=hop.account,
            region=hop.region,
            principal=principal,
            request_id=self.request_id,
            service=hop.service,
            operation=hop.operation,
            cause=hop.cause,
            endpoint=f"{request.scheme}://{request.host}" if request.host else app.endpoint,
            source_ip=request.client,
            secure=is_secure(request.scheme, request.client),
            user_agent=request.header("user-agent"),
            referer=request.header("referer"),
            names=Names(fresh=False) if app.settings.iam != "off" else None,
        )
        return ctx

    # -- authorization -------------------------------------------------------------------------------------------------

    def allow(self, resource: Named, action: str, conditions: Mapping[str, str | Sequence[str]] | None = None) -> None:
        """Raise AccessDenied unless the principal of the latest context may do this."""
        if self._ctx is None:
            raise AccessDenied  # a bug of the endpoint: it did not call anonymous, admit or enter
        self._ctx.require(action, resource, conditions)

    # -- the answer ----------------------------------------------------------------------------------------------------

    async def hand_over(self, service: str, endpoint: str) -> Response:
        """Let the endpoint of another service answer: the two share the hosts of one door."""
        found = services.load(service)
        if found is None or endpoint not in found.endpoints:
            raise NotBuilt(service, endpoint)
        self.endpoint = found.endpoints[endpoint]
        self.hop.service, self.hop.operation = service, endpoint
        return await self.endpoint.call(self)

    def rename(self, request_id: str) -> None:
        """Give the visit an id of the form that its endpoint uses. Call it before the context is made."""
        self.app.trace.rename(self.hop, request_id)
        self.request_id = request_id

    async def pass_on(self) -> Response:
        """Let the service's API answer the request, with this request id. The API call writes the record."""
        answer = self.app.answer(self.request, self.request_id)
        return await answer if inspect.isawaitable(answer) else answer

    def fail(self, error: str, message: str) -> None:
        """Record an error for `fogbank why`. For endpoints that make their error responses themselves."""
        self.hop.fail(self.hop.status, error, message)

    def refuse(self, error: ServiceError) -> Response:
        """Make the endpoint's response to an error."""
        self.fail(error.code, error.message)
        return self.endpoint.refuse(self, error)
