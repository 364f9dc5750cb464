"""The resources that actions name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html: log groups are
arn:…:log-group:NAME (policies usually add `:*`, which streams and groups alike match), streams add :log-stream:NAME.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .groups import group_arn, named


def group(ctx: Context, req: dict[str, Any]) -> str:
    """arn:aws:logs:REGION:ACCOUNT:log-group:NAME:* in its group form."""
    return f"{group_arn(ctx, named(req))}:*" if named(req) else group_arn(ctx, "*")


def stream(ctx: Context, req: dict[str, Any]) -> str:
    return f"{group_arn(ctx, named(req))}:log-stream:{req.get('logStreamName', '')}"


def groups(ctx: Context, req: dict[str, Any]) -> str:
    """DescribeLogGroups: the prefix's log groups."""
    return ctx.arn("logs", f"log-group:{req.get('logGroupNamePrefix', '')}:log-stream:")


def policy(ctx: Context, req: dict[str, Any]) -> str:
    """A resource policy: of one log group, or of the account."""
    return group(ctx, req) if req.get("resourceArn") else "*"
