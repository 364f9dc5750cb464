"""Declaring what a service does. Decorators only mark functions; `core.services` finds the marks.

@operation("sqs", "SendMessage", resource=queue_arn)
def send_message(ctx, req): ...            # store only: plain def; may be repeated by the pipeline

@operation("s3", "PutObject", action="s3:PutObject", resource=object_arn)
async def put_object(ctx, req): ...        # waits for something: async def, holds no transaction meanwhile

A plain def may also look first and return the coroutine of the rest where there is more to wait for: a page that was
read at once is answered without a task of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from .kinds import Named

if TYPE_CHECKING:
    from .context import Cloud, Context
    from .errors import ServiceError
    from .http import Response
    from .visit import Visit

Fidelity = Literal["real", "recorded"]
F = TypeVar("F", bound=Callable[..., Any])


class Access(msgspec.Struct, frozen=True):
    """One permission an operation needs: an IAM action on a resource, with the condition keys known of it."""

    action: str  # "s3:GetObject"; empty: the operation's own
    resource: Named | Literal["*"]  # "*" for actions without resource-level permissions
    conditions: Mapping[str, str | Sequence[str]] = {}


Resource = Callable[["Context", dict[str, Any]], "Named | Literal['*'] | Access | Sequence[Access]"]


class Operation(msgspec.Struct, frozen=True):
    """What `@operation` was told. `resource` is None only where `public` (no permission exists for it in AWS)."""

    service: str
    name: str
    call: Callable[..., Any]
    is_async: bool
    action: str
    resource: Resource | None
    fidelity: Fidelity
    data_event: bool


def _every(ctx: Context, req: dict[str, Any]) -> Literal["*"]:
    return "*"


def operation(
    service: str,
    name: str,
    *,
    resource: Resource | Literal["*"] | None,
    action: str | None = None,
    fidelity: Fidelity = "real",
    data_event: bool = False,
) -> Callable[[F], F]:
    """Mark a function as an AWS operation.

    `service` and `name` are botocore's. `resource(ctx, req)` resolves what the caller must be allowed to act on (a
    `Named`, or a list of `Access`, all of which must be allowed); "*" where AWS has no resource-level permission; None
    where AWS asks no permission at all (sts:GetCallerIdentity). `action` defaults to the service and the operation.
    `fidelity`: `real`, or `recorded` when it only keeps and returns what it is told.
    """

    def mark(function: F) -> F:
        import inspect

        give: Resource | None = _every if resource == "*" else resource
        function.__fogbank__ = Operation(  # type: ignore[attr-defined]
            service=service,
            name=name,
            call=function,
            is_async=inspect.iscoroutinefunction(function),
            action=action or f"{service}:{name}",
            resource=give,
            fidelity=fidelity,
            data_event=data_event,
        )
        return function

    return mark


PLACES = 64  # in a lane that does not say its width: jobs wait for engines and clients most of their time


class Job(msgspec.Struct, frozen=True):
    kind: str
    call: Callable[[Context, dict[str, Any]], Awaitable[None]]
    attempts: int
    backoff: float
    lane: str = ""
    width: int = PLACES


def job(kind: str, *, attempts: int = 5, backoff: float = 1.0, lane: str = "", width: int = PLACES) -> Callable[[F], F]:
    """Mark `async def handler(ctx, payload)` as the work of jobs of `kind` ("service.name").

    It is run at least once after the transaction that enqueued it, so it must be idempotent. When it raises it is
    tried again after `backoff`, 2×, 4×, … seconds (300 at most), `attempts` times in all; then it stands in the failed
    list. Work that may take long has a `lane` of its own, in which `width` jobs run at once; those that sleep on the
    clock or wait for a topic are not counted.
    """

    def mark(function: F) -> F:
        function.__fogbank__ = Job(kind, function, attempts, backoff, lane, width)  # type: ignore[attr-defined]
        return function

    return mark


class Chooser(msgspec.Struct, frozen=True):
    """What `@chooser` marked."""

    call: Callable[[Cloud, str, Mapping[str, str]], str]


def chooser(function: F) -> F:
    """Mark `which(cloud, action, form) -> name`: the API of its folder that a query call means.

    For APIs whose signing names, versions and actions are the same (rds, neptune and docdb): by the engine that the
    form asks for, or by the record that it names. It is asked before anybody is known to be let in, so it only looks.
    """
    function.__fogbank__ = Chooser(function)  # type: ignore[attr-defined]
    return function


class Endpoint(msgspec.Struct, frozen=True):
    """What `@endpoint` was told."""

    name: str
    call: Callable[[Visit], Awaitable[Response]]
    refuse: Callable[[Visit, ServiceError], Response]
    id_header: str


def _as_text(visit: Visit, error: ServiceError) -> Response:
    from .http import Response

    headers = [("content-type", "text/plain; charset=utf-8")]
    return Response(error.status, headers, f"{error.code}: {error.message}\n".encode())


def endpoint(
    name: str,
    *,
    refuse: Callable[[Visit, ServiceError], Response] = _as_text,
    id_header: str = "x-amzn-RequestId",
) -> Callable[[F], F]:
    """Mark `async def answer(visit) -> Response` as a data plane: an HTTP door of a service that is no AWS API.

    `execute-api` (API Gateway stages), `lambda-url`, `s3-website`, … `refuse(visit, error)` words the errors that it
    raises. Every answer carries the request id in `id_header`.
    """

    def mark(function: F) -> F:
        function.__fogbank__ = Endpoint(name, function, refuse, id_header)  # type: ignore[attr-defined]
        return function

    return mark
