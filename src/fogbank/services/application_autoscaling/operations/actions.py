"""Scheduled actions.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import shapes
from ..capacities import CAPACITIES
from ..errors import InvalidNextTokenException, LimitExceededException, ObjectNotFoundException, ValidationException
from ..find import TARGET, by_target, described, text_of
from ..records import ACTIONS, TARGETS, Action
from ..scaling import ACTION, wait_for
from ..times import next_run, zone
from .policies import registered
from .targets import SERVICE, passes, scope

PER_TARGET = "scheduled-actions-per-target"  # code of the quota
Request = dict[str, Any]


@operation(SERVICE, "PutScheduledAction", resource=by_target)
def put_scheduled_action(ctx: Context, req: Request) -> dict[str, Any]:
    """Create or change an action. "If you don't specify start and end times, the old values are deleted"."""
    with ctx.write() as tx:
        target = registered(tx, ctx, req)
        key = (*TARGETS.key(target), req["ScheduledActionName"])
        kept = tx.get(ACTIONS, key)
        if kept is None and quotas.reached(tx, ctx, SERVICE, PER_TARGET, ACTIONS, TARGETS.key(target)) is not None:
            raise LimitExceededException("The maximum number of scheduled actions for the scalable target is reached.")
        bounds = req.get("ScalableTargetAction") or {}
        action = Action(
            account=target.account, region=target.region, namespace=target.namespace, resource=target.resource,
            dimension=target.dimension, name=req["ScheduledActionName"], id=kept.id if kept else ctx.ids.uuid(),
            created=kept.created if kept else ctx.now(),
            schedule=req.get("Schedule") or (kept.schedule if kept else ""),
            timezone=req.get("Timezone") or (kept.timezone if kept else ""),
            begins=_stamp(req.get("StartTime")), ends=_stamp(req.get("EndTime")),
            least=bounds.get("MinCapacity", kept.least if kept else None),
            most=bounds.get("MaxCapacity", kept.most if kept else None),
        )  # fmt: skip
        _check(action, ctx.now())
        if target.dimension not in CAPACITIES:
            ctx.recorded("ScalableTargetAction")
        wait_for(tx, ctx, action)
    return {}


def _stamp(value: Any) -> float:
    if value is None:
        return 0.0
    return float(value) if isinstance(value, int | float) else float(value.timestamp())


def _check(action: Action, now: float) -> None:
    """The texts are not confirmed."""
    if action.least is None and action.most is None:
        raise ValidationException("Either MinCapacity or MaxCapacity has to be specified.")
    if action.least is not None and action.most is not None and action.least > action.most:
        raise ValidationException("The minimum capacity has to be at most the maximum capacity.")
    if action.ends and action.ends <= max(action.begins, now):
        raise ValidationException("The end time has to be after the start time, and in the future.")
    try:
        zone(action.timezone)
        due = next_run(action, now)
    except ValueError:
        raise ValidationException(f"Invalid schedule or time zone: {action.schedule} {action.timezone}") from None
    if action.schedule.startswith("at(") and not due:
        raise ValidationException("The time of the schedule has to be in the future.")


@operation(SERVICE, "DescribeScheduledActions", resource="*")
def describe_scheduled_actions(ctx: Context, req: Request) -> dict[str, Any]:
    """The scheduled actions of a namespace."""
    names = req.get("ScheduledActionNames") or []
    with ctx.read() as tx:
        found = [
            each
            for each in tx.scan(ACTIONS, (ctx.account, ctx.region, req["ServiceNamespace"]))
            if passes(req, each) and (not names or each.name in names)
        ]
    return lists.page(ctx, req, found, key=lambda each: (each.resource, each.dimension, each.name), size=50,
                      shape=lambda each: shapes.action(ctx, each), scope=scope(req),
                      refused=InvalidNextTokenException)  # fmt: skip


@operation(SERVICE, "DeleteScheduledAction", resource=by_target)
def delete_scheduled_action(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete an action."""
    with ctx.write() as tx:
        target = TARGET.find(tx, ctx, text_of(req))
        action = tx.get(ACTIONS, (*TARGETS.key(target), req["ScheduledActionName"])) if target is not None else None
        if action is None:
            where = ("", "", req["ServiceNamespace"], req["ResourceId"], req["ScalableDimension"])
            raise ObjectNotFoundException(
                f"No scheduled action found for {described(where)}: {req['ScheduledActionName']}"
            )
        tx.delete(ACTIONS, ACTIONS.key(action))
        ctx.leave(tx, ACTION, action.id)
    return {}
