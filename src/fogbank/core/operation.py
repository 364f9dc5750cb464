"""Decorators that declare what a service does. They only mark functions; `core.services` collects the marks.

@operation("sqs", "SendMessage", resource=queue_arn)
def send_message(ctx, req): ...            # store only: plain def; may be repeated by the pipeline

@operation("s3", "PutObject", action="s3:PutObject", resource=object_arn)
async def put_object(ctx, req): ...        # waits for something: async def, must not hold a transaction meanwhile

A plain def may also return a coroutine if it finds that it has to wait after all. If it does not have to, its answer
needs no task.
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
    """One permission that an operation needs: an IAM action on a resource, with the condition keys known for it."""

    action: str  # "s3:GetObject"; empty: the action of the operation
    resource: Named | Literal["*"]  # "*" for actions without resource-level permissions
    conditions: Mapping[str, str | Sequence[str]] = {}


Resource = Callable[["Context", dict[str, Any]], "Named | Literal['*'] | Access | Sequence[Access]"]


class Operation(msgspec.Struct, frozen=True):
    """The arguments of `@operation`. `resource` is None only where AWS has no permission for the operation."""

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

    `service` and `name` are botocore's. `resource(ctx, req)` returns what the caller must be allowed to act on (a
    `Named`, or a list of `Access`, all of which must be allowed); "*" where AWS has no resource-level permission; None
    where AWS requires no permission at all (sts:GetCallerIdentity). `action` defaults to the service and the operation.
    `fidelity`: `real`, or `recorded` if the operation only stores and returns what it is given.
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


PLACES = 64  # concurrent jobs in a lane without a `width`. Many, since jobs mostly wait for engines and clients


class Job(msgspec.Struct, frozen=True):
    kind: str
    call: Callable[[Context, dict[str, Any]], Awaitable[None]]
    attempts: int
    backoff: float
    lane: str = ""
    width: int = PLACES


def job(kind: str, *, attempts: int = 5, backoff: float = 1.0, lane: str = "", width: int = PLACES) -> Callable[[F], F]:
    """Mark `async def handler(ctx, payload)` as the handler of jobs of `kind` ("service.name").

    A job runs at least once after the transaction that enqueued it, so its handler must be idempotent. If it raises,
    it is retried after `backoff`, 2×, 4×, … seconds (300 at most), with `attempts` tries in all; after that it is in
    the list of failed jobs. Slow work gets a `lane` of its own, which runs `width` jobs at a time, not counting those
    that sleep on the clock or wait for a topic.
    """

    def mark(function: F) -> F:
        function.__fogbank__ = Job(kind, function, attempts, backoff, lane, width)  # type: ignore[attr-defined]
        return function

    return mark


class Chooser(msgspec.Struct, frozen=True):
    """The argument of `@chooser`."""

    call: Callable[[Cloud, str, Mapping[str, str]], str]


def chooser(function: F) -> F:
    """Mark `which(cloud, action, form) -> name`, which says which API of the folder a query call is for.

    For APIs that share signing names, versions and actions (rds, neptune and docdb). It decides by the engine in the
    form or by the record that the form names. It runs before authentication, so it must not change anything.
    """
    function.__fogbank__ = Chooser(function)  # type: ignore[attr-defined]
    return function


class Endpoint(msgspec.Struct, frozen=True):
    """The arguments of `@endpoint`."""

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
    """Mark `async def answer(visit) -> Response` as a data plane: an HTTP endpoint of a service beside its AWS API.

    `execute-api` (API Gateway stages), `lambda-url`, `s3-website`, … `refuse(visit, error)` makes the response to an
    error that `answer` raised. Every response carries the request id in the header `id_header`.
    """

    def mark(function: F) -> F:
        function.__fogbank__ = Endpoint(name, function, refuse, id_header)  # type: ignore[attr-defined]
        return function

    return mark
