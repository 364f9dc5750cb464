"""The pipeline that every AWS call passes through:

    route → read the body → authenticate → parse and validate → authorise → the operation → serialise → record

`Pipeline.call` does the same for calls between services, starting at validation: there is nothing to parse. A call
whose operation only uses the embedded store is answered synchronously, without a task or a thread.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Coroutine
from time import perf_counter
from typing import Any, cast

import msgspec

from fogbank import wire
from fogbank.core import services
from fogbank.core.context import Context
from fogbank.core.errors import (
    InternalFailure,
    MissingAuthenticationToken,
    NotBuilt,
    RequestTooLarge,
    SerializationError,
    ServiceError,
    ServiceUnavailable,
    UnknownOperation,
)
from fogbank.core.http import BodyTooLarge, Request, Response, is_secure
from fogbank.core.kinds import Names
from fogbank.core.operation import Operation
from fogbank.core.principal import Principal
from fogbank.core.runs import Runs
from fogbank.core.trace import Hop
from fogbank.core.visit import Visit
from fogbank.store.api import Conflict, StoreError
from fogbank.wire import hosts
from fogbank.wire.codec import JSON

from . import cors
from .house import House
from .routing import DataPlane, Router, Target

log = logging.getLogger("fogbank")

ANONYMOUS_OK = frozenset({"s3"})  # services whose resource policies may admit anybody
MAX_FORM = 16 << 20  # bytes of a form. It is read before the caller is authenticated; no service accepts more
NO_AUTH = Principal(kind="anonymous", account="")


class MethodNotAllowed(ServiceError):
    """S3's error for a method and path that match no operation."""

    code = "MethodNotAllowed"
    status = 405
    default = "The specified method is not allowed against this resource."


class Call(msgspec.Struct):
    """The state of one request in the pipeline."""

    request: Request
    target: Target
    request_id: str
    started: float
    principal: Principal = NO_AUTH
    cause: str = ""
    operation: Operation | None = None
    ctx: Context | None = None
    params: dict[str, Any] = {}


def _late(ctx: Context, rest: Coroutine[Any, Any, dict[str, Any]]) -> Coroutine[Any, Any, dict[str, Any]]:
    """Mark the records that authorization found as stale: they may change while the rest of an operation waits."""
    if ctx.names is not None:
        ctx.names.fresh = False
    return rest


def _fidelity(operation: Operation, ctx: Context) -> str:
    """The fidelity header: `real`, `recorded`, or `real; recorded=MEMBER,…` if some request members are only stored."""
    return f"{operation.fidelity}; recorded={','.join(ctx.kept)}" if ctx.kept else operation.fidelity


class Pipeline:
    def __init__(self, app: House) -> None:
        self._app = app
        self._router = Router(app.settings.domains, app.settings.region, app)
        self._enforced = app.settings.iam != "off"
        self._embedded = app.store.embedded
        self._inline = self._embedded and app.settings.durability != "full"

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer one request. Returns a coroutine only if the answer has to wait for something."""
        if request.method == "OPTIONS" and not hosts.parse(request.host, self._app.settings.domains).plane:
            answer = cors.preflight(request, self._app.strangers)
            if answer is not None:
                return answer
        form = request.content is None and request.header("content-type").startswith("application/x-www-form")
        if form and "x-amz-target" not in request.lookup:
            return self._read_first(request)  # the form may name the operation
        return self._enter(request)

    async def _read_first(self, request: Request) -> Response:
        try:
            request.content = await request.read(min(MAX_FORM, self._app.settings.max_body))
            request.stream = None
        except BodyTooLarge:
            return wire.error_response(None, "query", "", RequestTooLarge(), self._app.ids.uuid())
        answer = self._enter(request)
        return await answer if inspect.isawaitable(answer) else answer

    def _enter(self, request: Request, visit_id: str = "") -> Response | Awaitable[Response]:
        request_id = visit_id or self._app.ids.uuid()
        try:
            target = self._router.route(request, visit_id)
        except ServiceError as error:
            protocol = "json" if request.header("x-amz-target") else "query"
            return wire.error_response(None, protocol, "", error, request_id, request.method)
        if isinstance(target, DataPlane):
            return self._open(target, request)
        call = Call(request, target, request_id, perf_counter())
        if request.content is None:
            model = call.target.operation
            if model is None or not model.streaming_input:
                return self._finish_late(call, read=True)
        if not self._embedded:
            return self._finish_late(call)
        try:
            operation = self._prepare(call)
            if operation.is_async or not self._inline:
                return self._finish_late(call)
            result = operation.call(call.ctx, call.params)
            if result.__class__ is not dict and isinstance(result, Coroutine):
                return self._finish_late(call, rest=_late(cast(Context, call.ctx), result))
            return self._answer(call, result)
        except Exception as error:  # the pipeline's outermost edge
            return self._fail(call, error)

    # -- data planes -------------------------------------------------------------------------------------------------

    def _open(self, plane: DataPlane, request: Request) -> Response | Awaitable[Response]:
        service = services.load(plane.service)
        endpoint = service.endpoints.get(plane.endpoint) if service else None
        if endpoint is None:
            return Response(501, [("content-type", "text/plain")], f"Fogbank has no {plane.endpoint} yet.\n".encode())
        return self._receive(Visit(self._app, plane.service, endpoint, request))

    async def _receive(self, visit: Visit) -> Response:
        """Call the endpoint. Whatever it raises becomes an answer; the visit is recorded and made durable."""
        app, hop = self._app, visit.hop
        app.trace.add(hop)  # before the call, so that calls made by the endpoint come after it in the trace
        started = perf_counter()
        try:
            response = await visit.endpoint.call(visit)
        except Exception as error:  # the pipeline's outermost edge
            response = visit.refuse(self._as_service_error(error, hop.id, hop.service, hop.operation))
        id_header = visit.endpoint.id_header  # of the endpoint that answered: a visit may have been handed over
        others = [pair for pair in response.headers if pair[0].lower() != id_header.lower()]
        response.headers = [(id_header, hop.id), *others, *visit.headers]
        hop.status, hop.seconds = response.status, perf_counter() - started
        if hop.error:
            app.trace.add(hop)  # again, since it failed
        await app.store.durable()
        return response

    def answer(self, request: Request, visit_id: str) -> Response | Awaitable[Response]:
        """Answer an API call that came through an endpoint (`visit.pass_on()`)."""
        return self._enter(request, visit_id)

    # -- API calls that wait -----------------------------------------------------------------------------------------

    async def _finish_late(
        self, call: Call, *, read: bool = False, rest: Coroutine[Any, Any, dict[str, Any]] | None = None
    ) -> Response:
        """Finish a call that has to wait: for its body, a thread of the pool, or the `rest` of its operation."""
        try:
            if read:
                call.request.content = await call.request.read(self._app.settings.max_body)
                call.request.stream = None
            result = await (rest if rest is not None else self._prepare_and_run(call))
            response = self._answer(call, result)
        except Exception as error:  # the pipeline's outermost edge
            response = self._fail(call, error)
        await self._app.store.durable()
        return response

    async def _prepare_and_run(self, call: Call) -> dict[str, Any]:
        """Prepare and run in one thread of the pool on a networked store, since authorization reads the store too."""

        def work() -> Any:  # repeated on conflicts
            operation = call.operation or self._prepare(call)
            return None if operation.is_async else operation.call(call.ctx, call.params)

        result = await self._app.run(work)
        operation, ctx = cast(Operation, call.operation), cast(Context, call.ctx)
        if operation.is_async:
            return await self._run(operation, ctx, call.params)
        return cast("dict[str, Any]", await _late(ctx, result) if isinstance(result, Coroutine) else result)

    async def _run(self, operation: Operation, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        if operation.is_async:
            return cast("dict[str, Any]", await operation.call(ctx, params))
        result = await self._app.run(lambda: operation.call(ctx, params))
        return cast("dict[str, Any]", await _late(ctx, result) if isinstance(result, Coroutine) else result)

    def _prepare(self, call: Call) -> Operation:
        """Authenticate, parse and authorise. Raises the error to answer with."""
        request, target, app = call.request, call.target, self._app
        service, model, codec = target.service.name, target.operation, target.codec
        given = request.lookup.get
        call.principal = principal = app.authenticator.authenticate(request, target.signing_name)
        trace_id = given("x-amzn-trace-id")
        if trace_id is not None:
            call.cause = app.local(Runs).cause(trace_id, principal)
        if model is None or codec is None:
            if service == "s3":
                raise MethodNotAllowed
            if service not in services.built():
                raise NotBuilt(service, target.name)
            raise UnknownOperation(f"Unknown operation: {service} {target.name}")
        operation = services.operation(service, model.name)
        if principal.kind == "anonymous" and service not in ANONYMOUS_OK and not model.unsigned:
            raise MissingAuthenticationToken
        if operation is None:
            raise NotBuilt(service, model.name)
        call.operation = operation
        call.params = codec.parse(request, target.labels, request.content)
        host, client = given("host"), request.client
        call.ctx = ctx = Context(
            app=app,
            account=principal.account or app.settings.account,
            region=target.region,
            principal=principal,
            request_id=call.request_id,
            service=service,
            operation=model.name,
            cause=call.cause,
            endpoint=f"{request.scheme}://{host}" if host else app.endpoint,
            source_ip=client,
            secure=is_secure(request.scheme, client),
            user_agent=given("user-agent", ""),
            referer=given("referer", ""),
            takes_json=target.protocol == JSON,
            names=Names(self._inline and not operation.is_async, call.params) if self._enforced else None,
        )
        app.authorizer.authorize(ctx, operation, call.params)
        return operation

    # -- the answer --------------------------------------------------------------------------------------------------

    def _answer(self, call: Call, result: dict[str, Any] | None) -> Response:
        target, operation, ctx = call.target, call.operation, call.ctx
        assert operation is not None and ctx is not None and target.codec is not None
        response: Response = target.codec.serialize(result or {}, call.request_id)
        fidelity = _fidelity(operation, ctx) if ctx.kept else operation.fidelity
        response.headers.append(("x-fogbank-fidelity", fidelity))
        if "origin" in call.request.lookup and target.service.name != "s3":
            cors.mark(call.request, response, self._app.strangers)
        self._record(call, response.status, fidelity, result, None)
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
            cors.mark(call.request, response, self._app.strangers)
        self._record(call, response.status, call.operation.fidelity if call.operation else "", None, problem)
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
                log.error("%s: still conflicts with other transactions after all retries: %s", request_id, error)
                return ServiceUnavailable("Too many calls change the same thing at once. Try again.")
            case UnicodeDecodeError():
                return SerializationError("The request is not valid UTF-8.")
            case RecursionError():  # a decoder met deeply nested JSON inside a string of the request
                return SerializationError("The request is nested too deeply.")
        log.error("%s %s:%s failed", request_id, service, operation, exc_info=error)
        return InternalFailure()

    def _record(
        self, call: Call, status: int, fidelity: str, result: dict[str, Any] | None, error: ServiceError | None
    ) -> None:
        operation, principal, target, app = call.operation, call.principal, call.target, self._app
        hop = Hop(
            call.request_id,
            app.clock.now(),
            target.service.name,
            target.name,
            principal.account,
            target.region,
            principal.arn or principal.kind,
            call.cause,
            status,
            error.code if error else "",
            error.message if error else "",
            fidelity,
            perf_counter() - call.started,
        )
        app.trace.add(hop)
        if (
            operation is not None
            and call.ctx is not None
            and (not operation.data_event or operation.service in app.audit.asked)
        ):
            app.audit.record(hop, call.ctx, operation, call.params, result, error)

    # -- calls between services --------------------------------------------------------------------------------------

    async def call(self, ctx: Context, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Run `ctx.call`: validates, authorises and records it like a call from outside."""
        app = self._app
        declared = services.operation(service, operation)
        if declared is None:
            raise NotBuilt(service, operation)
        child = msgspec.structs.replace(
            ctx,
            service=service,
            operation=operation,
            request_id=app.ids.uuid(),
            cause=ctx.request_id,
            takes_json=False,
            names=Names(self._inline and not declared.is_async, params, ctx.service) if self._enforced else None,
            kept=(),
        )
        hop = Hop(child.request_id, app.clock.now(), service, operation, child.account, child.region,
                  child.principal.arn or child.principal.kind, ctx.request_id, fidelity=declared.fidelity)  # fmt: skip
        app.trace.add(hop)
        started = perf_counter()
        result, problem = None, None
        try:
            wire.models.load(service).operations[operation].validate(params)
            await app.run(lambda: app.authorizer.authorize(child, declared, params))
            result = await self._run(declared, child, params) or {}
        except ServiceError as error:
            problem = error
            hop.fail(error.status, error.code, error.message)
            app.trace.add(hop)
            raise
        finally:
            hop.fidelity = _fidelity(declared, child)
            hop.seconds = perf_counter() - started
            if not declared.data_event or service in app.audit.asked:
                app.audit.record(hop, child, declared, params, result, problem, f"{ctx.service}.amazonaws.com")
        return result
