"""Lambda functions as delivery targets: invoked asynchronously."""

from __future__ import annotations

from fogbank.core.arns import Arn
from fogbank.core.context import Context
from fogbank.core.targets import Message, target


@target("lambda")
async def invoke_later(ctx: Context, arn: Arn, message: Message) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html"""
    request = {"FunctionName": str(arn), "InvocationType": "Event", "Payload": message.text.encode()}
    await ctx.call("lambda", "Invoke", request)
