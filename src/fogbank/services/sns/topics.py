"""Finding topics and subscriptions by ARN; the resources actions name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import InvalidParameter, NotFound
from .records import SUBSCRIPTIONS, TOPICS, Subscription, Topic


def topic_arn(topic: Topic) -> str:
    return f"arn:{arns.partition_of(topic.region)}:sns:{topic.region}:{topic.account}:{topic.name}"


def find(tx: Reader, arn: str) -> Topic | None:
    """The topic an ARN names; InvalidParameter for what is no topic ARN."""
    try:
        parsed = arns.parse(arn)
    except ValueError:
        raise InvalidParameter("TopicArn Reason: An ARN must have at least 6 elements, not "
                               f"{len(arn.split(':'))}") from None  # fmt: skip
    if parsed.service != "sns":
        raise InvalidParameter("TopicArn")
    return tx.get(TOPICS, (parsed.account, parsed.region, parsed.resource))


def require(tx: Reader, arn: str) -> Topic:
    topic = find(tx, arn)
    if topic is None:
        raise NotFound
    return topic


def require_subscription(tx: Reader, arn: str) -> Subscription:
    """The subscription an ARN names; NotFound."""
    topic, _, id_ = arn.rpartition(":")
    if arn.count(":") != 6:
        raise InvalidParameter("SubscriptionArn Reason: An ARN must have at least 6 elements, not "
                               f"{len(arn.split(':'))}" if arn.count(":") < 5 else "SubscriptionId")  # fmt: skip
    found = tx.get(SUBSCRIPTIONS, (topic, id_))
    if found is None:
        raise NotFound("Subscription does not exist")
    return found


def by_topic(ctx: Context, req: dict[str, Any]) -> str:
    return str(req.get("TopicArn") or req.get("TargetArn") or req.get("ResourceArn") or "*")


def by_name(ctx: Context, req: dict[str, Any]) -> str:
    return ctx.arn("sns", req["Name"])


def by_subscription(ctx: Context, req: dict[str, Any]) -> str:
    """Actions on a subscription are allowed on its topic."""
    return str(req["SubscriptionArn"]).rpartition(":")[0] or "*"
