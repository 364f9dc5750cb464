"""CreateTopic, DeleteTopic, ListTopics, attributes, permissions, tags, data protection."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fogbank.auth import quotas
from fogbank.core import arns, documents, tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.core.tagging import tag_operations
from fogbank.store.api import Reader

from ..errors import InvalidParameter, TagLimitExceeded, TopicLimitExceeded, invalid_next_token
from ..records import SUBSCRIPTIONS, TOPICS, Topic
from ..topics import (
    NAME,
    POLICY_ACTIONS,
    TAGGED,
    TOPIC,
    by_resource,
    by_topic,
    changed,
    new,
    policy_of,
    topic_arn,
)

_SETTABLE = {
    "ArchivePolicy", "ContentBasedDeduplication", "DataProtectionPolicy", "DeliveryPolicy", "DisplayName", "FifoTopic",
    "FifoThroughputScope", "KmsMasterKeyId", "Policy", "SignatureVersion", "TracingConfig",
}  # fmt: skip
_FEEDBACK = re.compile(r"(Application|Firehose|HTTP|Lambda|SQS)(Success|Failure)Feedback(RoleArn|SampleRate)")
PAGE = 100
TOPICS_PER_ACCOUNT = "L-61103206"  # a quota


@operation("sns", "CreateTopic", resource=new)
def create_topic(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a topic. Repeating the call with the same attributes returns the same topic.

    https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    """
    name, attributes = req["Name"], dict(req.get("Attributes") or {})
    fifo = attributes.get("FifoTopic") == "true"
    if not NAME.fullmatch(name.removesuffix(".fifo")) or len(name) > 256:
        raise InvalidParameter("Topic Name")
    if name.endswith(".fifo") != fifo:
        reason = "Fifo Topic names must end with .fifo" if fifo else "Topic names must be made up of only uppercase"
        raise InvalidParameter(f"Topic Name Reason: {reason} and must be made up of only uppercase and lowercase ASCII "
                               "letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters "
                               "long." if fifo else "Topic Name")  # fmt: skip
    for attribute, value in attributes.items():
        _check_attribute(attribute, value)
    if attributes.get("KmsMasterKeyId"):
        ctx.recorded("KmsMasterKeyId")
    wanted = tags.from_list(req.get("Tags"))
    with ctx.write() as tx:
        existing = tx.get(TOPICS, (ctx.account, ctx.region, name))
        if existing is not None:
            if any(existing.attributes.get(k, "") != v for k, v in attributes.items()):
                raise InvalidParameter("Attributes Reason: Topic already exists with different attributes")
            if wanted and wanted != existing.tags:
                raise InvalidParameter("Tags Reason: Topic already exists with different tags")
            return {"TopicArn": topic_arn(existing)}
        if quotas.reached(tx, ctx, "sns", TOPICS_PER_ACCOUNT, TOPICS, (ctx.account, ctx.region)) is not None:
            raise TopicLimitExceeded
        topic = Topic(
            account=ctx.account,
            region=ctx.region,
            name=name,
            attributes=attributes,
            tags=wanted,
            data_protection=req.get("DataProtectionPolicy") or "",
        )
        tx.put(TOPICS, topic)
    return {"TopicArn": topic_arn(topic)}


def _check_attribute(name: str, value: str) -> None:
    if name not in _SETTABLE and not _FEEDBACK.fullmatch(name):
        raise InvalidParameter("AttributeName")
    if name in ("FifoTopic", "ContentBasedDeduplication") and value not in ("true", "false"):
        raise InvalidParameter(f"Attributes Reason: {name} must be true or false")
    if name in ("Policy", "DeliveryPolicy") and value:
        try:
            document = documents.read(value)
        except documents.BadDocument:
            raise InvalidParameter(f"{name} Error: null") from None
        if name == "Policy" and (not isinstance(document, dict) or "Statement" not in document):
            raise InvalidParameter("Policy Error: null")


@operation("sns", "DeleteTopic", resource=by_topic)
def delete_topic(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a topic and its subscriptions. Succeeds too if it does not exist."""
    with ctx.write() as tx:
        topic = TOPIC.find(tx, ctx, req["TopicArn"])
        if topic is not None:
            tx.delete(TOPICS, (topic.account, topic.region, topic.name))
            for subscription in list(tx.scan(SUBSCRIPTIONS, (topic_arn(topic),))):
                tx.delete(SUBSCRIPTIONS, (subscription.topic, subscription.id))
    return {}


@operation("sns", "ListTopics", resource="*")
def list_topics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List topic ARNs, a hundred per page."""
    where = (ctx.account, ctx.region)
    pages = Pages(ctx, invalid_next_token, f"{ctx.account}/{ctx.region}/sns/topics")
    after = pages.key(where, req.get("NextToken"))
    with ctx.read() as tx:
        found = list(tx.scan(TOPICS, where, after=after, limit=PAGE + 1))
    shown, more = pages.cut(found, PAGE, lambda topic: topic.name)
    return {"Topics": [{"TopicArn": topic_arn(topic)} for topic in shown], **more}


@operation("sns", "GetTopicAttributes", resource=by_topic)
def get_topic_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The attributes that were set, and the numbers of subscriptions."""
    with ctx.read() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        confirmed, pending = _subscriptions(tx, topic)
    effective = {
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20,
                "maxDelayTarget": 20,
                "numRetries": 3,
                "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0,
                "numMinDelayRetries": 0,
                "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": False,
            "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        }
    }
    shown = {
        "Policy": policy_of(topic),
        "DisplayName": "",
        "EffectiveDeliveryPolicy": json.dumps(effective),
        **{name: value for name, value in topic.attributes.items() if value != ""},
        "TopicArn": topic_arn(topic),
        "Owner": topic.account,
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(pending),
        "SubscriptionsDeleted": "0",
    }
    if topic.fifo:
        shown = {"ContentBasedDeduplication": "false", **shown}
    return {"Attributes": shown}


def _subscriptions(tx: Reader, topic: Topic) -> tuple[int, int]:
    found = [subscription.confirmed for subscription in tx.scan(SUBSCRIPTIONS, (topic_arn(topic),))]
    return found.count(True), found.count(False)


@operation("sns", "SetTopicAttributes", resource=changed)
def set_topic_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set one attribute."""
    name, value = req["AttributeName"], req.get("AttributeValue") or ""
    _check_attribute(name, value)
    if name == "FifoTopic":
        raise InvalidParameter("AttributeName")
    if name == "KmsMasterKeyId" and value:
        ctx.recorded(name)
    with ctx.write() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        topic.attributes = {k: v for k, v in {**topic.attributes, name: value}.items() if v != ""}
        tx.put(TOPICS, topic)
    return {}


@operation("sns", "AddPermission", resource=by_topic)
def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add a statement to the topic's policy."""
    if not all(arns.ACCOUNT.fullmatch(account) for account in req["AWSAccountId"]):
        raise InvalidParameter("Policy Error: PrincipalNotFound")
    if not POLICY_ACTIONS.issuperset(req["ActionName"]):
        raise InvalidParameter("Policy statement action out of service scope!")
    with ctx.write() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        policy = json.loads(policy_of(topic))
        if any(statement.get("Sid") == req["Label"] for statement in policy["Statement"]):
            raise InvalidParameter("Statement already exists")
        policy["Statement"].append(
            {
                "Sid": req["Label"],
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:{ctx.partition}:iam::{a}:root" for a in req["AWSAccountId"]]},
                "Action": [f"SNS:{action}" for action in req["ActionName"]],
                "Resource": topic_arn(topic),
            }
        )
        topic.attributes = {**topic.attributes, "Policy": json.dumps(policy)}
        tx.put(TOPICS, topic)
    return {}


@operation("sns", "RemovePermission", resource=by_topic)
def remove_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a statement by its label."""
    with ctx.write() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        policy = json.loads(policy_of(topic))
        policy["Statement"] = [s for s in policy["Statement"] if s.get("Sid") != req["Label"]]
        topic.attributes = {**topic.attributes, "Policy": json.dumps(policy)}
        tx.put(TOPICS, topic)
    return {}


def _check_tags(topic: Topic, given: Mapping[str, str]) -> None:
    if len(topic.tags) > 50:
        raise TagLimitExceeded


tag_resource, untag_resource, list_tags_for_resource = tag_operations(
    "sns",
    __name__,
    by_resource,
    lambda tx, ctx, req: TAGGED.require(tx, ctx, req["ResourceArn"]),
    lambda tx, topic: tx.put(TOPICS, topic),
    check=_check_tags,
)


@operation("sns", "PutDataProtectionPolicy", resource=by_resource, fidelity="recorded")
def put_data_protection_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Only records the policy: messages are not inspected."""
    with ctx.write() as tx:
        topic = TAGGED.require(tx, ctx, req["ResourceArn"])
        topic.data_protection = req["DataProtectionPolicy"]
        tx.put(TOPICS, topic)
    return {}


@operation("sns", "GetDataProtectionPolicy", resource=by_resource, fidelity="recorded")
def get_data_protection_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded policy."""
    with ctx.read() as tx:
        policy = TAGGED.require(tx, ctx, req["ResourceArn"]).data_protection
    return {"DataProtectionPolicy": policy} if policy else {}
