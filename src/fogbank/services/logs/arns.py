"""Authorisation: the resources of CloudWatch Logs' actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html: streams are
arn:…:log-group:NAME:log-stream:NAME. The ARN of a group ends in `:*` for all actions except TagResource, UntagResource
and ListTagsForResource: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
"""

from __future__ import annotations

from typing import Any, Literal

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.kinds import Named, named
from fogbank.core.operation import Access

from .groups import name

SERVICE = "logs.amazonaws.com"


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    """The group's ARN without `:*`, as the tagging actions use it."""
    return name(ctx, req)


def group(ctx: Context, req: dict[str, Any]) -> Named:
    return name(ctx, req, ":*")


def stream(ctx: Context, req: dict[str, Any]) -> Named:
    return name(ctx, req, f":log-stream:{req.get('logStreamName', '')}")


def new_group(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """A request with tags also needs logs:TagResource. (AWS accepts logs:TagLogGroup instead; Fogbank does not.)

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    needed = [Access("", group(ctx, req))]
    return [*needed, Access("logs:TagResource", tagged(ctx, req))] if req.get("tags") else needed


def groups(ctx: Context, req: dict[str, Any]) -> Named:
    """DescribeLogGroups is authorised on the log groups with the given prefix."""
    prefix = req.get("logGroupNamePrefix", "")
    return named(ctx.arn("logs", f"log-group:{prefix}:log-stream:"), ctx.account)


def metric_filters(ctx: Context, req: dict[str, Any]) -> Named:
    """DescribeMetricFilters is authorised on one group, or on all groups."""
    return group(ctx, req) if req.get("logGroupName") else named(ctx.arn("logs", "log-group:*"), ctx.account)


def subscription(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """PutSubscriptionFilter needs permission on the group, and to pass the role that Logs will send with.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    """
    needed = [Access("", group(ctx, req))]
    return [*needed, roles.passed(ctx, req["roleArn"], SERVICE)] if req.get("roleArn") else needed


def policy(ctx: Context, req: dict[str, Any]) -> Named | Literal["*"]:
    """The operations on resource policies are authorised on one log group, or on `*` for policies of the account."""
    return group(ctx, req) if req.get("resourceArn") else "*"
