"""Event notifications to Lambda, SQS and SNS: matches events with configurations, and makes and sends the messages.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import msgspec

from fogbank.core import targets
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.core.principal import service
from fogbank.store.api import Transaction

from .lookups import config
from .records import Bucket, Object
from .shapes import canonical_user

TARGETS = (
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
)


def enqueue(tx: Transaction, ctx: Context, bucket: Bucket, found: Object, event: str) -> None:
    """Enqueues a message for every target configured for `event` ("ObjectCreated:Put") on this object.

    The messages are sent after the transaction has committed.
    """
    chosen = config(tx, bucket.name, "notification") or {}
    record: bytes | None = None
    for member, arn in TARGETS:
        for each in chosen.get(member) or []:
            if not any(_covers(wanted, event) for wanted in each["Events"]) or not _passes(each, found.key):
                continue
            if record is None:
                record = _record(ctx, bucket, found, event)
            message = record.replace(b'"configurationId":""', b'"configurationId":' + msgspec.json.encode(each["Id"]))
            payload = {"target": each[arn], "account": bucket.account, "bucket": bucket.name, "message": message}
            ctx.later(tx, "s3.notify", payload)


def _covers(wanted: str, event: str) -> bool:
    """Returns whether a configured event covers one that happened: `s3:ObjectCreated:*` covers `ObjectCreated:Put`."""
    wanted = wanted.removeprefix("s3:")
    return event == wanted or (wanted.endswith("*") and event.startswith(wanted[:-1]))


def _passes(each: dict[str, Any], key: str) -> bool:
    rules = ((each.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    for rule in rules:
        value = rule.get("Value") or ""
        if rule["Name"].lower() == "prefix":
            if not key.startswith(value):
                return False
        elif not key.endswith(value):
            return False
    return True


def _record(ctx: Context, bucket: Bucket, found: Object, event: str) -> bytes:
    moment = datetime.fromtimestamp(ctx.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    thing: dict[str, Any] = {"key": quote_plus(found.key, safe="/")}
    if not event.startswith("ObjectRemoved"):
        thing |= {"size": found.size, "eTag": found.etag}
    elif found.marker:
        thing["eTag"] = "d41d8cd98f00b204e9800998ecf8427e"
    if bucket.versioning:
        thing["versionId"] = found.version_id
    thing["sequencer"] = f"{int(ctx.now() * 1_000_000):018X}"
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": moment,
        "eventName": event,
        "userIdentity": {"principalId": f"AWS:{ctx.principal.user_id}"},
        "requestParameters": {"sourceIPAddress": ctx.source_ip},
        "responseElements": {"x-amz-request-id": ctx.request_id, "x-amz-id-2": ctx.request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "",
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": canonical_user(bucket.account)},
                "arn": f"arn:{ctx.partition}:s3:::{bucket.name}",
            },
            "object": thing,
        },
    }
    return msgspec.json.encode({"Records": [record]})


@job("s3.notify")
async def notify(ctx: Context, payload: dict[str, Any]) -> None:
    """Delivers one event as s3.amazonaws.com."""
    message = payload["message"]
    text = message.decode() if isinstance(message, bytes) else str(message)
    await send(ctx, payload["target"], payload["account"], payload["bucket"], text)


def as_s3(ctx: Context, bucket: str, account: str, region: str) -> Context:
    """Returns a context in which S3 acts for a bucket; resource policies see aws:SourceArn and aws:SourceAccount."""
    who = service("s3.amazonaws.com", account, f"arn:{ctx.partition}:s3:::{bucket}")
    return ctx.acting_as(who, region=region)


async def send(ctx: Context, target: str, account: str, bucket: str, text: str) -> None:
    """Sends `text` to a queue, topic or function. Raises Undeliverable."""
    there = as_s3(ctx, bucket, account, ctx.region)
    await targets.deliver(there, target, text, subject="Amazon S3 Notification")


async def test_message(ctx: Context, bucket: Bucket, target: str) -> ServiceError | None:
    """Sends the s3:TestEvent of PutBucketNotificationConfiguration to a queue or topic.

    Returns the error if that failed.
    """
    moment = datetime.fromtimestamp(ctx.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    body = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": moment,
        "Bucket": bucket.name,
        "RequestId": ctx.request_id,
        "HostId": ctx.request_id,
    }
    try:
        await send(ctx, target, bucket.account, bucket.name, msgspec.json.encode(body).decode())
    except targets.Undeliverable as refused:
        return refused.error
    return None
