"""Scaling: policies act while their alarm is in ALARM, actions act on the clock, and each change is an activity.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html

An alarm tells its policy when it goes to ALARM (`targets.py`). From then on a resident looks at it each minute, as on
AWS, where such an action is repeated for as long as the alarm stays in that state.
"""

from __future__ import annotations

from typing import Any

from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.core.residents import resident
from fogbank.store.api import Reader, Transaction

from . import rules, tracking
from .capacities import CAPACITIES, acting
from .records import ACTIONS, ACTIVITIES, POLICIES, TARGETS, Action, Activity, Policy, Target, place
from .times import next_run

POLICY, ACTION, SET = "application-autoscaling.policy", "application-autoscaling.action", "application-autoscaling.set"
MINUTE = 60.0
KEPT = 6 * 7 * 86400  # "from the previous six weeks": DescribeScalingActivities


def bounded(target: Target, capacity: int) -> int:
    return min(max(capacity, target.least), target.most)


async def into_range(ctx: Context, key: tuple[str, ...], cause: str) -> None:
    """Change the capacity of a target to one inside of its range, if it is outside."""
    target = await ctx.fetch(lambda tx: tx.get(TARGETS, key))
    if target is None or target.dimension not in CAPACITIES:
        return
    current = await _current(ctx, target)
    if current is not None and current != bounded(target, current):
        await set_capacity(ctx, target, bounded(target, current), cause)


async def _current(ctx: Context, target: Target) -> int | None:
    there = await acting(ctx, target.namespace, target.role)
    return await CAPACITIES[target.dimension].read(there, target.resource)


async def set_capacity(ctx: Context, target: Target, capacity: int, cause: str) -> bool:
    """Set a capacity, and keep an activity of it; whether that succeeded."""
    kind, started = CAPACITIES[target.dimension], ctx.now()
    there = await acting(ctx, target.namespace, target.role)
    status = "Successful"
    message = f"Successfully set {kind.words} to {capacity}. Change successfully fulfilled by {target.namespace}."
    try:
        await kind.write(there, target.resource, capacity)
    except ServiceError as error:
        status, message = "Failed", f"Failed to set {kind.words} to {capacity}. Reason: {error.message}"

    def note(tx: Transaction) -> None:
        where = (target.account, target.region, target.namespace)
        old = int((ctx.now() - KEPT) * 1000)
        for gone in list(tx.scan(ACTIVITIES, start=where, end=(*where, old))):
            tx.delete(ACTIVITIES, ACTIVITIES.key(gone))
        tx.put(ACTIVITIES, Activity(
            account=target.account, region=target.region, namespace=target.namespace, at=int(started * 1000),
            id=ctx.ids.uuid(), resource=target.resource, dimension=target.dimension, cause=cause, status=status,
            description=f"Setting {kind.words} to {capacity}.", message=message, ended=ctx.now()))  # fmt: skip

    await ctx.transact(note)
    if status == "Successful":
        await _renew(ctx, there, target, capacity)
    return status == "Successful"


async def _renew(ctx: Context, there: Context, target: Target, capacity: int) -> None:
    """Put the alarms anew whose thresholds depend on the capacity."""
    for policy in await ctx.fetch(policies_of, place(target)):
        if policy.type == "TargetTrackingScaling" and tracking.counts_units(policy):
            await tracking.put_alarms(ctx, there, policy, capacity)


def policies_of(tx: Reader, key: tuple[str, ...]) -> list[Policy]:
    return list(tx.scan(POLICIES, key))


@job(SET)
async def adjust(ctx: Context, payload: dict[str, Any]) -> None:
    """Bring the capacity of a target into its new range."""
    await into_range(ctx, tuple(payload["key"]), payload["cause"])


# -- policies ----------------------------------------------------------------------------------------------------------


@resident(POLICY)
async def keep_acting(ctx: Context, id: str) -> None:
    """Act each minute while the alarm of a policy is in ALARM."""
    while True:
        policy = await ctx.fetch(_policy, ctx, id)
        if policy is None or not policy.alarm or not await _act(ctx, policy):
            await ctx.transact(_rest, ctx, id, policy.alarm if policy is not None else "")
            return
        await ctx.clock.sleep(MINUTE)


def _policy(tx: Reader, ctx: Context, id: str) -> Policy | None:
    return next(iter(tx.scan_index(POLICIES, "id", (ctx.account, ctx.region, id))), None)


def _rest(tx: Transaction, ctx: Context, id: str, alarm: str) -> None:
    """Act no more, unless another alarm has told its state meanwhile."""
    policy = _policy(tx, ctx, id)
    if policy is not None and policy.alarm != alarm:
        return
    if policy is not None:
        policy.alarm = ""
        tx.put(POLICIES, policy)
    ctx.leave(tx, POLICY, id)


async def _act(ctx: Context, policy: Policy) -> bool:
    """Scale once, if the alarm is still in ALARM; whether it is."""
    target = await ctx.fetch(lambda tx: tx.get(TARGETS, place(policy)))
    if target is None or target.dimension not in CAPACITIES:
        return False
    there = await acting(ctx, target.namespace, target.role)
    answer = await there.call("cloudwatch", "DescribeAlarms", {"AlarmNames": [policy.alarm]})
    alarm = next(iter(answer["MetricAlarms"]), None)
    if alarm is None or alarm["StateValue"] != "ALARM":
        return False
    value = _value(alarm)
    current = await _current(ctx, target)
    if value is None or current is None:
        return True
    wanted = _wanted(ctx, policy, target, alarm, value, current)
    if wanted is not None and await set_capacity(ctx, target, wanted, _cause(policy)):
        await ctx.transact(_scaled, ctx, policy, wanted > current, current)
    return True


def _cause(policy: Policy) -> str:
    return f"monitor alarm {policy.alarm} in state ALARM triggered policy {policy.name}"


def _value(alarm: dict[str, Any]) -> float | None:
    """The newest value that the alarm was evaluated on."""
    try:
        recent = documents.read_object(alarm.get("StateReasonData") or "").get("recentDatapoints") or []
    except documents.BadDocument:  # a state that SetAlarmState gave
        recent = []
    return float(recent[-1]) if recent else None


def _wanted(
    ctx: Context, policy: Policy, target: Target, alarm: dict[str, Any], value: float, current: int
) -> int | None:
    """The new capacity, or None if nothing is to be changed: cooldowns, suspensions and the range have their say.

    During a scale-out cooldown the policy computes from the capacity before, so that only a larger change is made.
    """
    out_cooldown, in_cooldown = _cooldowns(policy)
    cooling = policy.scaled_out > 0 and ctx.now() < policy.scaled_out + out_cooldown
    base = policy.before if cooling else current
    wanted = _computed(policy, target, alarm, value, base)
    if wanted is None or (wanted := bounded(target, wanted)) == current:
        return None
    if wanted > current:
        return None if target.suspended.get("DynamicScalingOutSuspended") else wanted
    if cooling or target.suspended.get("DynamicScalingInSuspended") or policy.settings.get("DisableScaleIn"):
        return None
    return None if policy.scaled_in and ctx.now() < policy.scaled_in + in_cooldown else wanted


def _computed(policy: Policy, target: Target, alarm: dict[str, Any], value: float, base: int) -> int | None:
    if policy.type == "StepScaling":
        return rules.step(policy.settings, base, value - alarm["Threshold"])
    goal = float(policy.settings["TargetValue"])
    if tracking.counts_units(policy):
        wanted = rules.tracked(1, value / 60 * 100, goal)
    else:
        wanted = rules.tracked(base, value, goal)
    high = tracking.is_high(target, policy.alarm)
    return wanted if (wanted > base) is high and wanted != base else None


def _cooldowns(policy: Policy) -> tuple[float, float]:
    settings = policy.settings
    if policy.type == "StepScaling":
        both = float(settings.get("Cooldown", rules.COOLDOWN))
        return both, both
    default = rules.default_cooldown(policy.namespace)
    return float(settings.get("ScaleOutCooldown", default)), float(settings.get("ScaleInCooldown", default))


def _scaled(tx: Transaction, ctx: Context, policy: Policy, out: bool, before: int) -> None:
    kept = tx.get(POLICIES, POLICIES.key(policy))
    if kept is not None:
        kept.scaled_out, kept.scaled_in = (ctx.now(), kept.scaled_in) if out else (kept.scaled_out, ctx.now())
        kept.before = before
        tx.put(POLICIES, kept)


# -- scheduled actions -------------------------------------------------------------------------------------------------


def wait_for(tx: Transaction, ctx: Context, action: Action) -> None:
    """Store an action, and have it run when it is due."""
    try:
        action.due = next_run(action, ctx.now())
    except (ValueError, KeyError):  # checked when it was put
        action.due = 0.0
    tx.put(ACTIONS, action)
    if action.due:
        ctx.reside(tx, ACTION, action.id, generation=int(action.due))
    else:
        ctx.leave(tx, ACTION, action.id)


@resident(ACTION)
async def keep_time(ctx: Context, id: str) -> None:
    """Run an action whenever it is due."""
    while True:
        action = await ctx.fetch(
            lambda tx: next(iter(tx.scan_index(ACTIONS, "id", (ctx.account, ctx.region, id))), None)
        )
        if action is None or not action.due:
            return
        await ctx.clock.sleep(max(action.due - ctx.now(), 0))
        changed = await ctx.transact(_run, ctx, action)
        if changed:
            await into_range(ctx, place(action), f"scheduled action {action.name} was triggered")
        if not await ctx.transact(_again, ctx, action):
            return


def _action(tx: Reader, ctx: Context, id: str) -> Action | None:
    return next(iter(tx.scan_index(ACTIONS, "id", (ctx.account, ctx.region, id))), None)


def _run(tx: Transaction, ctx: Context, action: Action) -> bool:
    """Give the target its new range; False while scheduled scaling is suspended."""
    target = tx.get(TARGETS, place(action))
    if target is None or target.suspended.get("ScheduledScalingSuspended"):
        return False
    target.least = target.least if action.least is None else action.least
    target.most = target.most if action.most is None else action.most
    if target.least > target.most:  # only one of them was given
        target.least, target.most = (target.least, target.least) if action.most is None else (target.most, target.most)
    tx.put(TARGETS, target)
    return True


def _again(tx: Transaction, ctx: Context, action: Action) -> bool:
    """Note when the action is due next; False if it is not."""
    kept = tx.get(ACTIONS, ACTIONS.key(action))
    if kept is None or kept.id != action.id:
        return False
    kept.due = 0.0 if kept.schedule.startswith("at(") else next_run(kept, ctx.now())
    tx.put(ACTIONS, kept)
    if not kept.due:
        ctx.leave(tx, ACTION, kept.id)
    return bool(kept.due)
