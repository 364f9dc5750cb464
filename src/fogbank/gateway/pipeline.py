"""The pipeline every AWS call passes, on one screen:

    route → read the body → authenticate → parse and validate → authorise → the operation → serialise → record

`call` is the same for calls between services: from validate on, without the wire. A call whose operation only touches
the embedded store runs from first to last byte without leaving the event loop.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Coroutine
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import msgspec

from fogbank import wire
from fogbank.core import services
from fogbank.core.context import Context
from fogbank.core.errors import (
    AccessDenied,
    InternalFailure,
    MissingAuthenticationToken,
    NotBuilt,
    RequestTooLarge,
    SerializationError,
    ServiceError,
    ServiceUnavailable,
    UnknownOperation,
)
from fogbank.core.http import BodyTooLarge, Request, Response
from fogbank.core.operation import Operation
from fogbank.core.principal import Principal
from fogbank.core.trace import Hop
from fogbank.store.api import Conflict, StoreError
from fogbank.wire import hosts

from . import cors
from .routing import DataPlane, Router, Target

if TYPE_CHECKING:
    from fogbank.app import App

log = logging.getLogger("fogbank")

ANONYMOUS_OK = frozenset({"s3"})  # services whose resource policies may admit anybody
LOOPBACK = frozenset({"127.0.0.1", "::1"})
NO_AUTH = Principal(kind="anonymous", account="")


class MethodNotAllowed(ServiceError):
    """What S3 answers to a method and path that are no operation."""

    code = "MethodNotAllowed"
    status = 405
    default = "The specified method is not allowed against this resource."


class Call:
    """One request on its way through."""

    __slots__ = ("ctx", "operation", "params", "principal", "request", "request_id", "started", "target")

    def __init__(self, request: Request, target: Target, request_id: str) -> None:
        self.request = request
        self.target = target
        self.request_id = request_id
        self.started = perf_counter()
        self.principal = NO_AUTH
        self.operation: Operation | None = None
        self.ctx: Context | None = None
        self.params: dict[str, Any] = {}


class Pipeline:
    def __init__(self, app: App) -> None:
        self._app = app
        self._router = Router(app.settings.domains, app.settings.region)
        self._inline = app.store.embedded and app.settings.durability != "full"

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer one request; a coroutine only when something has to be waited for."""
        if request.method == "OPTIONS":
            answer = cors.preflight(request, self._app.settings.domains)
            if answer is not None:
                return answer
        form = request.content is None and request.header("content-type").startswith("application/x-www-form")
        if form and not request.header("x-amz-target"):
            return self._read_first(request)  # the form may say which operation it is
        return self._enter(request)

    async def _read_first(self, request: Request) -> Response:
        try:
            request.content = await request.read(self._app.settings.max_body)
            request.stream = None
        except BodyTooLarge:
            return wire.error_response(None, "query", "", RequestTooLarge(), self._app.ids.uuid())
        answer = self._enter(request)
        return await answer if inspect.isawaitable(answer) else answer

    def _enter(self, request: Request) -> Response | Awaitable[Response]:
        request_id = self._app.ids.uuid()
        try:
            target = self._router.route(request)
        except ServiceError as error:
            protocol = "json" if request.header("x-amz-target") else "query"
            return wire.error_response(None, protocol, "", error, request_id, request.method)
        if isinstance(target, DataPlane):
            return self._data_plane(target, request)
        call = Call(request, target, request_id)
        operation = target.operation
        if request.content is None and not (operation is not None and operation.streaming_input):
            return self._finish_late(call, read=True)
        return self._finish(call)

    def _data_plane(self, plane: DataPlane, request: Request) -> Response | Awaitable[Response]:
        service = services.load(plane.service)
        handler = service.endpoints.get(plane.endpoint) if service else None
        if handler is None:
            return Response(501, [("content-type", "text/plain")], f"Fogbank has no {plane.endpoint} yet.\n".encode())
        return handler.call(self._app, request)

    def _finish(self, call: Call) -> Response | Awaitable[Response]:
        try:
            operation = self._prepare(call)
            if operation.is_async or not self._inline:
                return self._finish_late(call)
            result = operation.call(call.ctx, call.params)
            if isinstance(result, Coroutine):
                return self._finish_late(call, rest=result)
            return self._answer(call, result)
        except Exception as error:  # the pipeline's outermost edge
            return self._fail(call, error)

    async def _finish_late(
        self, call: Call, *, read: bool = False, rest: Coroutine[Any, Any, dict[str, Any]] | None = None
    ) -> Response:
        """Finish a call that has to wait: for its body, for a pool, or for the `rest` of its operation."""
        try:
            if read:
                call.request.content = await call.request.read(self._app.settings.max_body)
                call.request.stream = None
            if rest is not None:
                result = await rest
            else:
                operation = call.operation or self._prepare(call)
                result = await self._run(operation, cast(Context, call.ctx), call.params)
            response = self._answer(call, result)
        except Exception as error:  # the pipeline's outermost edge
            response = self._fail(call, error)
        await self._app.store.durable()
        return response

    async def _run(self, operation: Operation, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        if operation.is_async:
            return cast("dict[str, Any]", await operation.call(ctx, params))
        result = await self._app.run(lambda: operation.call(ctx, params))
        return cast("dict[str, Any]", await result if isinstance(result, Coroutine) else result)

    def _prepare(self, call: Call) -> Operation:
        """Authenticate, parse, authorise; raises the error to answer with."""
        request, target, app = call.request, call.target, self._app
        call.principal = principal = app.authenticator.authenticate(request, target.service.signing_name)
        self._refuse_strangers_pages(request, principal)
        model = target.operation
        if model is None:
            if target.service.name == "s3":
                raise MethodNotAllowed
            raise UnknownOperation(f"Unknown operation: {target.service.name} {target.name}")
        operation = self.find(target.service.name, model.name)
        anonymous = principal.kind == "anonymous"
        if anonymous and target.service.name not in ANONYMOUS_OK and not model.unsigned:
            raise MissingAuthenticationToken
        if operation is None:
            raise NotBuilt(target.service.name, model.name)
        call.operation = operation
        call.params = model.parse(target.protocol, request, target.labels, request.content)
        call.ctx = ctx = Context(
            app=app,
            account=principal.account or app.settings.account,
            region=target.region,
            principal=principal,
            request_id=call.request_id,
            service=target.service.name,
            operation=model.name,
            endpoint=f"{request.scheme}://{request.host}" if request.host else app.endpoint,
            source_ip=request.client,
            # what never leaves this machine is as good as encrypted: deploy tools' buckets deny plain http
            secure=request.scheme == "https" or request.client in LOOPBACK,
            user_agent=request.header("user-agent"),
            referer=request.header("referer"),
        )
        app.authorizer.authorize(ctx, operation, call.params, app.resource_policy)
        return operation

    def _refuse_strangers_pages(self, request: Request, principal: Principal) -> None:
        """Any web page knows the root keys `test` and 000000000000: browsers say where a request comes from."""
        site = request.header("sec-fetch-site")
        if site and principal.kind == "root":
            domains = self._app.settings.domains
            origin = request.header("origin").rpartition("//")[2]
            if not hosts.is_local(request.host, domains) or (
                site == "cross-site" and not hosts.is_local(origin, domains)
            ):
                raise AccessDenied("Fogbank does not take its well-known root keys from a web page of another site.")

    @staticmethod
    def find(service: str, operation: str) -> Operation | None:
        """What `@operation` declared, importing the service on its first use."""
        loaded = services.load(service)
        return loaded.operations.get(operation) if loaded else None

    # -- the answer --------------------------------------------------------------------------------------------------

    def _answer(self, call: Call, result: dict[str, Any] | None) -> Response:
        target, operation = call.target, cast(Operation, call.operation)
        assert target.operation is not None
        response = target.operation.serialize(target.protocol, result or {}, call.request_id)
        response.headers.append(("x-fogbank-fidelity", operation.fidelity))
        if target.service.name != "s3":
            cors.mark(call.request, response, self._app.settings.domains)
        self._record(call, response.status, None)
        return response

    def _fail(self, call: Call, error: Exception) -> Response:
        target = call.target
        problem = self._as_service_error(error, call.request_id, target.service.name, target.name)
        if target.operation is not None:
            response = target.operation.error(target.protocol, problem, call.request_id, call.request.method)
        else:
            response = wire.error_response(
                target.service, target.protocol, "", problem, call.request_id, call.request.method
            )
        if target.service.name != "s3":
            cors.mark(call.request, response, self._app.settings.domains)
        self._record(call, response.status, problem)
        return response

    @staticmethod
    def _as_service_error(error: Exception, request_id: str, service: str, operation: str) -> ServiceError:
        match error:
            case ServiceError():
                return error
            case BodyTooLarge():
                return RequestTooLarge()
            case StoreError():
                log.error("%s: %s", type(error).__name__, error)
                return ServiceUnavailable(f"Fogbank's store: {error}")
            case Conflict():
                log.error("%s: conflicts with other transactions, again and again: %s", request_id, error)
                return ServiceUnavailable("Too many calls change the same thing at once. Try again.")
            case UnicodeDecodeError():
                return SerializationError("The request is not valid UTF-8.")
        log.error("%s %s:%s failed", request_id, service, operation, exc_info=error)
        return InternalFailure()

    def _record(self, call: Call, status: int, error: ServiceError | None) -> None:
        operation, principal = call.operation, call.principal
        self._app.trace.add(
            Hop(
                call.request_id,
                self._app.clock.now(),
                call.target.service.name,
                call.target.name,
                principal.account,
                call.target.region,
                principal.arn or principal.kind,
                "",
                status,
                error.code if error else "",
                error.message if error else "",
                operation.fidelity if operation else "",
                perf_counter() - call.started,
            )
        )

    # -- calls between services --------------------------------------------------------------------------------------

    async def call(self, ctx: Context, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """`ctx.call`: validated, authorised and recorded like a call from outside."""
        app = self._app
        declared = self.find(service, operation)
        if declared is None:
            raise NotBuilt(service, operation)
        child = msgspec.structs.replace(
            ctx, service=service, operation=operation, request_id=app.ids.uuid(), cause=ctx.request_id
        )
        hop = Hop(child.request_id, app.clock.now(), service, operation, child.account, child.region,
                  child.principal.arn or child.principal.kind, ctx.request_id, fidelity=declared.fidelity)  # fmt: skip
        app.trace.add(hop)
        started = perf_counter()
        try:
            wire.models.load(service).operations[operation].validate(params)
            app.authorizer.authorize(child, declared, params, app.resource_policy)
            return await self._run(declared, child, params) or {}
        except ServiceError as error:
            hop.status, hop.error, hop.message = error.status, error.code, error.message
            raise
        finally:
            hop.seconds = perf_counter() - started
