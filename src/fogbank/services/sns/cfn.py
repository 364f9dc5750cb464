"""AWS::SNS::Topic, AWS::SNS::Subscription, AWS::SNS::TopicPolicy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sns-topic.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import texts, unless
from fogbank.core.context import Context

from .errors import NotFound

_TOPIC = (
    "ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic", "KmsMasterKeyId",
    "SignatureVersion", "TracingConfig",
)  # fmt: skip
_SUBSCRIPTION = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn",
)  # fmt: skip


def _attributes(properties: dict[str, Any]) -> dict[str, str]:
    found = texts(properties, _TOPIC)
    if found.get("FifoTopic") == "false":
        del found["FifoTopic"]
    return found


@resource("AWS::SNS::Topic", immutable=("TopicName", "FifoTopic"))
class Topic:
    """Ref and GetAtt TopicArn: the ARN. GetAtt TopicName."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        attributes = _attributes(properties)
        suffix = ".fifo" if attributes.get("FifoTopic") == "true" else ""
        request: dict[str, Any] = {
            "Name": properties.get("TopicName") or name.physical(limit=256 - len(suffix)) + suffix,
            "Attributes": attributes,
        }
        if properties.get("Tags"):
            request["Tags"] = [{"Key": t["Key"], "Value": str(t["Value"])} for t in properties["Tags"]]
        arn = (await ctx.call("sns", "CreateTopic", request))["TopicArn"]
        await self._subscribe(ctx, arn, properties)
        return self._made(arn)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = _attributes(old), _attributes(new)
        for name in sorted(set(before) | set(after)):
            if before.get(name) != after.get(name):
                request = {"TopicArn": physical_id, "AttributeName": name, "AttributeValue": after.get(name, "")}
                await ctx.call("sns", "SetTopicAttributes", request)
        await self._subscribe(ctx, physical_id, new)
        return self._made(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await ctx.call("sns", "DeleteTopic", {"TopicArn": physical_id})

    @staticmethod
    async def _subscribe(ctx: Context, arn: str, properties: dict[str, Any]) -> None:
        for wanted in properties.get("Subscription") or ():
            request = {"TopicArn": arn, "Protocol": wanted["Protocol"], "Endpoint": wanted["Endpoint"]}
            await ctx.call("sns", "Subscribe", request)

    @staticmethod
    def _made(arn: str) -> Resource:
        return Resource(arn, {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]})


@resource("AWS::SNS::Subscription", immutable=("TopicArn", "Protocol", "Endpoint"))
class Subscription:
    """Ref and GetAtt Arn: the subscription's ARN."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {
            "TopicArn": properties["TopicArn"],
            "Protocol": properties["Protocol"],
            "Endpoint": properties.get("Endpoint", ""),
            "Attributes": texts(properties, _SUBSCRIPTION),
            "ReturnSubscriptionArn": True,
        }
        arn = (await ctx.call("sns", "Subscribe", request))["SubscriptionArn"]
        return Resource(arn, {"Arn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = texts(old, _SUBSCRIPTION), texts(new, _SUBSCRIPTION)
        for name in sorted(set(before) | set(after)):
            if before.get(name) != after.get(name):
                request = {"SubscriptionArn": physical_id, "AttributeName": name, "AttributeValue": after.get(name, "")}
                await ctx.call("sns", "SetSubscriptionAttributes", request)
        return Resource(physical_id, {"Arn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await ctx.call("sns", "Unsubscribe", {"SubscriptionArn": physical_id})


@resource("AWS::SNS::TopicPolicy", immutable=())
class TopicPolicy:
    """Sets the Policy attribute of every topic it lists."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await self._set(ctx, properties["Topics"], json.dumps(properties["PolicyDocument"]))
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._set(ctx, [arn for arn in old["Topics"] if arn not in new["Topics"]], "")
        await self._set(ctx, new["Topics"], json.dumps(new["PolicyDocument"]))
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await self._set(ctx, properties["Topics"], "")

    @staticmethod
    async def _set(ctx: Context, topics: list[str], policy: str) -> None:
        for arn in topics:
            request = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy}
            gone = () if policy else (NotFound.code,)
            await unless(ctx.call("sns", "SetTopicAttributes", request), *gone)
