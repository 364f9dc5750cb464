"""Converts trails to response shapes."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .arns import trail_arn
from .records import TRAILS, Trail


def trail_shape(ctx: Context, trail: Trail) -> dict[str, Any]:
    """The response of CreateTrail, which is also most of a `Trail`."""
    shown: dict[str, Any] = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail_arn(ctx, TRAILS.key(trail)),
        "LogFileValidationEnabled": trail.validation,
        "IsOrganizationTrail": trail.organization,
    }
    optional = {
        "S3KeyPrefix": trail.prefix,
        "SnsTopicName": trail.topic_arn,
        "SnsTopicARN": trail.topic_arn,
        "CloudWatchLogsLogGroupArn": trail.group_arn,
        "CloudWatchLogsRoleArn": trail.role_arn,
        "KmsKeyId": trail.kms_key,
    }
    return shown | {name: value for name, value in optional.items() if value}


def full_shape(ctx: Context, trail: Trail) -> dict[str, Any]:
    """A `Trail` of GetTrail and DescribeTrails."""
    default = not trail.selectors and not trail.advanced
    return {
        **trail_shape(ctx, trail),
        "HomeRegion": trail.region,
        "HasCustomEventSelectors": not default,
        "HasInsightSelectors": bool(trail.insights),
    }
