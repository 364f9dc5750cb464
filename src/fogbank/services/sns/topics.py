"""Looks up topics and subscriptions by ARN, and names the resources and condition keys of SNS's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from fogbank.auth import roles
from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access

from .errors import InvalidParameter, NotFound, ResourceNotFound
from .records import SUBSCRIPTIONS, TOPICS, Subscription, Topic

Place = tuple[str, str, str]  # account, region, name
Key = tuple[str, str]  # of a subscription: its topic's ARN and its id

NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
ROLE = re.compile(r"(Application|Firehose|HTTP|Lambda|SQS)(Success|Failure)FeedbackRoleArn")
_OWNER_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
POLICY_ACTIONS = {
    *_OWNER_ACTIONS, "GetDataProtectionPolicy", "ListTagsForResource", "PutDataProtectionPolicy", "Receive",
}  # fmt: skip


def _default_policy() -> str:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNER_ACTIONS],
        "Resource": "TOPIC",
        "Condition": {"StringEquals": {"AWS:SourceOwner": "OWNER"}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


_BEFORE, _BETWEEN, _AFTER = re.split("TOPIC|OWNER", _default_policy())  # fast: every Publish needs it


def topic_arn(topic: Topic) -> str:
    return _arn((topic.account, topic.region, topic.name))


def _arn(place: Place) -> str:
    account, region, name = place
    return f"arn:{arns.partition_of(region)}:sns:{region}:{account}:{name}"


def policy_of(topic: Topic) -> str:
    """A topic's policy. Without one, a default policy for its owner's account.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    given = topic.attributes.get("Policy")
    return given or f"{_BEFORE}{topic_arn(topic)}{_BETWEEN}{topic.account}{_AFTER}"


# -- topics ------------------------------------------------------------------------------------------------------------


def _reader(member: str) -> Callable[[Context, str], Place]:
    """A parser for the ARN of a topic of this region. Its errors have the texts that users report of AWS."""

    def read(ctx: Context, text: str) -> Place:
        parts = text.split(":")
        if len(parts) < 6:
            raise InvalidParameter(f"{member} Reason: An ARN must have at least 6 elements, not {len(parts)}")
        if parts[5].startswith("endpoint/"):
            raise InvalidParameter(f"{member} Reason: No endpoint found for the target arn specified")
        place = (parts[4], ctx.region, parts[5])
        name = NAME.fullmatch(parts[5].removesuffix(".fifo"))
        if not name or not arns.ACCOUNT.fullmatch(parts[4]) or _arn(place) != text:
            raise InvalidParameter(member)
        return place

    return read


def _kind(word: str, member: str, missing: Callable[[], ServiceError]) -> Kind[Topic]:
    return Kind(
        word,
        TOPICS,
        key=_reader(member),
        arn=lambda ctx, place, topic: _arn(place),
        missing=lambda ctx, place: missing(),
        policy=policy_of,
    )


TOPIC = _kind("topic", "TopicArn", NotFound)
TARGET = _kind("target", "TargetArn", NotFound)
TAGGED = _kind("tagged", "ResourceArn", ResourceNotFound)
by_topic = TOPIC.of("TopicArn")
by_resource = TAGGED.of("ResourceArn")


def target(req: dict[str, Any]) -> tuple[Kind[Topic], str]:
    """The topic that Publish names, by TopicArn or TargetArn."""
    if req.get("TopicArn"):
        return TOPIC, req["TopicArn"]
    if req.get("TargetArn"):
        return TARGET, req["TargetArn"]
    raise InvalidParameter("TopicArn or TargetArn Reason: no value for required parameter")


def published(ctx: Context, req: dict[str, Any]) -> Named:
    """The resource of Publish: the topic, or the phone number itself ("SNS:Publish on resource: +919…")."""
    if req.get("PhoneNumber"):
        return named(req["PhoneNumber"], ctx.account)
    kind, text = target(req)
    return kind.name(ctx, text)


def new(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The topic to be created, its tags, and the roles passed to it."""
    found = named(ctx.arn("sns", req["Name"]), ctx.account)
    accesses = [Access("", found)]
    if req.get("Tags"):
        accesses.append(Access("sns:TagResource", found))
    return accesses + _roles(ctx, req.get("Attributes") or {})


def changed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The topic of SetTopicAttributes, and the role passed to it."""
    return [Access("", by_topic(ctx, req)), *_roles(ctx, {req["AttributeName"]: req.get("AttributeValue") or ""})]


def _roles(ctx: Context, attributes: dict[str, str]) -> list[Access]:
    """iam:PassRole on the roles in a topic's or subscription's attributes."""
    return [
        roles.passed(ctx, value, "sns.amazonaws.com")
        for name, value in attributes.items()
        if value and (name == "SubscriptionRoleArn" or ROLE.fullmatch(name))
    ]


# -- subscriptions -----------------------------------------------------------------------------------------------------


def _subscription_key(ctx: Context, text: str) -> Key:
    parts = text.split(":")
    if len(parts) < 6:
        raise InvalidParameter(f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {len(parts)}")
    if len(parts) != 7:
        raise InvalidParameter("SubscriptionId")
    arn, _, id_ = text.rpartition(":")
    _reader("SubscriptionArn")(ctx, arn)
    return arn, id_


class _Subscriptions(Kind[Subscription]):
    """Subscriptions are authorised on their topic's ARN, as AWS's denials show, and belong to the subscriber.

    Topic policies do not apply: AWS refuses one that names such an action ("action out of service scope").
    """

    def name(self, ctx: Context, text: str, part: str = "") -> Named:
        found = super().name(ctx, text, part)
        found.owner = found.record.account if found.record is not None else found.split(":")[4]
        return found


SUBSCRIPTION: Kind[Subscription] = _Subscriptions(
    "subscription",
    SUBSCRIPTIONS,
    key=_subscription_key,
    arn=lambda ctx, key, subscription: key[0],
    missing=lambda ctx, key: NotFound("Subscription does not exist"),
)
by_subscription = SUBSCRIPTION.of("SubscriptionArn")


def ended(ctx: Context, req: dict[str, Any]) -> Named:
    """The subscription of Unsubscribe: its own owner and the topic's owner may end it.

    https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html
    """
    found = by_subscription(ctx, req)
    if found.split(":")[4] == ctx.account:
        found.owner = ctx.account
    return found


def subscribed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The topic of Subscribe, and the role passed for deliveries."""
    return [Access("", by_topic(ctx, req)), *_roles(ctx, req.get("Attributes") or {})]


def resubscribed(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The subscription of SetSubscriptionAttributes, and the role passed to it."""
    return [
        Access("", by_subscription(ctx, req)),
        *_roles(ctx, {req["AttributeName"]: req.get("AttributeValue") or ""}),
    ]
