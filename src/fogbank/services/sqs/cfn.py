"""AWS::SQS::Queue and AWS::SQS::QueuePolicy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import texts, unless
from fogbank.core.context import Context

from .errors import QueueDoesNotExist

_ATTRIBUTES = (
    "ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout",
)  # fmt: skip


def _attributes(properties: dict[str, Any]) -> dict[str, str]:
    found = texts(properties, _ATTRIBUTES)
    if found.get("FifoQueue") == "false":
        del found["FifoQueue"]
    return found


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    return tags.from_list(properties.get("Tags"))


@resource("AWS::SQS::Queue", immutable=("QueueName", "FifoQueue"))
class Queue:
    """Ref: the URL. GetAtt: Arn, QueueName, QueueUrl."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        attributes = _attributes(properties)
        suffix = ".fifo" if attributes.get("FifoQueue") == "true" else ""
        chosen = properties.get("QueueName") or name.physical(limit=80 - len(suffix)) + suffix
        request: dict[str, Any] = {"QueueName": chosen, "Attributes": attributes}
        if _tags(properties):
            request["tags"] = _tags(properties)
        url = (await ctx.call("sqs", "CreateQueue", request))["QueueUrl"]
        return await self._made(ctx, url)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = _attributes(old), _attributes(new)
        defaults = {"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
                    "ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30"}  # fmt: skip
        gone = {name: defaults.get(name, "") for name in before if name not in after}
        changed = {name: value for name, value in (after | gone).items() if before.get(name) != value}
        if changed:
            await ctx.call("sqs", "SetQueueAttributes", {"QueueUrl": physical_id, "Attributes": changed})
        untag = sorted(set(_tags(old)) - set(_tags(new)))
        if untag:
            await ctx.call("sqs", "UntagQueue", {"QueueUrl": physical_id, "TagKeys": untag})
        if _tags(new):
            await ctx.call("sqs", "TagQueue", {"QueueUrl": physical_id, "Tags": _tags(new)})
        return await self._made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("sqs", "DeleteQueue", {"QueueUrl": physical_id}), QueueDoesNotExist.code)

    @staticmethod
    async def _made(ctx: Context, url: str) -> Resource:
        request = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
        arn = (await ctx.call("sqs", "GetQueueAttributes", request))["Attributes"]["QueueArn"]
        return Resource(url, {"Arn": arn, "QueueName": arn.rsplit(":", 1)[1], "QueueUrl": url})


@resource("AWS::SQS::QueuePolicy", immutable=())
class QueuePolicy:
    """Sets the Policy attribute of every queue it lists."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await self._set(ctx, properties["Queues"], json.dumps(properties["PolicyDocument"]))
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._set(ctx, [url for url in old["Queues"] if url not in new["Queues"]], "")
        await self._set(ctx, new["Queues"], json.dumps(new["PolicyDocument"]))
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await self._set(ctx, properties["Queues"], "")

    @staticmethod
    async def _set(ctx: Context, urls: list[str], policy: str) -> None:
        for url in urls:
            request = {"QueueUrl": url, "Attributes": {"Policy": policy}}
            gone = () if policy else (QueueDoesNotExist.code,)
            await unless(ctx.call("sqs", "SetQueueAttributes", request), *gone)
