"""Delivers a text to the target that an ARN names: a queue, a topic, a function.

Used for notifications, destinations and actions.

    await targets.deliver(ctx, arn, text)           # as the context's principal: a service, or a role that it assumed

Each service declares how to deliver to its ARNs:

    @target("sqs")
    async def send(ctx: Context, arn: Arn, message: Message) -> None: …

Every failure is raised as Undeliverable. Callers deliver inside a job, so that the publisher does not see failures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from . import arns
from .arns import Arn
from .errors import NotBuilt, ServiceError, ValidationError

if TYPE_CHECKING:
    from .context import Context

F = TypeVar("F", bound=Callable[..., Any])

# services whose name in ARNs differs from botocore's
_NAMES = {"autoscaling": "application-autoscaling", "states": "stepfunctions"}
# client errors after which a retry may succeed
_PASSING = frozenset(
    {
        "KmsThrottled", "RequestLimitExceeded", "RequestThrottled", "ResourceConflictException", "Throttling",
        "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. A target ignores the fields that it has no use for."""

    text: str
    data: bytes = b""  # the record for a stream, if it differs from the text
    subject: str = ""
    attributes: Mapping[str, Any] = {}  # name: {"DataType": …, "StringValue": …}, as in SQS and SNS
    group: str = ""  # of FIFO queues and topics
    dedup: str = ""
    source: str = ""  # of an event on a bus
    detail_type: str = ""


class Target(msgspec.Struct, frozen=True):
    """The arguments of `@target`. `service` is the service part of ARNs."""

    service: str
    call: Callable[[Context, Arn, Message], Awaitable[None]]


class Undeliverable(Exception):
    """A target did not accept a message. `error` is AWS's error; `again` says whether a retry may succeed.

    Like SNS, retries server errors and throttling, but no client errors (no permission, no such queue):
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    """

    def __init__(self, arn: str, error: ServiceError) -> None:
        super().__init__(f"{arn}: {error.code}: {error.message}")
        self.error = error
        self.again = error.code in _PASSING or error.status == 429 or (error.status >= 500 and error.status != 501)


def target(service: str) -> Callable[[F], F]:
    """Mark `async def handler(ctx, arn, message)` as the function that delivers to ARNs of `service`."""

    def mark(function: F) -> F:
        function.__fogbank__ = Target(service, function)  # type: ignore[attr-defined]
        return function

    return mark


async def deliver(
    ctx: Context,
    arn: str,
    text: str,
    *,
    data: bytes = b"",
    subject: str = "",
    attributes: Mapping[str, Any] | None = None,
    group: str = "",
    dedup: str = "",
    source: str = "",
    detail_type: str = "",
) -> None:
    """Send a text to a target, in its region, as the context's principal. Raises Undeliverable."""
    message = Message(
        text=text, data=data, subject=subject, attributes=attributes or {}, group=group, dedup=dedup, source=source,
        detail_type=detail_type,
    )  # fmt: skip
    try:
        where = arns.parse(arn)
    except ValueError:
        raise Undeliverable(arn, ValidationError(f"{arn} is not an ARN")) from None
    found = _find(where.service)
    if found is None:
        raise Undeliverable(arn, NotBuilt(where.service, "a target of deliveries"))
    there = ctx.acting_as(ctx.principal, region=where.region or ctx.region)
    try:
        await found.call(there, where, message)
    except ServiceError as error:
        raise Undeliverable(arn, error) from None


def _find(name: str) -> Target | None:
    from . import services  # which finds the marks of this module

    service = services.load(_NAMES.get(name, name))
    return service.targets.get(name) if service else None
