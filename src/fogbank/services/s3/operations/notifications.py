"""Event notification configurations.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import arns
from ..bucket_cache import keep
from ..errors import InvalidArgument, MalformedXML
from ..events import TARGETS, as_s3, test_message
from ..lookups import require_bucket
from ..records import CONFIGS, Bucket, Config
from .configs import get

_CANNOT = "Unable to validate the following destination configurations"


@operation("s3", "PutBucketNotificationConfiguration", action="s3:PutBucketNotification", resource=arns.bucket)
async def put_notification(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stores which targets are notified of which events.

    First sends a test event to queues and topics, and checks that functions allow S3 to invoke them.
    """
    chosen = req.get("NotificationConfiguration")
    if chosen is None:
        raise MalformedXML
    bucket = await ctx.fetch(require_bucket, ctx, req)
    kept: dict[str, Any] = {}
    for member, arn in TARGETS:
        configurations = [_checked(ctx, each, arn) for each in chosen.get(member) or []]
        if configurations:
            kept[member] = configurations
    if "EventBridgeConfiguration" in chosen:
        kept["EventBridgeConfiguration"] = {}
    if not req.get("SkipDestinationValidation"):
        await _validate(ctx, bucket, kept)
    await ctx.transact(_keep, ctx, req, kept)
    return {}


def _checked(ctx: Context, each: dict[str, Any], arn: str) -> dict[str, Any]:
    if not each.get(arn) or not each.get("Events"):
        raise MalformedXML
    for event in each["Events"]:
        if not event.startswith("s3:"):
            raise InvalidArgument("The event is not supported for notifications", ArgumentName="Event",
                                  ArgumentValue=event)  # fmt: skip
    rules = ((each.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    names = [str(rule.get("Name", "")).lower() for rule in rules]
    if any(name not in ("prefix", "suffix") for name in names):
        raise InvalidArgument("filter rule name must be either prefix or suffix", ArgumentName="FilterRule.Name")
    if len(set(names)) != len(names):
        raise InvalidArgument("Cannot specify more than one prefix rule in a filter.", ArgumentName="FilterRule.Name")
    return {**each, "Id": each.get("Id") or ctx.ids.uuid()}


async def _validate(ctx: Context, bucket: Bucket, kept: dict[str, Any]) -> None:
    for each in kept.get("LambdaFunctionConfigurations") or []:
        target = each["LambdaFunctionArn"]
        if target.count(":") < 6:
            raise InvalidArgument("The ARN is not well formed", ArgumentName="CloudFunction", ArgumentValue=target)
        there = as_s3(ctx, bucket.name, bucket.account, target.split(":")[3])
        try:
            await there.call("lambda", "Invoke", {"FunctionName": target, "InvocationType": "DryRun"})
        except ServiceError:
            raise InvalidArgument(
                _CANNOT,
                ArgumentName=target,
                ArgumentValue="Not authorized to invoke function",
            ) from None
    for member, arn in TARGETS[1:]:
        for each in kept.get(member) or []:
            if each[arn].count(":") < 5:
                raise InvalidArgument("The ARN is not well formed", ArgumentName=member, ArgumentValue=each[arn])
            error = await test_message(ctx, bucket, each[arn])
            if error is not None:
                raise InvalidArgument(_CANNOT, ArgumentName=each[arn], ArgumentValue=error.message)


def _keep(tx: Transaction, ctx: Context, req: dict[str, Any], kept: dict[str, Any]) -> None:
    bucket = require_bucket(tx, ctx, req)
    tx.put(CONFIGS, Config(bucket=bucket.name, kind="notification", value=kept))
    bucket.has_notifications = any(kept.get(member) for member, _ in TARGETS)
    keep(tx, bucket)


@operation("s3", "GetBucketNotificationConfiguration", action="s3:GetBucketNotification", resource=arns.bucket)
def get_notification(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns the configuration; empty when there is none."""
    return dict(get(ctx, req, "notification") or {})
