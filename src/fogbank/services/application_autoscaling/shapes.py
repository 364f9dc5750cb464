"""Turns records into the structures of responses. Members that are not set are absent."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .find import action_arn, policy_arn, target_arn
from .records import Action, Activity, Policy, Target

_SETTINGS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def _identity(of: Any) -> dict[str, Any]:
    return {"ServiceNamespace": of.namespace, "ResourceId": of.resource, "ScalableDimension": of.dimension}


def target(ctx: Context, of: Target) -> dict[str, Any]:
    """A `ScalableTarget`."""
    return {
        **_identity(of),
        "MinCapacity": of.least,
        "MaxCapacity": of.most,
        "RoleARN": of.role,
        "CreationTime": of.created,
        "SuspendedState": {name: of.suspended.get(name, False) for name in _SUSPENSIONS},
        "ScalableTargetARN": target_arn(ctx, of),
    }


def alarms(ctx: Context, of: Policy) -> list[dict[str, str]]:
    return [{"AlarmName": name, "AlarmARN": ctx.arn("cloudwatch", f"alarm:{name}")} for name in of.alarms]


def policy(ctx: Context, of: Policy) -> dict[str, Any]:
    """A `ScalingPolicy`."""
    return {
        "PolicyARN": policy_arn(ctx, of),
        "PolicyName": of.name,
        **_identity(of),
        "PolicyType": of.type,
        _SETTINGS[of.type]: of.settings,
        "Alarms": alarms(ctx, of),
        "CreationTime": of.created,
    }


def action(ctx: Context, of: Action) -> dict[str, Any]:
    """A `ScheduledAction`."""
    bounds = {"MinCapacity": of.least, "MaxCapacity": of.most}
    optional = {"Timezone": of.timezone, "StartTime": of.begins, "EndTime": of.ends}
    return {
        "ScheduledActionName": of.name,
        "ScheduledActionARN": action_arn(ctx, of),
        **_identity(of),
        "Schedule": of.schedule,
        **{name: value for name, value in optional.items() if value},
        "ScalableTargetAction": {name: value for name, value in bounds.items() if value is not None},
        "CreationTime": of.created,
    }


def activity(of: Activity) -> dict[str, Any]:
    """A `ScalingActivity`."""
    return {
        "ActivityId": of.id,
        **_identity(of),
        "Description": of.description,
        "Cause": of.cause,
        "StartTime": of.at / 1000,
        "EndTime": of.ended,
        "StatusCode": of.status,
        "StatusMessage": of.message,
    }
