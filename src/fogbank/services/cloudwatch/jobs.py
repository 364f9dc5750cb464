"""What happens on the clock: alarms are evaluated, their actions taken.

An alarm is evaluated at each minute (each ten seconds when its period is shorter) while there is data in its evaluation
range; then it sleeps until one of its metrics has a point again, so that an idle alarm costs nothing.
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.core.residents import resident
from fogbank.core.targets import Undeliverable
from fogbank.store.api import Transaction

from . import queries, rules, verdicts
from .arns import alarm_arn
from .notifications import deliver
from .points import awake, flush
from .records import ALARMS, Alarm
from .states import change, note, stamp

WATCH = "cloudwatch.alarm"
MAX_POINTS = 500_000  # that the expressions of an alarm may work on: they are evaluated in the alarm's transaction


def step(settings: dict[str, Any]) -> int:
    """Seconds between evaluations."""
    stats = [query["MetricStat"]["Period"] for query in queries.of_alarm(settings) if "MetricStat" in query]
    return 10 if min(stats, default=60) < 60 else 60


def watched(tx: Transaction, ctx: Context, alarm: Alarm) -> None:
    """Evaluate a metric alarm from the next full minute (ten seconds) on, whatever it did before."""
    alarm.asleep, alarm.generation = False, alarm.generation + 1
    tx.put(ALARMS, alarm)
    ctx.reside(tx, WATCH, alarm.name, generation=alarm.generation)


@resident(WATCH)
async def watch_alarm(ctx: Context, id: str) -> None:
    """Evaluate a metric alarm for as long as it is there."""
    alarm = await ctx.fetch(lambda tx: tx.get(ALARMS, (ctx.account, ctx.region, id)))
    if alarm is None:
        return
    every = step(alarm.settings)
    pause: float | None = every - ctx.now() % every
    with ctx.watch(awake(ctx, id)) as watch:
        while True:
            await watch.wait(pause)
            await flush(ctx)
            pause = await ctx.transact(_evaluate, ctx, id)


def _evaluate(tx: Transaction, ctx: Context, name: str) -> float | None:
    """One evaluation; seconds until the next, None when nothing can change before another point arrives."""
    alarm = tx.get(ALARMS, (ctx.account, ctx.region, name))
    if alarm is None or alarm.composite:
        return None
    settings = alarm.settings
    every = step(settings)
    wanted = queries.of_alarm(settings)
    returned = next(query["Id"] for query in wanted if query.get("ReturnData", True))
    end = int(ctx.now()) // every * every
    period = queries.Queries(ctx, wanted, 0, end).period(returned)
    size = settings["EvaluationPeriods"] + verdicts.EXTRA
    starts = [end - period * n for n in range(size, 0, -1)]
    asked = queries.Queries(ctx, wanted, starts[0], end, points=MAX_POINTS).aligned()
    for metric in asked.metrics:
        read = asked.values(metric)
        while read.more(tx):
            pass  # an alarm looks at a few days at most
        asked.keep(metric, read)
    try:
        lines = asked.lines(returned)
    except ServiceError:  # data that the expression cannot be computed of
        lines = []
    line = lines[0] if lines else {}
    values = [line.get(start) for start in starts]
    verdict = verdicts.evaluate(settings, values, starts)
    if verdict.state and (verdict.state != alarm.state or not alarm.updated):
        change(tx, ctx, alarm, verdict.state, verdict.reason, _data(ctx, settings, values, starts, period))
    alarm.asleep = verdicts.settled(settings, values, alarm.state) and not _newer(tx, ctx, alarm, end)
    tx.put(ALARMS, alarm)
    return None if alarm.asleep else end + every - ctx.now()


def _newer(tx: Transaction, ctx: Context, alarm: Alarm, end: int) -> bool:
    """Whether a metric of the alarm has a point of the running minute, or of a time still to come."""
    from .records import SERIES

    return any(
        series.seen >= end
        for namespace, name in alarm.watched
        for series in tx.scan(SERIES, (ctx.account, ctx.region, namespace, name))
    )


def _data(ctx: Context, settings: dict[str, Any], values: list[float | None], starts: list[int], period: int) -> str:
    """StateReasonData."""
    newest = list(zip(starts, values, strict=True))[-settings["EvaluationPeriods"] :]
    recent = [value for _, value in newest if value is not None]
    data: dict[str, Any] = {"version": "1.0", "queryDate": stamp(ctx.now())}
    if recent:
        data["startDate"] = stamp(next(at for at, value in newest if value is not None))
    if settings.get("Statistic"):
        data["statistic"] = settings["Statistic"]
    data |= {"period": period, "recentDatapoints": recent, "threshold": settings["Threshold"]}
    data["evaluatedDatapoints"] = [
        {"timestamp": stamp(at), **({} if value is None else {"value": value})} for at, value in reversed(newest)
    ]
    return json.dumps(data)


@job("cloudwatch.composites")
async def composites(ctx: Context, payload: dict[str, Any]) -> None:
    """Evaluate the composite alarms of the account; one that changes has them evaluated again."""
    await ctx.transact(_composites, ctx)


def _composites(tx: Transaction, ctx: Context) -> None:
    alarms = {alarm.name: alarm for alarm in tx.scan(ALARMS, (ctx.account, ctx.region))}
    for alarm in alarms.values():
        if not alarm.composite:
            continue
        rule = rules.parse(alarm.settings["AlarmRule"], alarm_arn(ctx, ""))

        def state_of(name: str) -> str:
            return alarms[name].state if name in alarms else "INSUFFICIENT_DATA"

        state = "ALARM" if rules.holds(rule, state_of) else "OK"
        if state != alarm.state:
            text = alarm.settings["AlarmRule"]
            reason = f"The composite alarm's rule {text} evaluates to {'TRUE' if state == 'ALARM' else 'FALSE'}."
            change(tx, ctx, alarm, state, reason[:1023], "")


@job("cloudwatch.act", attempts=3)
async def act(ctx: Context, payload: dict[str, Any]) -> None:
    """One action of one change of state, noted in the history as AWS notes it."""
    alarm = await ctx.fetch(lambda tx: tx.get(ALARMS, (ctx.account, ctx.region, payload["alarm"])))
    if alarm is None:
        return
    action, failure = payload["action"], ""
    try:
        done = await deliver(ctx, alarm, payload)
    except Undeliverable as refused:
        done, failure = True, f"{refused.error.code}: {refused.error.message}"

    def write(tx: Transaction) -> None:
        words = "Successfully executed" if done and not failure else "Failed to execute"
        data = {"actionState": "Failed" if failure or not done else "Succeeded", "stateUpdateTimestamp": payload["at"],
                "notificationResource": action, "error": failure or None}  # fmt: skip
        note(tx, ctx, alarm, "Action", f"{words} action {action}"[:255], data)

    await ctx.transact(write)
