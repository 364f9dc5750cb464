"""Publish, PublishBatch.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from fogbank.core import batches, documents
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from ..delivery import fan_out
from ..errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidParameter,
    InvalidParameterValue,
    TooManyEntriesInBatchRequest,
)
from ..records import DEDUPLICATIONS, TOPICS, Deduplication, Topic
from ..topics import TOPIC, by_topic, published, target, topic_arn

MAX_BYTES = 262_144
DEDUP_MS = 300_000
_SUBJECT = re.compile(r"[\x20-\x7e]{1,100}")


@operation("sns", "Publish", resource=published, data_event=True)
def publish(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Send a message to a topic. The transaction that acknowledges the message also stores its deliveries."""
    if req.get("PhoneNumber"):
        _check(req, None)
        return {"MessageId": ctx.ids.uuid()}  # there is no phone: the message is discarded
    kind, arn = target(req)
    with ctx.write() as tx:
        return _publish(tx, ctx, kind.require(tx, ctx, arn), req)


def _publish(tx: Transaction, ctx: Context, topic: Topic, req: dict[str, Any]) -> dict[str, Any]:
    texts = _check(req, topic)
    text = texts.get("default", req["Message"])
    message: dict[str, Any] = {
        "id": ctx.ids.uuid(),
        "at": ctx.now(),
        "text": text,
        "texts": texts,
        "subject": req.get("Subject") or "",
        "attributes": req.get("MessageAttributes") or {},
        "group": req.get("MessageGroupId") or "",
        "signature": topic.attributes.get("SignatureVersion", "1"),
    }
    answer = {"MessageId": message["id"]}
    if topic.fifo:
        message["dedup"] = req.get("MessageDeduplicationId") or hashlib.sha256(text.encode()).hexdigest()
        now_ms = int(ctx.now() * 1000)
        arn = topic_arn(topic)
        earlier = tx.get(DEDUPLICATIONS, (arn, message["dedup"]))
        if earlier is not None and earlier.expires_ms > now_ms:
            return {"MessageId": earlier.message_id, "SequenceNumber": f"1{earlier.sequence:019d}"}
        topic.sequence += 1
        tx.put(TOPICS, topic)
        tx.put(
            DEDUPLICATIONS,
            Deduplication(
                topic=arn,
                dedup=message["dedup"],
                message_id=message["id"],
                sequence=topic.sequence,
                expires_ms=now_ms + DEDUP_MS,
            ),
        )
        answer["SequenceNumber"] = message["sequence"] = f"1{topic.sequence:019d}"
    fan_out(tx, ctx, topic, message)
    ctx.metric("AWS/SNS", "NumberOfMessagesPublished", 1, "Count", TopicName=topic.name)
    ctx.metric("AWS/SNS", "PublishSize", len(text.encode()), "Bytes", TopicName=topic.name)
    return answer


def _check(req: dict[str, Any], topic: Topic | None) -> dict[str, str]:
    """The texts per protocol of a MessageStructure=json message ({} otherwise). Raises for invalid messages."""
    text = req.get("Message") or ""
    if not text:
        raise InvalidParameter("Empty message")
    size = len(text.encode()) + sum(
        len(name.encode()) + len(value["DataType"].encode())
        + len(value.get("BinaryValue") or (value.get("StringValue") or "").encode())
        for name, value in (req.get("MessageAttributes") or {}).items()
    )  # fmt: skip
    if size > MAX_BYTES:
        raise InvalidParameter("Message too long")
    subject = req.get("Subject")
    if subject is not None and (not _SUBJECT.fullmatch(subject) or subject[0] == " "):
        raise InvalidParameter("Subject")
    for name, value in (req.get("MessageAttributes") or {}).items():
        _check_attribute(name, value)
    if topic is not None and topic.fifo:
        if not req.get("MessageGroupId"):
            raise InvalidParameter("The MessageGroupId parameter is required for FIFO topics")
        if not req.get("MessageDeduplicationId") and topic.attributes.get("ContentBasedDeduplication") != "true":
            raise InvalidParameter("The topic should either have ContentBasedDeduplication enabled or "
                                   "MessageDeduplicationId provided explicitly")  # fmt: skip
    elif req.get("MessageDeduplicationId"):
        raise InvalidParameter("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
                               "that is not valid for this topic type")  # fmt: skip
    if req.get("MessageStructure") != "json":
        return {}
    try:
        texts = documents.read(text)
    except documents.BadDocument:
        raise InvalidParameter("Message Structure - JSON message body failed to parse") from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise InvalidParameter("Message Structure - No default entry in JSON message body")
    return {protocol: value for protocol, value in texts.items() if isinstance(value, str)}


def _check_attribute(name: str, value: dict[str, Any]) -> None:
    kind = value.get("DataType") or ""
    if kind.partition(".")[0] not in ("String", "Number", "Binary"):
        raise InvalidParameterValue(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    if not value.get("BinaryValue" if kind.startswith("Binary") else "StringValue"):
        raise InvalidParameterValue(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{kind}'."
        )
    if kind.startswith("Number"):
        try:
            float(value["StringValue"])
        except ValueError:
            raise InvalidParameterValue(f"Could not cast message attribute '{name}' value to number.") from None


@operation("sns", "PublishBatch", action="sns:Publish", resource=by_topic, data_event=True)
def publish_batch(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Send up to ten messages, at most 256 KB together. Each succeeds or fails by itself."""
    entries = req["PublishBatchRequestEntries"]
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > batches.MOST:
        raise TooManyEntriesInBatchRequest
    if len({entry["Id"] for entry in entries}) != len(entries):
        raise BatchEntryIdsNotDistinct
    if not all(batches.ENTRY_ID.fullmatch(entry["Id"]) for entry in entries):
        raise InvalidBatchEntryId
    if sum(len(entry["Message"].encode()) for entry in entries) > MAX_BYTES:
        raise BatchRequestTooLong
    with ctx.write() as tx:
        topic = TOPIC.require(tx, ctx, req["TopicArn"])
        good, bad = batches.each(entries, lambda entry: _publish(tx, ctx, topic, entry))
    return {"Successful": good, "Failed": bad}
