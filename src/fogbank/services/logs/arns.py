"""The resources that actions name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html: streams are
arn:…:log-group:NAME:log-stream:NAME. The ARN of a group ends in `:*` for all actions but TagResource, UntagResource and
ListTagsForResource: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
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
    """The group itself."""
    return name(ctx, req)


def group(ctx: Context, req: dict[str, Any]) -> Named:
    return name(ctx, req, ":*")


def stream(ctx: Context, req: dict[str, Any]) -> Named:
    return name(ctx, req, f":log-stream:{req.get('logStreamName', '')}")


def new_group(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """With tags AWS asks logs:TagResource too, and takes logs:TagLogGroup for it; here it is logs:TagResource alone.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    needed = [Access("", group(ctx, req))]
    return [*needed, Access("logs:TagResource", tagged(ctx, req))] if req.get("tags") else needed


def groups(ctx: Context, req: dict[str, Any]) -> Named:
    """DescribeLogGroups: the prefix's log groups."""
    prefix = req.get("logGroupNamePrefix", "")
    return named(ctx.arn("logs", f"log-group:{prefix}:log-stream:"), ctx.account)


def metric_filters(ctx: Context, req: dict[str, Any]) -> Named:
    """DescribeMetricFilters: of one group, or of all."""
    return group(ctx, req) if req.get("logGroupName") else named(ctx.arn("logs", "log-group:*"), ctx.account)


def subscription(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """PutSubscriptionFilter: the group, and the role that Logs shall send with.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    """
    needed = [Access("", group(ctx, req))]
    return [*needed, roles.passed(ctx, req["roleArn"], SERVICE)] if req.get("roleArn") else needed


def policy(ctx: Context, req: dict[str, Any]) -> Named | Literal["*"]:
    """A resource policy: of one log group, or of the account."""
    return group(ctx, req) if req.get("resourceArn") else "*"
