"""Sending a text to what an ARN names: a queue, a topic, a function. Notifications, destinations and actions end here.

    await targets.deliver(ctx, arn, text)           # as the context's principal: a service, or a role that it assumed

Each service says in its own folder how it is sent something, for the service of its ARNs:

    @target("sqs")
    async def send(ctx: Context, arn: Arn, message: Message) -> None: …

What goes wrong is raised to whoever delivers, as Undeliverable. It delivers in a job, so that no publisher sees it.
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

# what is called in ARNs by another name than botocore's
_NAMES = {"states": "stepfunctions"}
# client errors that pass by themselves
_PASSING = frozenset(
    {
        "KmsThrottled", "RequestLimitExceeded", "RequestThrottled", "ResourceConflictException", "Throttling",
        "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. A target takes of it what it has room for."""

    text: str
    data: bytes = b""  # what a stream is given, where that is not the text
    subject: str = ""
    attributes: Mapping[str, Any] = {}  # name: {"DataType": …, "StringValue": …}, as SQS and SNS have them
    group: str = ""  # of FIFO queues and topics
    dedup: str = ""
    source: str = ""  # of an event on a bus
    detail_type: str = ""


class Target(msgspec.Struct, frozen=True):
    """What `@target` was told: `service` as ARNs have it."""

    service: str
    call: Callable[[Context, Arn, Message], Awaitable[None]]


class Undeliverable(Exception):
    """A target did not take a message: AWS's error, and whether another try may help.

    Server errors and throttling pass; client errors (no permission, no such queue) do not, as SNS tells them apart:
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    """

    def __init__(self, arn: str, error: ServiceError) -> None:
        super().__init__(f"{arn}: {error.code}: {error.message}")
        self.error = error
        self.again = error.code in _PASSING or error.status == 429 or (error.status >= 500 and error.status != 501)


def target(service: str) -> Callable[[F], F]:
    """Mark `async def handler(ctx, arn, message)` as the way to send something to ARNs of `service`."""

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
