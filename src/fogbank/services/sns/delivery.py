"""Delivers messages: one job per subscription, committed together with the Publish that causes it.

Retry and dead letters: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from fogbank.core import arns, documents, principal, targets
from fogbank.core.context import Context
from fogbank.core.operation import job
from fogbank.core.targets import Undeliverable
from fogbank.store.api import Reader, Transaction

from . import filters, http_delivery, signing
from .records import OUTGOING, SUBSCRIPTIONS, WAITING, Outgoing, Subscription, Topic, Waiting
from .topics import topic_arn

SERVICE = "sns.amazonaws.com"
DELIVER = "sns.deliver"
# seconds before each further attempt. AWS services: at once, pre-backoff, backoff to 20 s, then on AWS every 20 s for
# 23 days (here only hourly, then daily); customer endpoints: the default policy, three times after 20 s
AWS_WAITS = (0.05, 0.05, 0.1, 1.0, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0, 20.0, *([3600.0] * 24), *([86400.0] * 22))
HTTP_WAITS = (20.0, 20.0, 20.0)


def fan_out(tx: Transaction, ctx: Context, topic: Topic, message: dict[str, Any]) -> None:
    """Enqueue a delivery for every confirmed subscription whose filter accepts the message."""
    arn = topic_arn(topic)
    chosen = _subscribed(tx, arn, message)
    if not chosen:
        return
    itself = ctx.acting_as(principal.service(SERVICE, topic.account, arn))
    fifo = _is_fifo(arn)
    shared = len(chosen) > 1
    if shared:
        tx.put(OUTGOING, Outgoing(topic=arn, id=message["id"], message=message))
    given = {"outgoing": message["id"]} if shared else {"message": message}
    for subscription in chosen:
        if shared:
            tx.put(WAITING, Waiting(topic=arn, message=message["id"], subscription=subscription))
        # a FIFO topic keeps the order of a group: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
        order = f"{arn}:{subscription}/{message['group']}" if fifo else ""
        itself.later(tx, DELIVER, {"topic": arn, "subscription": subscription, **given}, order=order)


def _is_fifo(topic: str) -> bool:
    return topic.endswith(".fifo")


def _subscribed(tx: Reader, topic: str, message: dict[str, Any]) -> list[str]:
    """The ids of the subscriptions that receive a message."""
    body: Any = None
    attributes = filters.attributes_view(message["attributes"])
    chosen = []
    for subscription in tx.scan(SUBSCRIPTIONS, (topic,)):
        if not subscription.confirmed:
            continue
        policy = subscription.attributes.get("FilterPolicy")
        if policy:
            scope = subscription.attributes.get("FilterPolicyScope", "MessageAttributes")
            if scope == "MessageBody" and body is None:
                try:
                    body = documents.read(message["text"])
                except documents.BadDocument:
                    body = {}
            seen = body if scope == "MessageBody" else attributes
            if not filters.compile_policy(policy, scope)(seen):
                continue
        chosen.append(subscription.id)
    return chosen


@job(DELIVER, lane="sns")
async def deliver(ctx: Context, payload: dict[str, Any]) -> None:
    """Deliver one message to one endpoint. If that fails for good, send it to the subscription's dead-letter queue.

    AWS tries its queues and functions 100,015 times over 23 days. Fogbank tries over the same time of the clock, but
    less often.
    """
    subscription, message = await ctx.fetch(_read, payload)
    if subscription is not None and message is not None:
        name = arns.parse(payload["topic"]).resource
        try:
            await _send(ctx, subscription, payload["topic"], message)
        except Undeliverable as failed:
            ctx.metric("AWS/SNS", "NumberOfNotificationsFailed", 1, "Count", TopicName=name)
            tries = payload.get("tries", 0)
            waits = HTTP_WAITS if subscription.protocol in ("http", "https") else AWS_WAITS
            if failed.again and tries < len(waits):
                again = {**payload, "tries": tries + 1}
                if _is_fifo(payload["topic"]):  # the messages after it in its group wait
                    await ctx.clock.sleep(waits[tries])
                    await deliver(ctx, again)
                    return
                await ctx.transact(lambda tx: ctx.later(tx, DELIVER, again, delay=waits[tries]))
                return
            await _dead_letter(ctx, subscription, payload["topic"], message)
        else:
            ctx.metric("AWS/SNS", "NumberOfNotificationsDelivered", 1, "Count", TopicName=name)
    await ctx.transact(_done, payload)


def _read(tx: Reader, payload: dict[str, Any]) -> tuple[Subscription | None, dict[str, Any] | None]:
    """The subscription and the message of a delivery; None for each that was deleted."""
    subscription = tx.get(SUBSCRIPTIONS, (payload["topic"], payload["subscription"]))
    if "outgoing" not in payload:
        return subscription, payload["message"]
    outgoing = tx.get(OUTGOING, (payload["topic"], payload["outgoing"]))
    return subscription, outgoing.message if outgoing is not None else None


def _done(tx: Transaction, payload: dict[str, Any]) -> None:
    """Delete a message once the last of several subscriptions has it."""
    if "outgoing" in payload:
        place = (payload["topic"], payload["outgoing"])
        tx.delete(WAITING, (*place, payload["subscription"]))
        if not list(tx.scan(WAITING, place, limit=1)):
            tx.delete(OUTGOING, place)


async def _send(ctx: Context, subscription: Subscription, topic: str, message: dict[str, Any]) -> None:
    """Send the message to the subscription's endpoint. Raises Undeliverable."""
    text = message["texts"].get(subscription.protocol, message["text"])
    raw = subscription.attributes.get("RawMessageDelivery") == "true"
    match subscription.protocol:
        case "sqs":
            await _to_queue(ctx, subscription.endpoint, topic, message, text, subscription.arn, raw=raw)
        case "lambda":
            record = {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": await envelope(ctx, topic, message, text, subscription.arn, for_lambda=True),
            }
            await targets.deliver(ctx, subscription.endpoint, json.dumps({"Records": [record]}))
        case "http" | "https":
            body = text if raw else json.dumps(await envelope(ctx, topic, message, text, subscription.arn))
            headers = {"x-amz-sns-rawdelivery": "true"} if raw else {}
            await http_delivery.post(ctx, subscription, "Notification", topic, message["id"], body, headers)
        case _:
            pass  # email, sms, application: recorded when published


async def _to_queue(
    ctx: Context, queue: str, topic: str, message: dict[str, Any], text: str, subscription_arn: str, *, raw: bool
) -> None:
    await targets.deliver(
        ctx,
        queue,
        text if raw else json.dumps(await envelope(ctx, topic, message, text, subscription_arn)),
        attributes=message["attributes"] if raw else None,
        group=message.get("group", ""),
        dedup=message.get("dedup", ""),
    )


async def _dead_letter(ctx: Context, subscription: Subscription, topic: str, message: dict[str, Any]) -> None:
    """Send the message to the dead-letter queue, if there is one. If that refuses it, the message is lost, as on AWS.

    https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    """
    policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
    target = policy.get("deadLetterTargetArn")
    if not target:
        return
    text = message["texts"].get(subscription.protocol, message["text"])
    raw = subscription.attributes.get("RawMessageDelivery") == "true"
    metric = "NumberOfNotificationsRedrivenToDlq"
    try:
        await _to_queue(ctx, target, topic, message, text, subscription.arn, raw=raw)
    except Undeliverable as failed:
        if failed.again:
            raise
        metric = "NumberOfNotificationsFailedToRedriveToDlq"
    ctx.metric("AWS/SNS", metric, 1, "Count", TopicName=arns.parse(topic).resource)


async def envelope(
    ctx: Context, topic: str, message: dict[str, Any], text: str, subscription_arn: str, *, for_lambda: bool = False
) -> dict[str, Any]:
    """The documented JSON that wraps a notification, signed.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    """
    at = datetime.fromtimestamp(message["at"], UTC)
    shown: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": message["id"],
        "TopicArn": topic,
        "Message": text,
        "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "SignatureVersion": message.get("signature", "1"),
    }
    if message.get("subject"):
        shown["Subject"] = message["subject"]
    elif for_lambda:
        shown["Subject"] = None
    if message.get("sequence"):
        shown["SequenceNumber"] = message["sequence"]
    shown["Signature"] = await signing.sign(ctx, shown)
    cert = "SigningCertUrl" if for_lambda else "SigningCertURL"
    unsubscribe = "UnsubscribeUrl" if for_lambda else "UnsubscribeURL"
    shown[cert] = f"{ctx.endpoint}/_aws/sns/SimpleNotificationService.pem"
    shown[unsubscribe] = f"{ctx.endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"
    attributes = {name: _value(value) for name, value in message["attributes"].items()}
    if attributes or for_lambda:
        shown["MessageAttributes"] = attributes
    return shown


def _value(value: dict[str, Any]) -> dict[str, str]:
    if value["DataType"].startswith("Binary"):
        return {"Type": value["DataType"], "Value": base64.b64encode(value["BinaryValue"]).decode()}
    return {"Type": value["DataType"], "Value": value["StringValue"]}
