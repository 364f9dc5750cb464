"""Looks up queues by URL, name or ARN, and names the resources of SQS's actions.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named, named, nobodys
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from .errors import InvalidAddress, MissingParameter, QueueDoesNotExist, ResourceNotFoundException
from .records import QUEUES, Queue

Place = tuple[str, str, str]  # account, region, name


def queue_arn(queue: Queue) -> str:
    return _arn((queue.account, queue.region, queue.name))


def _arn(place: Place) -> str:
    account, region, name = place
    return f"arn:{arns.partition_of(region)}:sqs:{region}:{account}:{name}"


def queue_url(ctx: Context, queue: Queue) -> str:
    """A queue's URL on the host of the request, whatever its name: clients send later requests to this URL."""
    return f"{ctx.endpoint}/{queue.account}/{queue.name}"


def _in_url(ctx: Context, text: str) -> Place:
    """Parse a QueueUrl: /ACCOUNT/NAME on any host. Also accepts a bare name, or ACCOUNT/NAME."""
    if not text:
        raise MissingParameter("QueueUrl")
    try:
        path = urlsplit(text).path if "://" in text else text
    except ValueError:  # text that is no URL names no queue
        path = ""
    *accounts, name = path.removeprefix("/").split("/")
    if not name or len(accounts) > 1 or (accounts and not arns.ACCOUNT.fullmatch(accounts[0])):
        raise InvalidAddress(f"The address {text[:500]} is not valid for this endpoint.")
    return (accounts[0] if accounts else ctx.account), ctx.region, name


def _in_arn(ctx: Context, text: str) -> Place:
    place = place_of(text)
    if place is None or place[1] != ctx.region or _arn(place) != text:
        raise _nothing(ctx, ())
    return place


def place_of(text: str) -> Place | None:
    """The account, region and name in the ARN of a queue. None for other ARNs."""
    parts = text.split(":")
    return (parts[4], parts[3], parts[5]) if len(parts) == 6 and parts[2] == "sqs" else None


def _nothing(ctx: Context, place: Any) -> ResourceNotFoundException:
    return ResourceNotFoundException("The resource that you specified for the SourceArn parameter doesn't exist.")


QUEUE: Kind[Queue] = Kind(
    "queue",
    QUEUES,
    key=_in_url,
    arn=lambda ctx, place, queue: _arn(place),
    missing=lambda ctx, place: QueueDoesNotExist(),
    policy=lambda queue: queue.attributes.get("Policy"),
)
BY_ARN: Kind[Queue] = Kind("queue by ARN", QUEUES, key=_in_arn, arn=QUEUE.arn, missing=_nothing, policy=QUEUE.policy)
url = QUEUE.of("QueueUrl")


def own_url(ctx: Context, req: dict[str, Any]) -> Named:
    """A queue of the caller's account: a queue's policy cannot allow these actions to other accounts.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-customer-managed-policy-examples.html
    ("Cross-account permissions don't apply to the following actions")
    """
    return own(ctx, url(ctx, req))


def own(ctx: Context, queue: Named) -> Named:
    return queue if queue.owner == ctx.account else nobodys(queue)


def require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Queue:
    """The queue that a request's QueueUrl names. Raises QueueDoesNotExist."""
    return QUEUE.require(tx, ctx, req.get("QueueUrl") or "")


def by_arn(tx: Reader, text: str) -> Queue | None:
    """The queue of a stored ARN, from a redrive policy or a task."""
    place = place_of(text)
    return tx.get(QUEUES, place) if place is not None else None


def new(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The queue to be created. With tags, sqs:TagQueue is needed too.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    """
    if not req.get("QueueName"):
        raise MissingParameter("QueueName")
    queue = named(ctx.arn("sqs", req["QueueName"]), ctx.account)
    return [Access(action, queue) for action in ("", *(["sqs:TagQueue"] if req.get("tags") else []))]


def owned(ctx: Context, req: dict[str, Any]) -> str:
    """The queue of a GetQueueUrl request, in a form that QUEUE parses."""
    if not req.get("QueueName"):
        raise MissingParameter("QueueName")
    return f"{req.get('QueueOwnerAWSAccountId') or ctx.account}/{req['QueueName']}"
