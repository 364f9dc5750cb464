"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApplicationAutoScaling.html

A scalable target's Ref is its resource id, dimension and namespace, with | between them; a policy's is its ARN.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import given, retag, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context

from .errors import ObjectNotFoundException

SERVICE = "application-autoscaling"
_GONE = ObjectNotFoundException.code
_PARTS = ("ResourceId", "ScalableDimension", "ServiceNamespace")
Properties = dict[str, Any]


def _identity(id: str) -> Properties:
    return dict(zip(_PARTS, id.split("|"), strict=True))


@resource("AWS::ApplicationAutoScaling::ScalableTarget")
class TargetResource:
    """Registering is repeatable, and so is everything else here. GetAtt: Id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        id = "|".join(properties[part] for part in _PARTS)
        await self._register(ctx, id, properties, Tags=tags_of(properties))
        await self._schedule(ctx, id, {}, properties)
        return Resource(id, {"Id": id})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        arn = await self._register(ctx, physical_id, new)
        await self._schedule(ctx, physical_id, old, new)
        await retag(
            tags_of(old),
            tags_of(new),
            lambda keys: ctx.call(SERVICE, "UntagResource", {"ResourceARN": arn, "TagKeys": keys}),
            lambda tags: ctx.call(SERVICE, "TagResource", {"ResourceARN": arn, "Tags": tags}),
        )
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call(SERVICE, "DeregisterScalableTarget", _identity(physical_id)), _GONE)

    @staticmethod
    async def _register(ctx: Context, id: str, properties: Properties, **more: Any) -> str:
        request = {**_identity(id), **given(properties, "MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState")}
        answer = await ctx.call(SERVICE, "RegisterScalableTarget", request | {k: v for k, v in more.items() if v})
        return str(answer["ScalableTargetARN"])

    @staticmethod
    async def _schedule(ctx: Context, id: str, old: Properties, new: Properties) -> None:
        before = {each["ScheduledActionName"]: each for each in old.get("ScheduledActions") or ()}
        after = {each["ScheduledActionName"]: each for each in new.get("ScheduledActions") or ()}
        for name in sorted(before.keys() - after.keys()):
            request = {**_identity(id), "ScheduledActionName": name}
            await unless(ctx.call(SERVICE, "DeleteScheduledAction", request), _GONE)
        for name, action in after.items():
            if before.get(name) != action:
                times = {member: _stamp(action[member]) for member in ("StartTime", "EndTime") if action.get(member)}
                await ctx.call(SERVICE, "PutScheduledAction", {**_identity(id), **action, **times})


def _stamp(text: str) -> float:
    """A time of a template: ISO 8601."""
    from datetime import UTC, datetime

    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@resource("AWS::ApplicationAutoScaling::ScalingPolicy")
class PolicyResource:
    """GetAtt: Arn. The target is named by ScalingTargetId, or by the three properties that identify it."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        settings = (
            "PolicyName", "PolicyType", "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration",
            "PredictiveScalingPolicyConfiguration",
        )  # fmt: skip
        request = {**self._target(properties), **given(properties, *settings)}
        arn = str((await ctx.call(SERVICE, "PutScalingPolicy", request))["PolicyARN"])
        return Resource(arn, {"Arn": arn})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return await self.create(ctx, Name("", "", "", ""), new)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {**self._target(properties), **given(properties, "PolicyName")}
        await unless(ctx.call(SERVICE, "DeleteScalingPolicy", request), _GONE)

    @staticmethod
    def _target(properties: Properties) -> Properties:
        named = properties.get("ScalingTargetId")
        return _identity(named) if named else given(properties, *_PARTS)
