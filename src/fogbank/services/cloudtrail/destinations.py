"""The destinations of a trail: checked when the trail is created or changed, called when there are events.

The bucket and the topic must allow CloudTrail by their own policies, the log group by the role of the trail.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.core import principal, services
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.kinds import Names
from fogbank.core.operation import Access
from fogbank.core.principal import Principal

from .arns import SERVICE, trail_arn
from .errors import (
    InsufficientS3BucketPolicyException,
    InsufficientSnsTopicPolicyException,
    InvalidCloudWatchLogsLogGroupArnException,
    InvalidCloudWatchLogsRoleArnException,
    InvalidParameterCombinationException,
    InvalidS3PrefixException,
    InvalidSnsTopicNameException,
    S3BucketDoesNotExistException,
)
from .records import TRAILS, Trail

LONGEST_PREFIX = 200


def itself(ctx: Context, trail: Trail) -> Context:
    """A context in which CloudTrail acts for a trail. Bucket policies may test the trail's ARN (aws:SourceArn)."""
    arn = trail_arn(ctx, TRAILS.key(trail))
    return msgspec.structs.replace(
        ctx.acting_as(principal.service(SERVICE, trail.account, arn), region=trail.region),
        secure=True,  # CloudTrail itself uses TLS
        service="cloudtrail",
    )


async def check(ctx: Context, trail: Trail) -> None:
    """Raise CloudTrail's error for a destination that does not exist or does not allow CloudTrail."""
    await check_bucket(ctx, trail)
    if trail.topic_arn:
        _check_topic(ctx, trail)
    if trail.group_arn or trail.role_arn:
        await _check_group(ctx, trail)


# -- S3 --------------------------------------------------------------------------------------------------------------


def folder(trail: Trail, what: str) -> str:
    prefix = f"{trail.prefix}/" if trail.prefix else ""
    return f"{prefix}AWSLogs/{trail.account}/{what}"


def put_request(trail: Trail, key: str, body: bytes, metadata: dict[str, str]) -> dict[str, Any]:
    request = {
        "Bucket": trail.bucket,
        "Key": key,
        "Body": body,
        "ACL": "bucket-owner-full-control",
        "ContentType": "application/json",
        "ContentEncoding": "gzip",
        "Metadata": metadata,
    }
    if trail.kms_key:
        request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": trail.kms_key}
    return request


async def check_bucket(ctx: Context, trail: Trail) -> None:
    if len(trail.prefix) > LONGEST_PREFIX or trail.prefix.startswith("/") or trail.prefix.endswith("/"):
        raise InvalidS3PrefixException(f"S3 prefix {trail.prefix} is invalid.")
    owner = ctx.acting_as(principal.root(trail.account, partition=ctx.partition))
    try:
        await owner.call("s3", "HeadBucket", {"Bucket": trail.bucket})
    except ServiceError as error:
        if error.status == 404 or error.code in ("NoSuchBucket", "404", "NotFound"):
            raise S3BucketDoesNotExistException(f"S3 bucket {trail.bucket} does not exist!") from None
        # another account's bucket: its policy decides
    cloudtrail = itself(ctx, trail)
    try:
        _permitted(cloudtrail, "s3", "GetBucketAcl", {"Bucket": trail.bucket})
        _permitted(cloudtrail, "s3", "PutObject", put_request(trail, folder(trail, "CloudTrail/"), b"", {}))
    except ServiceError:
        raise InsufficientS3BucketPolicyException(
            f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}"
        ) from None


# -- SNS -------------------------------------------------------------------------------------------------------------


def topic_arn(ctx: Context, text: str) -> str:
    """The ARN in SnsTopicName, which is a name or an ARN."""
    if text.startswith("arn:"):
        return text
    if not re.fullmatch("[A-Za-z0-9_-]{1,256}", text):
        raise InvalidSnsTopicNameException(f"SNS topic name {text} is invalid.")
    return ctx.arn("sns", text)


def _check_topic(ctx: Context, trail: Trail) -> None:
    try:
        _permitted(itself(ctx, trail), "sns", "Publish", {"TopicArn": trail.topic_arn, "Message": ""})
    except ServiceError:
        raise InsufficientSnsTopicPolicyException from None


# -- CloudWatch Logs -------------------------------------------------------------------------------------------------


def group_name(trail: Trail) -> str:
    return trail.group_arn.split(":", 6)[-1].removesuffix(":*")


def stream_name(trail: Trail, region: str) -> str:
    return f"{trail.account}_CloudTrail_{region}"


async def assumed(ctx: Context, trail: Trail) -> Context:
    """A context in which CloudTrail acts with the role of a trail. Raises the ServiceError of STS."""
    cloudtrail = itself(ctx, trail)
    request = {"RoleArn": trail.role_arn, "RoleSessionName": "CLOUDTRAIL"}
    answer = await cloudtrail.call("sts", "AssumeRole", request)
    user = answer["AssumedRoleUser"]
    return cloudtrail.acting_as(
        Principal(
            kind="role",
            account=trail.account,
            arn=user["Arn"],
            identity_arn=trail.role_arn,
            user_id=user["AssumedRoleId"],
            access_key=answer["Credentials"]["AccessKeyId"],
            issued_at=ctx.now(),
        ),
        region=trail.region,
    )


async def _check_group(ctx: Context, trail: Trail) -> None:
    if not trail.group_arn:
        raise InvalidParameterCombinationException("You must specify a log group as well as a role ARN.")
    if not trail.role_arn:
        raise InvalidParameterCombinationException("You must specify a role ARN as well as a log group.")
    begin = ctx.arn("logs", "log-group:", region=trail.region, account=trail.account)
    if not trail.group_arn.startswith(begin) or not trail.group_arn.endswith(":*"):
        raise InvalidCloudWatchLogsLogGroupArnException("CloudTrail cannot validate the specified log group ARN.")
    name = group_name(trail)
    owner = ctx.acting_as(principal.root(trail.account, partition=ctx.partition), region=trail.region)
    found = await owner.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": name})
    if not any(group["logGroupName"] == name for group in found["logGroups"]):
        raise InvalidCloudWatchLogsLogGroupArnException("CloudTrail cannot validate the specified log group ARN.")
    try:
        role = await assumed(ctx, trail)
    except ServiceError:
        raise InvalidCloudWatchLogsRoleArnException(
            "Access denied. Check the trust relationships for your role."
        ) from None
    stream = {"logGroupName": name, "logStreamName": stream_name(trail, trail.region)}
    try:
        _permitted(role, "logs", "CreateLogStream", stream)
        _permitted(role, "logs", "PutLogEvents", {**stream, "logEvents": []})
    except ServiceError:
        raise InvalidCloudWatchLogsRoleArnException("Access denied. Check the permissions for your role.") from None


# -- asking without calling ------------------------------------------------------------------------------------------


def _permitted(ctx: Context, service: str, name: str, request: dict[str, Any]) -> None:
    """Raise AccessDenied unless the principal of `ctx` may make this call. Does not make it."""
    loaded = services.load(service)
    operation = loaded.operations.get(name) if loaded is not None else None
    if operation is None or operation.resource is None:
        raise AccessDenied
    asking = msgspec.structs.replace(ctx, service=service, operation=name, names=Names(fresh=False))
    needed = operation.resource(asking, request)
    for part in [needed] if isinstance(needed, str | Access) else needed:
        if isinstance(part, Access):
            asking.require(part.action or operation.action, part.resource, part.conditions)
        else:
            asking.require(operation.action, part)
