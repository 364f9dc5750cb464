"""Scalable targets: register, describe, deregister; their tags, and what was done.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.auth import quotas, roles
from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import operation
from fogbank.core.tagging import Names, tag_operations
from fogbank.store.api import Transaction

from .. import shapes, tracking
from ..capacities import CAPACITIES, acting
from ..errors import InvalidNextTokenException, LimitExceededException, TooManyTagsException, ValidationException
from ..find import TARGET, by_arn, by_target, registered, require_tagged, target_arn, text_of
from ..records import ACTIONS, ACTIVITIES, POLICIES, TARGETS, Target, place
from ..scaling import ACTION, POLICY, SET

SERVICE = "application-autoscaling"
MOST_TAGS = 50
_QUOTAS = {"dynamodb": "scalable-targets-dynamodb", "ecs": "scalable-targets-ecs"}
_NAMES = {  # of the service-linked roles, behind AWSServiceRoleForApplicationAutoScaling_
    "appstream": "AppStreamFleet", "cassandra": "CassandraTable", "comprehend": "ComprehendEndpoint",
    "custom-resource": "CustomResource", "dynamodb": "DynamoDBTable", "ec2": "EC2SpotFleetRequest",
    "ecs": "ECSService", "elasticache": "ElastiCacheRG", "kafka": "KafkaCluster", "lambda": "LambdaConcurrency",
    "neptune": "NeptuneCluster", "rds": "RDSCluster", "sagemaker": "SageMakerEndpoint",
    "workspaces": "WorkSpacesPool",
}  # fmt: skip
Request = dict[str, Any]


@operation(SERVICE, "RegisterScalableTarget", resource=registered)
async def register_scalable_target(ctx: Context, req: Request) -> dict[str, Any]:
    """Register or change a target. Its capacity is brought into the range, if the resource can be changed."""
    kept = await ctx.fetch(TARGET.find, ctx, text_of(req))
    least, most = _range(req, kept)
    role = kept.role if kept is not None else await _role(ctx, req)
    if kept is None:
        await _check_resource(ctx, req, role)
    target = await ctx.transact(_register, ctx, req, least, most, role)
    return {"ScalableTargetARN": target_arn(ctx, target)}


def _range(req: Request, kept: Target | None) -> tuple[int, int]:
    """The texts are not confirmed."""
    least = req.get("MinCapacity", kept.least if kept is not None else None)
    most = req.get("MaxCapacity", kept.most if kept is not None else None)
    if least is None or most is None:
        raise ValidationException("Both MinCapacity and MaxCapacity are required for a new scalable target.")
    if not 0 <= least <= most:
        raise ValidationException(
            f"The minimum capacity ({least}) has to be at least 0, and at most the maximum capacity ({most})."
        )
    return least, most


async def _role(ctx: Context, req: Request) -> str:
    """The service-linked role of the target's service, which is created for the caller if it is not there.

    https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
    """
    namespace = req["ServiceNamespace"]
    if namespace not in _NAMES:  # EMR has no service-linked role
        if not req.get("RoleARN"):
            raise ValidationException(f"RoleARN is required for the service namespace {namespace}.")
        return str(req["RoleARN"])
    service = f"{namespace}.application-autoscaling.amazonaws.com"
    name = f"AWSServiceRoleForApplicationAutoScaling_{_NAMES[namespace]}"
    arn = f"arn:{ctx.partition}:iam::{ctx.account}:role/aws-service-role/{service}/{name}"
    if await ctx.fetch(roles.find, arn, ctx.partition) is None:
        await ctx.call("iam", "CreateServiceLinkedRole", {"AWSServiceName": service})
    return arn


async def _check_resource(ctx: Context, req: Request, role: str) -> None:
    """The text for a table is the one that users see."""
    kind = CAPACITIES.get(req["ScalableDimension"])
    if kind is None:
        ctx.recorded("ScalableDimension")
        return
    try:
        await kind.read(await acting(ctx, req["ServiceNamespace"], role), req["ResourceId"])
    except ServiceError as error:
        if error.code not in ("ResourceNotFoundException", "ResourceNotFound"):
            raise
        raise ValidationException(f"{kind.absent}: {req['ResourceId']}") from None


def _register(tx: Transaction, ctx: Context, req: Request, least: int, most: int, role: str) -> Target:
    target = TARGET.find(tx, ctx, text_of(req))
    if target is None:
        _check_quota(tx, ctx, req["ServiceNamespace"])
        target = Target(
            account=ctx.account, region=ctx.region, namespace=req["ServiceNamespace"], resource=req["ResourceId"],
            dimension=req["ScalableDimension"], id=ctx.ids.lower(36), created=ctx.now(), least=least, most=most,
            role=role,
        )  # fmt: skip
        target.tags = dict(req.get("Tags") or {})
        _check_tags(target, target.tags)
    target.least, target.most = least, most
    if "SuspendedState" in req:
        target.suspended = target.suspended | req["SuspendedState"]
    tx.put(TARGETS, target)
    words = {"MinCapacity": "minimum", "MaxCapacity": "maximum"}
    causes = [f"{word} capacity was set to {req[member]}" for member, word in words.items() if member in req]
    if causes:
        payload = {"key": list(place(target)), "cause": " and ".join(causes)}
        ctx.later(tx, SET, payload, order="/".join(place(target)[2:]))
    return target


def _check_quota(tx: Transaction, ctx: Context, namespace: str) -> None:
    code, where = _QUOTAS.get(namespace, "scalable-targets"), (ctx.account, ctx.region, namespace)
    if quotas.reached(tx, ctx, SERVICE, code, TARGETS, where) is not None:
        raise LimitExceededException(f"The maximum number of scalable targets for {namespace} is reached.")


@operation(SERVICE, "DeregisterScalableTarget", resource=by_target)
async def deregister_scalable_target(ctx: Context, req: Request) -> dict[str, Any]:
    """Remove a target, its policies with their alarms, and its scheduled actions."""
    target = await ctx.fetch(TARGET.require, ctx, text_of(req))
    policies = await ctx.fetch(lambda tx: list(tx.scan(POLICIES, TARGETS.key(target))))
    if alarms := [name for policy in policies for name in policy.alarms]:
        await tracking.delete_alarms(await acting(ctx, target.namespace, target.role), alarms)

    def change(tx: Transaction) -> None:
        key = TARGETS.key(TARGET.require(tx, ctx, text_of(req)))
        for policy in list(tx.scan(POLICIES, key)):
            tx.delete(POLICIES, POLICIES.key(policy))
            ctx.leave(tx, POLICY, policy.id)
        for action in list(tx.scan(ACTIONS, key)):
            tx.delete(ACTIONS, ACTIONS.key(action))
            ctx.leave(tx, ACTION, action.id)
        tx.delete(TARGETS, key)

    await ctx.transact(change)
    return {}


def passes(req: Request, record: Any) -> bool:
    """Whether a record is one that a Describe operation asks for."""
    resources = req.get("ResourceIds") or ([req["ResourceId"]] if req.get("ResourceId") else [])
    return (not resources or record.resource in resources) and (
        req.get("ScalableDimension") in (None, record.dimension)
    )


@operation(SERVICE, "DescribeScalableTargets", resource="*")
def describe_scalable_targets(ctx: Context, req: Request) -> dict[str, Any]:
    """The targets of a namespace."""
    with ctx.read() as tx:
        found = [each for each in tx.scan(TARGETS, (ctx.account, ctx.region, req["ServiceNamespace"]))
                 if passes(req, each)]  # fmt: skip
    return lists.page(ctx, req, found, key=lambda each: (each.resource, each.dimension), size=50, scope=scope(req),
                      shape=lambda each: shapes.target(ctx, each), refused=InvalidNextTokenException)  # fmt: skip


def scope(req: Request) -> str:
    return repr(sorted((name, value) for name, value in req.items() if name not in ("NextToken", "MaxResults")))


@operation(SERVICE, "DescribeScalingActivities", resource="*")
def describe_scaling_activities(ctx: Context, req: Request) -> dict[str, Any]:
    """What was done in the last six weeks, the newest first."""
    if req.get("ResourceId") is None and req.get("ScalableDimension") is not None:
        raise ValidationException("If you specify a scalable dimension, you must also specify a resource ID.")
    with ctx.read() as tx:
        kept = tx.scan(ACTIVITIES, (ctx.account, ctx.region, req["ServiceNamespace"]), reverse=True)
        found = [each for each in kept if passes(req, each)]
    return lists.page(ctx, req, found, key=lambda each: (-each.at, each.id), size=50, scope=scope(req),
                      shape=shapes.activity, refused=InvalidNextTokenException)  # fmt: skip


# -- tags --------------------------------------------------------------------------------------------------------------


def _check_tags(target: Target, given: Mapping[str, str]) -> None:
    """The texts are not confirmed."""
    if any(key.lower().startswith("aws:") for key in given):
        raise ValidationException("Tag keys that begin with aws: are reserved.")
    if len(target.tags) > MOST_TAGS:
        raise TooManyTagsException(f"A scalable target can have at most {MOST_TAGS} tags.")


tag_resource, untag_resource, list_tags_for_resource = tag_operations(
    SERVICE,
    __name__,
    by_arn,
    require_tagged,
    lambda tx, target: tx.put(TARGETS, target),
    names=Names(key=""),
    check=_check_tags,
)
