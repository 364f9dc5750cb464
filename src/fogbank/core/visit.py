"""A visit: one request to a data plane, which is every HTTP door that is no AWS API (a stage, a function URL, …).

    @endpoint("lambda-url", refuse=refuse)
    async def answer(visit: Visit) -> Response:
        visit.reaches(url.account, url.region, "InvokeFunctionUrl")
        ctx = visit.admit("lambda") if url.auth == "AWS_IAM" else visit.anonymous()
        visit.allow(function, "lambda:InvokeFunctionUrl", conditions)

The pipeline makes it, and does for it what it does for a call of an API: it records the visit for `fogbank why`, turns
an error that the endpoint raised into an answer, waits until what was written is durable, and sends the request id.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .context import Cloud, Context
from .errors import AccessDenied, ServiceError
from .http import Request, Response, is_secure
from .kinds import Named, Names
from .principal import Principal, anonymous
from .runs import Runs
from .trace import Hop

if TYPE_CHECKING:
    from .operation import Endpoint


class Visit:
    """What an endpoint has of the request that it answers, and the one way for it to let somebody in.

    `request_id` is AWS's request id. `headers` are sent with whatever the answer is, an error too. `hop` is the record
    for `fogbank why`.
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
        """Say whose account and which region the request is for, and what AWS calls it; before somebody is let in."""
        self.hop.account, self.hop.region = account, region
        self.hop.operation = operation or self.hop.operation

    # -- who -----------------------------------------------------------------------------------------------------------

    def anonymous(self) -> Context:
        """The context of a request that nobody has to sign."""
        return self.enter(anonymous())

    def admit(self, signing_name: str) -> Context:
        """The context of whoever signed the request for `signing_name`; of nobody when it is unsigned.

        Raises UnrecognizedClient, InvalidSignature, …
        """
        return self.enter(self.app.authenticator.authenticate(self.request, signing_name))

    def enter(self, principal: Principal) -> Context:
        """The context of a principal that the endpoint found in the request itself (the signed policy of a form)."""
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

    # -- may they ------------------------------------------------------------------------------------------------------

    def allow(self, resource: Named, action: str, conditions: Mapping[str, str | Sequence[str]] | None = None) -> None:
        """Raise AccessDenied unless whoever was let in last may do this."""
        if self._ctx is None:
            raise AccessDenied  # an endpoint's own mistake: nobody was let in
        self._ctx.require(action, resource, conditions)

    # -- the answer ----------------------------------------------------------------------------------------------------

    async def pass_on(self) -> Response:
        """Have the API answer the request, under this request id: it writes the record."""
        answer = self.app.answer(self.request, self.request_id)
        return await answer if inspect.isawaitable(answer) else answer

    def fail(self, error: str, message: str) -> None:
        """Say what went wrong, for `fogbank why`: for an endpoint that answers an error itself."""
        self.hop.fail(self.hop.status, error, message)

    def refuse(self, error: ServiceError) -> Response:
        """The answer to an error, in the endpoint's own form."""
        self.fail(error.code, error.message)
        return self.endpoint.refuse(self, error)
