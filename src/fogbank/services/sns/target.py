"""Delivers events to a topic."""

from __future__ import annotations

from typing import Any

from fogbank.core.arns import Arn
from fogbank.core.context import Context
from fogbank.core.targets import Message, target


@target("sns")
async def publish(ctx: Context, arn: Arn, message: Message) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
    request: dict[str, Any] = {"TopicArn": str(arn), "Message": message.text}
    if message.subject:
        request["Subject"] = message.subject
    if message.attributes:
        request["MessageAttributes"] = dict(message.attributes)
    if message.group:
        request["MessageGroupId"] = message.group
    if message.dedup:
        request["MessageDeduplicationId"] = message.dedup
    await ctx.call("sns", "Publish", request)
