"""Scaling policies.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from fogbank.auth import quotas
from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import shapes, tracking
from ..capacities import CAPACITIES, acting
from ..errors import InvalidNextTokenException, LimitExceededException, ObjectNotFoundException, ValidationException
from ..find import TARGET, by_target, described, policy_arn, text_of
from ..records import POLICIES, TARGETS, Policy, Target
from ..scaling import POLICY
from .targets import SERVICE, passes, scope

PER_TARGET, STEPS = "policies-per-target", "steps-per-policy"  # codes of quotas
_STEP, _TRACKING, _PREDICTIVE = (
    "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScalingPolicyConfiguration",
)  # fmt: skip
_MEMBERS = {"StepScaling": _STEP, "TargetTrackingScaling": _TRACKING, "PredictiveScaling": _PREDICTIVE}
Request = dict[str, Any]


def registered(tx: Reader, ctx: Context, req: Request) -> Target:
    """The target that a policy or an action is for."""
    target = TARGET.find(tx, ctx, text_of(req))
    if target is None:
        where = ("", "", req["ServiceNamespace"], req["ResourceId"], req["ScalableDimension"])
        raise ObjectNotFoundException(f"No scalable target registered for {described(where)}")
    return target


@operation(SERVICE, "PutScalingPolicy", resource=by_target)
async def put_scaling_policy(ctx: Context, req: Request) -> dict[str, Any]:
    """Create or change a policy. Target tracking creates its alarms; step scaling is told by alarms of the user."""
    target = await ctx.fetch(registered, ctx, req)
    kept = await ctx.fetch(lambda tx: tx.get(POLICIES, (*TARGETS.key(target), req["PolicyName"])))
    kind = _kind(req, kept)
    settings = req.get(_MEMBERS[kind]) or (kept.settings if kept is not None else {})
    _check(ctx, target, kind, settings)
    policy = Policy(
        account=target.account, region=target.region, namespace=target.namespace, resource=target.resource,
        dimension=target.dimension, name=req["PolicyName"], id=kept.id if kept else ctx.ids.uuid(),
        created=kept.created if kept else ctx.now(), type=kind, settings=settings,
    )  # fmt: skip
    if kind == "TargetTrackingScaling" and target.dimension in CAPACITIES:
        there = await acting(ctx, target.namespace, target.role)
        current = await CAPACITIES[target.dimension].read(there, target.resource)
        policy.alarms = tracking.names(policy)
        await tracking.put_alarms(ctx, there, policy, current or target.least)
    elif target.dimension not in CAPACITIES:
        ctx.recorded(_MEMBERS[kind])
    await ctx.transact(_put, ctx, req, policy)
    return {"PolicyARN": policy_arn(ctx, policy), "Alarms": shapes.alarms(ctx, policy)}


def _put(tx: Transaction, ctx: Context, req: Request, policy: Policy) -> None:
    key = TARGETS.key(registered(tx, ctx, req))
    kept = tx.get(POLICIES, POLICIES.key(policy))
    if kept is None and quotas.reached(tx, ctx, SERVICE, PER_TARGET, POLICIES, key) is not None:
        raise LimitExceededException("The maximum number of scaling policies for the scalable target is reached.")
    if kept is not None:
        policy.scaled_out, policy.scaled_in, policy.before = kept.scaled_out, kept.scaled_in, kept.before
        policy.alarm = kept.alarm
    tx.put(POLICIES, policy)


def _kind(req: Request, kept: Policy | None) -> str:
    """Of a new policy StepScaling is the default; an existing one keeps its type. The texts are not confirmed."""
    kind = str(req.get("PolicyType") or (kept.type if kept is not None else "StepScaling"))
    if kept is not None and kept.type != kind:
        raise ValidationException("The type of a scaling policy cannot be changed.")
    for other, member in _MEMBERS.items():
        if req.get(member) is not None and other != kind:
            raise ValidationException(f"{member} cannot be used with the policy type {kind}.")
    if kept is None and not req.get(_MEMBERS[kind]):
        raise ValidationException(f"{_MEMBERS[kind]} is required for the policy type {kind}.")
    return kind


def _check(ctx: Context, target: Target, kind: str, settings: dict[str, Any]) -> None:
    """The texts are not confirmed."""
    if kind == "StepScaling":
        _check_steps(ctx, target, settings)
    elif kind == "TargetTrackingScaling":
        given = [
            name for name in ("PredefinedMetricSpecification", "CustomizedMetricSpecification") if settings.get(name)
        ]
        if len(given) != 1:
            raise ValidationException("Either a predefined or a customized metric has to be specified, but not both.")
        named = (settings.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
        if named and target.dimension in CAPACITIES and not _fits(named, target.dimension):
            raise ValidationException(f"The metric {named} cannot be used with {target.dimension}.")
        if settings["TargetValue"] <= 0 or (named and named.startswith("DynamoDB") and settings["TargetValue"] > 90):
            raise ValidationException(f"TargetValue {settings['TargetValue']} is not valid for this metric.")
    elif target.namespace != "ecs":
        raise ValidationException(f"PredictiveScaling is not supported for the service namespace {target.namespace}.")


def _fits(metric: str, dimension: str) -> bool:
    words = {"DynamoDBReadCapacityUtilization": "ReadCapacityUnits", "DynamoDBWriteCapacityUtilization":
             "WriteCapacityUnits", "LambdaProvisionedConcurrencyUtilization": "ProvisionedConcurrency"}  # fmt: skip
    return metric in words and dimension.endswith(words[metric])


def _check_steps(ctx: Context, target: Target, settings: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html"""
    steps = settings.get("StepAdjustments") or []
    if target.namespace in ("dynamodb", "lambda"):
        raise ValidationException(f"StepScaling is not supported for the service namespace {target.namespace}.")
    if not steps or not settings.get("AdjustmentType"):
        raise ValidationException("AdjustmentType and at least one step adjustment are required.")
    if len(steps) > ctx.quota(SERVICE, STEPS):
        raise LimitExceededException("The policy has more step adjustments than a policy can have.")
    spans = [(each.get("MetricIntervalLowerBound"), each.get("MetricIntervalUpperBound")) for each in steps]
    for low, high in spans:
        if low is None and high is None and len(spans) > 1:
            raise ValidationException("At least one of the interval bounds of a step adjustment has to be specified.")
        if low is not None and high is not None and low >= high:
            raise ValidationException("The lower bound of a step adjustment has to be less than its upper bound.")
    ordered = sorted(spans, key=lambda span: float("-inf") if span[0] is None else span[0])
    for (_, high), (low, _) in pairwise(ordered):
        if high is None or low is None or high != low:
            raise ValidationException("The intervals of step adjustments must not overlap or have gaps.")


@operation(SERVICE, "DescribeScalingPolicies", resource="*")
def describe_scaling_policies(ctx: Context, req: Request) -> dict[str, Any]:
    """The policies of a namespace."""
    names = req.get("PolicyNames") or []
    with ctx.read() as tx:
        found = [
            each
            for each in tx.scan(POLICIES, (ctx.account, ctx.region, req["ServiceNamespace"]))
            if passes(req, each) and (not names or each.name in names or policy_arn(ctx, each) in names)
        ]
    return lists.page(ctx, req, found, key=lambda each: (each.resource, each.dimension, each.name), size=50,
                      shape=lambda each: shapes.policy(ctx, each), scope=scope(req),
                      refused=InvalidNextTokenException)  # fmt: skip


@operation(SERVICE, "DeleteScalingPolicy", resource=by_target)
async def delete_scaling_policy(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a policy, and the alarms that it created."""

    def find(tx: Reader) -> tuple[Target, Policy]:
        target = TARGET.find(tx, ctx, text_of(req))
        policy = tx.get(POLICIES, (*TARGETS.key(target), req["PolicyName"])) if target is not None else None
        if target is None or policy is None:
            where = ("", "", req["ServiceNamespace"], req["ResourceId"], req["ScalableDimension"])
            raise ObjectNotFoundException(f"No scaling policy found for {described(where)}: {req['PolicyName']}")
        return target, policy

    target, policy = await ctx.fetch(find)
    if policy.alarms:
        await tracking.delete_alarms(await acting(ctx, target.namespace, target.role), policy.alarms)

    def change(tx: Transaction) -> None:
        tx.delete(POLICIES, POLICIES.key(policy))
        ctx.leave(tx, POLICY, policy.id)

    await ctx.transact(change)
    return {}
