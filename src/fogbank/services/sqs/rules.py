"""Pure rules: names, attributes, message contents, digests.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from fogbank.core import batches, documents

from .errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidMessageContents,
    InvalidParameterValue,
    MissingParameter,
    TooManyEntriesInBatchRequest,
)

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_DEDUP = re.compile(r"[\w!\"#$%&'()*+,\-./:;<=>?@\[\\\]^`{|}~]{1,128}", re.A)
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_\-.]{1,256}")
# XML 1.0 characters, the only ones allowed in a message body
_BAD_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
    "KmsDataKeyReusePeriodSeconds": (60, 86400),
}
BOOLEANS = ("FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled")
CHOICES = {
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
FIFO_ONLY = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
JSON_TEXT = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
SETTABLE = {*RANGES, *BOOLEANS, *CHOICES, *JSON_TEXT, "KmsMasterKeyId"}
MAX_ATTRIBUTES = 10


def check_queue_name(name: str, fifo: bool) -> None:
    """Raise unless `name` is valid: 1 to 80 characters, and .fifo at the end of FIFO queues only."""
    head = name.removesuffix(".fifo")
    if fifo and not name.endswith(".fifo"):
        raise InvalidParameterValue("The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                                    "underscores, must end with .fifo suffix and be 1 to 80 in length.")  # fmt: skip
    if not _NAME.fullmatch(head) or len(name) > 80 or (name.endswith(".fifo") and not fifo):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def check_attributes(attributes: dict[str, str], *, fifo: bool, create: bool) -> dict[str, str]:
    """The attributes to store (an empty value unsets one). Raises for names and values that SQS does not accept."""
    for name, value in attributes.items():
        if name not in SETTABLE:
            raise InvalidAttributeName(name)
        if value == "" and name not in RANGES:
            continue
        if name in RANGES:
            low, high = RANGES[name]
            if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
                raise InvalidAttributeValue(name)
        elif (name in BOOLEANS and value not in ("true", "false")) or (name in CHOICES and value not in CHOICES[name]):
            raise InvalidAttributeValue(name)
        elif name in JSON_TEXT:
            _check_json(name, value)
        if name in FIFO_ONLY and not fifo:
            raise InvalidAttributeName(name)
        if name == "FifoQueue" and not create and value != "true":
            raise InvalidAttributeValue(name)
    per_group = attributes.get("FifoThroughputLimit") == "perMessageGroupId"
    if per_group and attributes.get("DeduplicationScope") == "queue":
        raise InvalidAttributeValue("FifoThroughputLimit")
    return attributes


def _check_json(name: str, value: str) -> None:
    try:
        document = documents.read(value)
    except documents.BadDocument:
        raise InvalidAttributeValue(name) from None
    if not isinstance(document, dict):
        raise InvalidAttributeValue(name)
    if name == "RedrivePolicy":
        if not document:
            return
        count = document.get("maxReceiveCount")
        if document.get("deadLetterTargetArn") is None or count is None:
            raise InvalidParameterValue(
                f"Value {value} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain "
                f"mandatory attribute: {'maxReceiveCount' if count is None else 'deadLetterTargetArn'}."
            )
        if not str(count).isdecimal() or not 1 <= int(count) <= 1000:
            raise InvalidParameterValue(
                f"Value {value} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: "
                f"{count}, valid values are from 1 to 1000 both inclusive."
            )
    if name == "RedriveAllowPolicy" and document.get("redrivePermission") not in (
        None,
        "allowAll",
        "denyAll",
        "byQueue",
    ):
        raise InvalidAttributeValue(name)


def dead_letter_target(attributes: dict[str, str]) -> tuple[str, int] | None:
    """(ARN, maxReceiveCount) of a queue's redrive policy, or None."""
    text = attributes.get("RedrivePolicy")
    document = json.loads(text) if text else {}
    return (document["deadLetterTargetArn"], int(document["maxReceiveCount"])) if document else None


def redrive_allowed(attributes: dict[str, str], source: str) -> bool:
    """Whether a dead-letter queue's RedriveAllowPolicy accepts messages of `source`."""
    policy = json.loads(attributes.get("RedriveAllowPolicy") or "{}")
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source in policy.get("sourceQueueArns", ()))


def check_body(body: str | None) -> str:
    if not body:
        raise MissingParameter("MessageBody")
    if _BAD_TEXT.search(body):
        raise InvalidMessageContents
    return body


def check_message_attributes(attributes: dict[str, dict[str, Any]]) -> None:
    """Check attributes: up to ten, typed String, Number or Binary, none empty, no reserved names."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        )
    for name, value in attributes.items():
        bad = not _ATTRIBUTE_NAME.fullmatch(name) or name.startswith(".") or name.endswith(".") or ".." in name
        if bad or name.lower().startswith(("aws.", "amazon.")):
            raise InvalidParameterValue(
                "Message (user) attribute name can not be empty and can contain only alphanumeric characters, "
                "underscore (_), hyphen (-), and period (.) and cannot start with AWS. or Amazon."
            )
        kind = value.get("DataType") or ""
        base = kind.partition(".")[0]
        if base not in ("String", "Number", "Binary"):
            raise InvalidParameterValue(
                f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported "
                "type prefixes: Binary, Number, String."
            )
        member = "BinaryValue" if base == "Binary" else "StringValue"
        if not value.get(member):
            raise InvalidParameterValue(
                f"Message (user) attribute '{name}' must contain a non-empty value of type '{base}'."
            )
        if base == "Number" and not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", value[member]):
            raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def size_of(body: str, attributes: dict[str, dict[str, Any]]) -> int:
    """Size in bytes: the body, and name, type and value of every attribute."""
    total = len(body.encode())
    for name, value in attributes.items():
        data = value.get("BinaryValue") or (value.get("StringValue") or "").encode()
        total += len(name.encode()) + len(value["DataType"].encode()) + len(data)
    return total


def md5_of_body(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """The MD5 that clients check: name, type, kind and value of each attribute, sorted by name.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    if not attributes:
        return ""
    digest = hashlib.md5(usedforsecurity=False)

    def add(data: bytes) -> None:
        digest.update(len(data).to_bytes(4, "big") + data)

    for name in sorted(attributes):
        value = attributes[name]
        add(name.encode())
        add(value["DataType"].encode())
        binary = value["DataType"].startswith("Binary")
        digest.update(b"\x02" if binary else b"\x01")
        add(value["BinaryValue"] if binary else value["StringValue"].encode())
    return digest.hexdigest()


def check_dedup(text: str, parameter: str) -> None:
    """Check a MessageDeduplicationId or MessageGroupId: 1 to 128 alphanumeric characters and punctuation."""
    if not _DEDUP.fullmatch(text):
        raise InvalidParameterValue(
            f"Value {text} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric and "
            "punctuation characters. 1 to 128 in length."
        )


def check_batch(req: dict[str, Any], kind: str) -> list[batches.Entry]:
    """The entries of a batch: 1 to 10, with distinct, valid ids."""
    entries: list[batches.Entry] = req.get("Entries") or []
    if not entries:
        raise EmptyBatchRequest(kind)
    if len(entries) > batches.MOST:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen = set()
    for entry in entries:
        if not batches.ENTRY_ID.fullmatch(entry["Id"]):
            raise InvalidBatchEntryId
        if entry["Id"] in seen:
            raise BatchEntryIdsNotDistinct(entry["Id"])
        seen.add(entry["Id"])
    return entries
