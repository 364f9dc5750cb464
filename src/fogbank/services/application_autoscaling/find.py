"""Scalable targets by what identifies them, and by ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from .errors import ObjectNotFoundException, ResourceNotFoundException, ValidationException
from .records import TARGETS, Action, Policy, Target

Request = dict[str, Any]
_BETWEEN = "\n"  # between the parts of a name: no part has it
_RESOURCES = {  # what a resource id looks like, by the begin of the dimension
    "dynamodb:table:": re.compile(r"table/[a-zA-Z0-9_.-]{3,255}"),
    "dynamodb:index:": re.compile(r"table/[a-zA-Z0-9_.-]{3,255}/index/[a-zA-Z0-9_.-]{3,255}"),
    "lambda:function:": re.compile(r"function:[a-zA-Z0-9_-]{1,64}:[a-zA-Z0-9_-]{1,128}"),
    "ecs:service:": re.compile(r"service/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+"),
    "rds:cluster:": re.compile(r"cluster:.+"),
    "neptune:cluster:": re.compile(r"cluster:.+"),
}


def text_of(req: Request) -> str:
    """The three members that identify a target, as one name."""
    return _BETWEEN.join((req["ServiceNamespace"], req["ResourceId"], req["ScalableDimension"]))


def _read(ctx: Context, text: str) -> tuple[str, ...]:
    namespace, _, rest = text.partition(_BETWEEN)
    resource, _, dimension = rest.rpartition(_BETWEEN)
    shape = next((shape for begin, shape in _RESOURCES.items() if dimension.startswith(begin)), None)
    if not dimension.startswith(f"{namespace}:") or (shape is not None and not shape.fullmatch(resource)):
        raise ValidationException("Unsupported service namespace, resource type or scalable dimension")
    return ctx.account, ctx.region, namespace, resource, dimension


def target_arn(ctx: Context, target: Target) -> str:
    return ctx.arn("application-autoscaling", f"scalable-target/{target.id}")


def _arn(ctx: Context, place: Any, target: Target | None) -> str:
    """Of a target that does not exist, the policies see no id."""
    return ctx.arn("application-autoscaling", f"scalable-target/{target.id if target else ''}", account=place[0])


def described(place: Any) -> str:
    return f"service namespace: {place[2]}, resource ID: {place[3]}, scalable dimension: {place[4]}"


def missing(ctx: Context, place: Any) -> ObjectNotFoundException:
    return ObjectNotFoundException(f"No scalable target found for {described(place)}")


TARGET: Kind[Target] = Kind("scalable target", TARGETS, key=_read, arn=_arn, missing=missing)


def by_target(ctx: Context, req: Request) -> Named:
    return TARGET.name(ctx, text_of(req))


def registered(ctx: Context, req: Request) -> list[Access]:
    """A target, with the role that it is given. With tags, TagResource is needed too."""
    found = by_target(ctx, req)
    accesses = [
        Access(action, found) for action in ("", *(["application-autoscaling:TagResource"] * bool(req.get("Tags"))))
    ]
    if req.get("RoleARN"):
        accesses.append(roles.passed(ctx, req["RoleARN"], "application-autoscaling.amazonaws.com"))
    return accesses


# -- by ARN ------------------------------------------------------------------------------------------------------------


def _look(tx: Reader, ctx: Context, arn: str) -> Target | None:
    found = tx.scan(TARGETS, (ctx.account, ctx.region))
    return next((target for target in found if target_arn(ctx, target) == arn), None)


def by_arn(ctx: Context, req: Request) -> Named:
    """The target of an operation on tags."""
    arn = req["ResourceARN"]
    with ctx.read() as tx:
        target = _look(tx, ctx, arn)
    if target is None:
        return named(ctx.arn("application-autoscaling", "scalable-target/"), ctx.account)
    return named(arn, target.account, key=TARGETS.key(target), record=target)


def require_tagged(tx: Reader, ctx: Context, req: Request) -> Target:
    """ResourceNotFoundException: ListTagsForResource"""
    target = _look(tx, ctx, req["ResourceARN"])
    if target is None:
        raise ResourceNotFoundException(f"No scalable target found with ARN {req['ResourceARN']}")  # not confirmed
    return target


def policy_arn(ctx: Context, policy: Policy) -> str:
    """arn:aws:autoscaling:REGION:ACCOUNT:scalingPolicy:ID:resource/dynamodb/table/t:policyName/p"""
    rest = f"scalingPolicy:{policy.id}:resource/{policy.namespace}/{policy.resource}:policyName/{policy.name}"
    return ctx.arn("autoscaling", rest, account=policy.account, region=policy.region)


def action_arn(ctx: Context, action: Action) -> str:
    rest = f"scheduledAction:{action.id}:resource/{action.namespace}/{action.resource}"
    return ctx.arn("autoscaling", f"{rest}:scheduledActionName/{action.name}")
