"""AWS::SQS::Queue and AWS::SQS::QueuePolicy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import everything, texts, unless, without_system
from fogbank.core.cfn_tables import PolicyOf, Tags, change_tags, table, tags_of
from fogbank.core.context import Context

from .errors import QueueDoesNotExist

_ATTRIBUTES = (
    "ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout",
)  # fmt: skip
_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
_TAGS = Tags(
    untag=("UntagQueue", lambda ctx, url, keys: {"QueueUrl": url, "TagKeys": keys}),
    tag=("TagQueue", lambda ctx, url, tags: {"QueueUrl": url, "Tags": tags}),
)


def _attributes(properties: dict[str, Any]) -> dict[str, str]:
    found = texts(properties, _ATTRIBUTES)
    if found.get("FifoQueue") == "false":
        del found["FifoQueue"]
    return found


@resource("AWS::SQS::Queue")
class Queue:
    """Ref: the URL. GetAtt: Arn, QueueName, QueueUrl. Creating a queue again with the same attributes returns it."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        attributes = _attributes(properties)
        suffix = ".fifo" if attributes.get("FifoQueue") == "true" else ""
        chosen = properties.get("QueueName") or name.physical(limit=80 - len(suffix)) + suffix
        request = {"QueueName": chosen, "Attributes": attributes, "tags": tags_of(properties)}
        return await self._made(ctx, (await ctx.call("sqs", "CreateQueue", request))["QueueUrl"])

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = _attributes(old), _attributes(new)
        gone = {name: _DEFAULTS.get(name, "") for name in before if name not in after}
        changed = {name: value for name, value in (after | gone).items() if before.get(name) != value}
        if changed:
            await ctx.call("sqs", "SetQueueAttributes", {"QueueUrl": physical_id, "Attributes": changed})
        await change_tags(ctx, "sqs", _TAGS, physical_id, old, new)
        return await self._made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("sqs", "DeleteQueue", {"QueueUrl": physical_id}), QueueDoesNotExist.code)

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        request = {"QueueUrl": physical_id, "AttributeNames": ["All"]}
        answer = await unless(ctx.call("sqs", "GetQueueAttributes", request), QueueDoesNotExist.code)
        if answer is None:
            return None
        found = answer["Attributes"]
        properties = {name: found.get(name) for name in _ATTRIBUTES}
        for name in ("RedrivePolicy", "RedriveAllowPolicy"):
            properties[name] = json.loads(found[name]) if found.get(name) else None
        own = await ctx.call("sqs", "ListQueueTags", {"QueueUrl": physical_id})
        tags = without_system([{"Key": key, "Value": value} for key, value in (own.get("Tags") or {}).items()])
        return {**properties, "QueueName": physical_id.rsplit("/", 1)[1], "Tags": tags or None}

    async def list(self, ctx: Context) -> list[str]:
        return await everything(lambda more: ctx.call("sqs", "ListQueues", {"MaxResults": 1000, **more}), "QueueUrls")

    @staticmethod
    async def _made(ctx: Context, url: str) -> Resource:
        request = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
        arn = (await ctx.call("sqs", "GetQueueAttributes", request))["Attributes"]["QueueArn"]
        return Resource(url, {"Arn": arn, "QueueName": arn.rsplit(":", 1)[1], "QueueUrl": url})


QUEUE_POLICY = table(
    "AWS::SQS::QueuePolicy",
    PolicyOf(
        "sqs",
        "SetQueueAttributes",
        "Queues",
        lambda url, policy: {"QueueUrl": url, "Attributes": {"Policy": policy}},
        QueueDoesNotExist.code,
    ),
)
