"""AWS::SNS::Topic, AWS::SNS::Subscription, AWS::SNS::TopicPolicy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import everything, text, texts, unless, without_system
from fogbank.core.cfn_tables import PolicyOf, Tags, change_tags, table, tags_of
from fogbank.core.context import Context

from .errors import NotFound

_TOPIC = (
    "ArchivePolicy", "ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic", "KmsMasterKeyId",
    "SignatureVersion", "TracingConfig",
)  # fmt: skip
_SUBSCRIPTION = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy",
    "SubscriptionRoleArn",
)  # fmt: skip
_LOGGED = {"http/s": "HTTP", "sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose", "application": "Application"}
_FEEDBACK = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
_TAGS = Tags(
    untag=("UntagResource", lambda ctx, arn, keys: {"ResourceArn": arn, "TagKeys": keys}),
    tag=("TagResource", lambda ctx, arn, new: {"ResourceArn": arn, "Tags": tags.to_list(new)}),
)


def _attributes(properties: dict[str, Any]) -> dict[str, str]:
    found = texts(properties, _TOPIC)
    if found.get("FifoTopic") == "false":
        del found["FifoTopic"]
    for logged in properties.get("DeliveryStatusLogging") or ():
        prefix = _LOGGED.get(logged["Protocol"], logged["Protocol"])
        found |= {f"{prefix}{name}": value for name, value in texts(logged, _FEEDBACK).items()}
    return found


@resource("AWS::SNS::Topic", unbuilt=("MaximumMessageSize",))
class TopicResource:
    """Ref, GetAtt TopicArn: the ARN. GetAtt TopicName. Creating a topic again with the same attributes returns it."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        attributes = _attributes(properties)
        suffix = ".fifo" if attributes.get("FifoTopic") == "true" else ""
        request: dict[str, Any] = {
            "Name": properties.get("TopicName") or name.physical(limit=256 - len(suffix)) + suffix,
            "Attributes": attributes,
            "Tags": tags.to_list(tags_of(properties)),
        }
        if properties.get("DataProtectionPolicy"):
            request["DataProtectionPolicy"] = text(properties["DataProtectionPolicy"])
        arn = (await ctx.call("sns", "CreateTopic", request))["TopicArn"]
        await _subscribe(ctx, arn, {}, properties)
        return self._made(arn)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        for attribute, value in _changed(_attributes(old), _attributes(new)):
            request = {"TopicArn": physical_id, "AttributeName": attribute, "AttributeValue": value}
            await ctx.call("sns", "SetTopicAttributes", request)
        protection = new.get("DataProtectionPolicy")
        if protection != old.get("DataProtectionPolicy"):
            request = {"ResourceArn": physical_id, "DataProtectionPolicy": text(protection) if protection else ""}
            await ctx.call("sns", "PutDataProtectionPolicy", request)
        await change_tags(ctx, "sns", _TAGS, physical_id, old, new)
        await _subscribe(ctx, physical_id, old, new)
        return self._made(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await ctx.call("sns", "DeleteTopic", {"TopicArn": physical_id})

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        answer = await unless(ctx.call("sns", "GetTopicAttributes", {"TopicArn": physical_id}), "NotFound")
        if answer is None:
            return None
        names = ("DisplayName", "KmsMasterKeyId", "FifoTopic", "ContentBasedDeduplication", "SignatureVersion",
                 "TracingConfig")  # fmt: skip
        own = await ctx.call("sns", "ListTagsForResource", {"ResourceArn": physical_id})
        return {
            **{name: answer["Attributes"].get(name) or None for name in names},
            "TopicName": physical_id.rsplit(":", 1)[1],
            "Tags": without_system(own["Tags"]) or None,
        }

    async def list(self, ctx: Context) -> list[str]:
        found = await everything(lambda more: ctx.call("sns", "ListTopics", more), "Topics")
        return [topic["TopicArn"] for topic in found]

    @staticmethod
    def _made(arn: str) -> Resource:
        return Resource(arn, {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]})


def _changed(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str]]:
    """The attributes that differ, with their new values; "" for removed ones."""
    names = sorted(before.keys() | after.keys())
    return [(name, after.get(name, "")) for name in names if before.get(name) != after.get(name)]


async def _subscribe(ctx: Context, arn: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Create the subscriptions that a topic itself lists, and unsubscribe those that left the list."""
    before, after = _listed(old), _listed(new)
    for protocol, endpoint in after:
        await ctx.call("sns", "Subscribe", {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint})
    gone = [each for each in before if each not in after]
    more: dict[str, str] = {}
    while gone:
        answer = await ctx.call("sns", "ListSubscriptionsByTopic", {"TopicArn": arn, **more})
        for found in answer["Subscriptions"]:
            if (found["Protocol"], found["Endpoint"]) in gone and found["SubscriptionArn"].startswith("arn:"):
                await ctx.call("sns", "Unsubscribe", {"SubscriptionArn": found["SubscriptionArn"]})
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _listed(properties: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["Protocol"], each["Endpoint"]) for each in properties.get("Subscription") or ()]


@resource("AWS::SNS::Subscription")
class SubscriptionResource:
    """Ref and GetAtt Arn: the subscription's ARN. Subscribing again returns the existing subscription.

    Region is the topic's, if it differs from the stack's.
    """

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = {
            "TopicArn": properties["TopicArn"],
            "Protocol": properties["Protocol"],
            "Endpoint": properties.get("Endpoint", ""),
            "Attributes": texts(properties, _SUBSCRIPTION),
            "ReturnSubscriptionArn": True,
        }
        arn = (await _there(ctx, properties).call("sns", "Subscribe", request))["SubscriptionArn"]
        return Resource(arn, {"Arn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        for attribute, value in _changed(texts(old, _SUBSCRIPTION), texts(new, _SUBSCRIPTION)):
            request = {"SubscriptionArn": physical_id, "AttributeName": attribute, "AttributeValue": value}
            await _there(ctx, new).call("sns", "SetSubscriptionAttributes", request)
        return Resource(physical_id, {"Arn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await _there(ctx, properties).call("sns", "Unsubscribe", {"SubscriptionArn": physical_id})


def _there(ctx: Context, properties: dict[str, Any]) -> Context:
    return msgspec.structs.replace(ctx, region=properties.get("Region") or ctx.region)


TOPIC_POLICY = table(
    "AWS::SNS::TopicPolicy",
    PolicyOf(
        "sns",
        "SetTopicAttributes",
        "Topics",
        lambda arn, policy: {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy},
        NotFound.code,
    ),
)
