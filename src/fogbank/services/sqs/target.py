"""Delivers events to a queue."""

from __future__ import annotations

from typing import Any

from fogbank.core.arns import Arn
from fogbank.core.context import Context
from fogbank.core.targets import Message, target


@target("sqs")
async def send(ctx: Context, arn: Arn, message: Message) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    request: dict[str, Any] = {
        "QueueUrl": f"{ctx.endpoint}/{arn.account}/{arn.resource}",
        "MessageBody": message.text,
    }
    if message.attributes:
        request["MessageAttributes"] = dict(message.attributes)
    if message.group:
        request["MessageGroupId"] = message.group
    if message.dedup:
        request["MessageDeduplicationId"] = message.dedup
    await ctx.call("sqs", "SendMessage", request)
