"""Finding queues by URL, name or ARN."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import InvalidParameterValue, MissingParameter, QueueDoesNotExist
from .records import QUEUES, Queue


def queue_arn(queue: Queue) -> str:
    return f"arn:{arns.partition_of(queue.region)}:sqs:{queue.region}:{queue.account}:{queue.name}"


def queue_url(ctx: Context, queue: Queue) -> str:
    """On the host that was asked, whatever its name: clients send requests to this URL."""
    return f"{ctx.endpoint}/{queue.account}/{queue.name}"


def owner_and_name(ctx: Context, url: str) -> tuple[str, str]:
    """(account, name) in a QueueUrl of any host, or in a bare name."""
    path = urlsplit(url).path if "://" in url else url
    parts = [part for part in path.split("/") if part]
    if not parts:
        raise QueueDoesNotExist
    account = parts[-2] if len(parts) > 1 and parts[-2].isdigit() and len(parts[-2]) == 12 else ctx.account
    return account, parts[-1]


def require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Queue:
    """The queue a request's QueueUrl names; QueueDoesNotExist."""
    url = req.get("QueueUrl")
    if not url:
        raise MissingParameter("QueueUrl")
    account, name = owner_and_name(ctx, url)
    queue = tx.get(QUEUES, (account, ctx.region, name))
    if queue is None:
        raise QueueDoesNotExist
    return queue


def by_arn(tx: Reader, text: str) -> Queue | None:
    """The queue an ARN names, or None."""
    try:
        arn = arns.parse(text)
    except ValueError:
        raise InvalidParameterValue(f"Invalid ARN: {text}") from None
    return tx.get(QUEUES, (arn.account, arn.region, arn.resource)) if arn.service == "sqs" else None


def url_arn(ctx: Context, req: dict[str, Any]) -> str:
    """The ARN of the request's QueueUrl, for authorisation; queues need not exist."""
    url = req.get("QueueUrl") or ""
    try:
        account, name = owner_and_name(ctx, url)
    except QueueDoesNotExist:
        return ctx.arn("sqs", "*")
    return ctx.arn("sqs", name, account=account)


def name_arn(ctx: Context, req: dict[str, Any]) -> str:
    return ctx.arn("sqs", req.get("QueueName") or "*", account=req.get("QueueOwnerAWSAccountId") or ctx.account)


def source_arn(ctx: Context, req: dict[str, Any]) -> str:
    return str(req.get("SourceArn") or "*")
