"""Request parameters and response elements, reduced to what an event may show.

CloudTrail writes member names with a small first letter, leaves bodies out, and shows no secrets.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.wire.shapes import Shape

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
LARGEST = 100 * 1024  # "This field has a maximum size of 100 KB."
# what the models do not mark as sensitive and CloudTrail's events hide all the same, by botocore's name of the service;
# SHAPE.MEMBER where other members of that name are harmless. ElastiCache's, API Gateway's and tokens: not confirmed
_HIDDEN = {
    "sqs": {"MessageBody", "MessageAttributes", "MessageSystemAttributes"},
    "sns": {"Message", "Subject", "MessageAttributes", "PhoneNumber", "Token", "OneTimePassword"},
    "iam": {"Password", "NewPassword", "OldPassword", "PrivateKey"},
    "elasticache": {"AuthToken", "Passwords"},
    "apigateway": {"ApiKey.value", "CreateApiKeyRequest.value", "certificatePrivateKey"},
}
# what is not there at all. CloudFormation's: NoEcho parameters are among them, and its events name parameters only
# (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-api-logging-cloudtrail.html).
# DynamoDB's: no values of items; which of them AWS names is not confirmed
_ABSENT = {
    "cloudformation": {"ParameterValue"},
    "dynamodb": {"Item", "Expected", "AttributeUpdates", "ExpressionAttributeValues", "RequestItems", "TransactItems"},
    "logs": {"logEvents"},
    "cloudwatch": {"MetricData"},
}
_NONE: frozenset[str] = frozenset()
_NEVER = {"SecretAccessKey", "ZipFile"}  # omitted from the events of all services


def shown(service: str, shape: Shape | None, value: Any, what: str) -> msgspec.Raw | None:
    """`requestParameters` or `responseElements` as JSON; None (null) when there is nothing to show.

    `what` is the field's name. A value beyond 100 KB is replaced by a note that names the field.
    """
    if shape is None or not value:
        return None
    found = _shown(shape, value, _HIDDEN.get(service, _NONE), _ABSENT.get(service, _NONE) | _NEVER)
    if not found:
        return None
    if service == "s3" and "bucket" in found:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html
        found = {"bucketName": found.pop("bucket"), **found}
    try:
        text = msgspec.json.encode(found)
    except (UnicodeEncodeError, OverflowError, TypeError):  # lone surrogates, and other values that msgspec refuses
        text = json.dumps(found, default=str).encode()
    if len(text) > LARGEST:
        text = msgspec.json.encode({"omitted": True, "originalSize": len(text), "reason": f"{what} too large"})
    return msgspec.Raw(text)


def _shown(shape: Shape, value: Any, hidden: Any, absent: Any) -> Any:
    if shape.raw.sensitive:
        return HIDDEN
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    match shape.type:
        case "structure" if isinstance(value, dict):
            found = {}
            for name, part in value.items():
                ref = shape.members.get(name)
                if ref is None or part is None or name in absent or ref.streaming or ref.shape.type == "blob":
                    continue
                found[name[:1].lower() + name[1:]] = (
                    HIDDEN
                    if name in hidden or f"{shape.name}.{name}" in hidden
                    else _shown(ref.shape, part, hidden, absent)
                )
            return found
        case "list" if isinstance(value, list | tuple):
            return [_shown(shape.member.shape, part, hidden, absent) for part in value]
        case "map" if isinstance(value, dict):
            of = shape.value.shape
            return {str(key): _shown(of, part, hidden, absent) for key, part in value.items() if of.type != "blob"}
        case "timestamp" if not isinstance(value, str):
            return _date(value)
        case "blob":
            return None
    return value if isinstance(value, str | int | float | bool | dict | list) or value is None else str(value)


def _date(value: Any) -> str:
    """A date in the format of Java's DateFormat, which events use: Nov 29, 2026, 1:00:00 AM."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError, TypeError):  # outside the years that datetime knows
        return str(value)
    return at.strftime("%b %-d, %Y, %-I:%M:%S %p")
