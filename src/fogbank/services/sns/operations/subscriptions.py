"""Subscribe, ConfirmSubscription, Unsubscribe, lists, attributes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from fogbank.auth import quotas
from fogbank.core import arns, documents
from fogbank.core.context import Context
from fogbank.core.operation import job, operation
from fogbank.core.paging import Pages
from fogbank.core.targets import Undeliverable
from fogbank.store.api import Reader

from .. import filters, http_delivery, signing
from ..errors import FilterPolicyLimitExceeded, InvalidParameter, invalid_next_token
from ..records import SUBSCRIPTIONS, Subscription
from ..topics import SUBSCRIPTION, TOPIC, by_subscription, by_topic, ended, resubscribed, subscribed, topic_arn

PENDING = "pending confirmation"
PAGE = 100
FILTERS_PER_TOPIC = "L-B96EDA7D"  # a quota
_ATTRIBUTES = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy",
    "SubscriptionRoleArn",
)  # fmt: skip
_ARN = r"arn:(?P<partition>[a-z-]+):%s:[a-z0-9-]+:[0-9]{12}:"
_ENDPOINTS = {
    "sqs": re.compile(_ARN % "sqs" + "[^:/]+"),
    "lambda": re.compile(_ARN % "lambda" + "function:.+"),
    "firehose": re.compile(_ARN % "firehose" + "deliverystream/.+"),
    "application": re.compile(_ARN % "sns" + "endpoint/.+"),
    "http": re.compile(r"http://.+"),
    "https": re.compile(r"https://.+"),
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "email-json": re.compile(r"[^@\s]+@[^@\s]+"),
    "sms": re.compile(r"\+?[\d .()-]{4,20}"),
}
CONFIRMED_AT_ONCE = ("sqs", "lambda", "firehose", "sms", "application")


@operation("sns", "Subscribe", resource=subscribed)
def subscribe(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Subscribe an endpoint. Subscribing the same endpoint again returns the same subscription.

    Queues and functions are confirmed at once; http(s) endpoints get a token; e-mail waits for confirmation.
    https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
    """
    protocol, target = req["Protocol"], req.get("Endpoint") or ""
    if protocol not in _ENDPOINTS:
        raise InvalidParameter(f"Amazon SNS does not support this protocol string: {protocol}")
    attributes = {name: value for name, value in (req.get("Attributes") or {}).items() if value is not None}
    for name, value in attributes.items():
        _check(ctx, name, value)
    with ctx.write() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        if not _takes(ctx, protocol, target):
            raise InvalidParameter(f"{protocol.upper() if protocol == 'sqs' else 'Endpoint'} endpoint ARN"
                                   if protocol == "sqs" else "Endpoint")  # fmt: skip
        if topic.fifo and protocol not in ("sqs",):
            raise InvalidParameter("Invalid protocol type: " + protocol)
        if target.endswith(".fifo") and not topic.fifo and protocol == "sqs":
            raise InvalidParameter("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                                   "standard SNS topics")  # fmt: skip
        arn = topic_arn(topic)
        existing = _existing(tx, arn, protocol, target)
        if existing is not None:
            if any(existing.attributes.get(k) != v for k, v in attributes.items()):
                raise InvalidParameter("Attributes Reason: Subscription already exists with different attributes")
            return {"SubscriptionArn": existing.arn if existing.confirmed else PENDING}
        _refuse_more(tx, ctx, arn, attributes)
        subscription = Subscription(
            topic=arn,
            id=ctx.ids.uuid(),
            account=ctx.account,
            protocol=protocol,
            endpoint=target,
            confirmed=protocol in CONFIRMED_AT_ONCE,
            attributes=attributes,
        )
        if not subscription.confirmed:
            subscription.token = ctx.ids.hex(128)
            ctx.later(tx, "sns.confirm", {"topic": arn, "id": subscription.id})
        tx.put(SUBSCRIPTIONS, subscription)
    shown = subscription.confirmed or req.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": subscription.arn if shown else PENDING}


def _refuse_more(tx: Reader, ctx: Context, topic: str, attributes: dict[str, str]) -> None:
    """Enforce the quota of filter policies: 200 per topic, unless the account asked for more.

    https://docs.aws.amazon.com/general/latest/gr/sns.html
    """
    if attributes.get("FilterPolicy") in (None, "", "{}"):
        return
    limit = quotas.reached(tx, ctx, "sns", FILTERS_PER_TOPIC, SUBSCRIPTIONS, (topic,))
    if limit is None:
        return
    if sum("FilterPolicy" in held.attributes for held in tx.scan(SUBSCRIPTIONS, (topic,))) >= limit:
        raise FilterPolicyLimitExceeded


def _takes(ctx: Context, protocol: str, target: str) -> bool:
    """Whether a text is an endpoint of the protocol. An ARN must be of this partition."""
    found = _ENDPOINTS[protocol].fullmatch(target)
    return found is not None and found.groupdict().get("partition", ctx.partition) == ctx.partition


def _existing(tx: Reader, arn: str, protocol: str, target: str) -> Subscription | None:
    found = (s for s in tx.scan(SUBSCRIPTIONS, (arn,)) if s.protocol == protocol and s.endpoint == target)
    return next(found, None)


def _check(ctx: Context, name: str, value: str) -> None:
    if name not in _ATTRIBUTES:
        raise InvalidParameter("AttributeName")
    if name == "FilterPolicy" and value:
        nested = any(isinstance(rule, dict) for rule in filters.read_policy(value).values())
        filters.compile_policy(value, "MessageBody" if nested else "MessageAttributes")
    if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
        raise InvalidParameter(f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or "
                               "MessageAttributes")  # fmt: skip
    if name == "RawMessageDelivery" and value.lower() not in ("true", "false"):
        raise InvalidParameter(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if name == "RedrivePolicy" and value:
        _check_dead_letter(ctx, value)


def _check_dead_letter(ctx: Context, policy: str) -> None:
    """Check that a dead-letter queue is in the account and region of its subscription.

    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    try:
        queue = arns.parse(documents.read(policy)["deadLetterTargetArn"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidParameter("RedrivePolicy: deadLetterTargetArn is an invalid ARN") from None
    if queue[:4] != (ctx.partition, "sqs", ctx.region, ctx.account):
        raise InvalidParameter("RedrivePolicy: deadLetterTargetArn is an invalid ARN")


@job("sns.confirm", attempts=4, backoff=5.0)
async def ask_for_confirmation(ctx: Context, payload: dict[str, Any]) -> None:
    """Send an http(s) endpoint its SubscriptionConfirmation."""
    subscription = await ctx.fetch(lambda tx: tx.get(SUBSCRIPTIONS, (payload["topic"], payload["id"])))
    if subscription is None or subscription.confirmed or subscription.protocol not in ("http", "https"):
        return
    at = datetime.fromtimestamp(ctx.now(), UTC)
    url = f"{ctx.endpoint}/?Action=ConfirmSubscription&TopicArn={subscription.topic}&Token={subscription.token}"
    message: dict[str, Any] = {
        "Type": "SubscriptionConfirmation",
        "MessageId": ctx.ids.uuid(),
        "Token": subscription.token,
        "TopicArn": subscription.topic,
        "Message": f"You have chosen to subscribe to the topic {subscription.topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": url,
        "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "SignatureVersion": "1",
    }
    message["Signature"] = await signing.sign(ctx, message)
    message["SigningCertURL"] = f"{ctx.endpoint}/_aws/sns/SimpleNotificationService.pem"
    try:
        await http_delivery.post(
            ctx, subscription, message["Type"], subscription.topic, message["MessageId"], json.dumps(message), {}
        )
    except Undeliverable as failed:
        if failed.again:
            raise


@operation("sns", "ConfirmSubscription", resource=by_topic)
def confirm_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Confirm a subscription with the token that its endpoint received."""
    with ctx.write() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        for subscription in tx.scan(SUBSCRIPTIONS, (topic_arn(topic),)):
            if subscription.token and subscription.token == req["Token"]:
                subscription.confirmed = True
                subscription.authenticated = req.get("AuthenticateOnUnsubscribe") == "true"
                tx.put(SUBSCRIPTIONS, subscription)
                return {"SubscriptionArn": subscription.arn}
    raise InvalidParameter("Token")


@operation("sns", "Unsubscribe", resource=ended)
def unsubscribe(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """End a subscription. Succeeds too if it does not exist."""
    with ctx.write() as tx:
        subscription = SUBSCRIPTION.find(tx, ctx, req["SubscriptionArn"])
        if subscription is not None:
            tx.delete(SUBSCRIPTIONS, (subscription.topic, subscription.id))
    return {}


def _shape(subscription: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": subscription.arn if subscription.confirmed else "PendingConfirmation",
        "Owner": subscription.account,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic,
    }


def _page(pages: Pages, found: list[Subscription]) -> dict[str, Any]:
    shown, more = pages.cut(found, PAGE, SUBSCRIPTIONS.key)
    return {"Subscriptions": [_shape(subscription) for subscription in shown], **more}


@operation("sns", "ListSubscriptions", resource="*")
def list_subscriptions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The account's subscriptions in this region."""
    where = (ctx.account, ctx.region)
    pages = Pages(ctx, invalid_next_token, f"{ctx.account}/{ctx.region}/sns/subscriptions")
    place = pages.after(req.get("NextToken"))
    after = ((*where, *place), place) if place else None
    with ctx.read() as tx:
        found = list(tx.scan_index(SUBSCRIPTIONS, "account", where, after=after, limit=PAGE + 1))
    return _page(pages, found)


@operation("sns", "ListSubscriptionsByTopic", resource=by_topic)
def list_subscriptions_by_topic(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The subscriptions of one topic."""
    pages = Pages(ctx, invalid_next_token, f"{req['TopicArn']}/subscriptions")
    with ctx.read() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        after = pages.after(req.get("NextToken"))
        found = list(tx.scan(SUBSCRIPTIONS, (topic_arn(topic),), after=after, limit=PAGE + 1))
    return _page(pages, found)


@operation("sns", "GetSubscriptionAttributes", resource=by_subscription)
def get_subscription_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The attributes that were set, and the subscription's state."""
    with ctx.read() as tx:
        subscription = SUBSCRIPTION.require(tx, ctx, req["SubscriptionArn"])
    shown = {
        "RawMessageDelivery": "false",
        **{name: value for name, value in subscription.attributes.items() if value != ""},
        "SubscriptionArn": subscription.arn,
        "TopicArn": subscription.topic,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "Owner": subscription.account,
        "PendingConfirmation": str(not subscription.confirmed).lower(),
        "ConfirmationWasAuthenticated": str(subscription.confirmed and subscription.authenticated).lower(),
        "SubscriptionPrincipal": ctx.principal.arn,
    }
    if "FilterPolicy" in shown:
        shown.setdefault("FilterPolicyScope", "MessageAttributes")
    return {"Attributes": shown}


@operation("sns", "SetSubscriptionAttributes", resource=resubscribed)
def set_subscription_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set one attribute. An empty value unsets it."""
    name, value = req["AttributeName"], req.get("AttributeValue") or ""
    if value:
        _check(ctx, name, value)
    elif name not in _ATTRIBUTES:
        raise InvalidParameter("AttributeName")
    with ctx.write() as tx:
        subscription = SUBSCRIPTION.require(tx, ctx, req["SubscriptionArn"])
        if name == "FilterPolicy" and "FilterPolicy" not in subscription.attributes:
            _refuse_more(tx, ctx, subscription.topic, {name: value})
        kept = {**subscription.attributes, name: value}
        subscription.attributes = {k: v for k, v in kept.items() if v not in ("", "{}")}
        tx.put(SUBSCRIPTIONS, subscription)
    return {}
