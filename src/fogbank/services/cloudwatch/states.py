"""Changes an alarm's state: writes its history, and enqueues its actions and the evaluation of composite alarms."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .records import ALARMS, HISTORY, Alarm, History

ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def stamp(seconds: float) -> str:
    """Format epoch seconds like 2024-10-26T18:59:00.000+0000."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def note(tx: Transaction, ctx: Context, alarm: Alarm, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Add an item to the history of an alarm (DescribeAlarmHistory)."""
    tx.put(
        HISTORY,
        History(
            account=alarm.account,
            region=alarm.region,
            alarm=alarm.name,
            at_ms=int(ctx.now() * 1000),
            id=ctx.ids.uuid(),
            kind=kind,
            summary=summary,
            data=json.dumps(data),
            composite=alarm.composite,
        ),
    )


def change(tx: Transaction, ctx: Context, alarm: Alarm, state: str, reason: str, data: str) -> None:
    """Set the alarm's state. If it is new, add it to the history, and enqueue actions and composite alarms."""
    before = {"stateValue": alarm.state, "stateReason": alarm.reason}
    old = alarm.state
    now = ctx.now()
    if old != state:
        alarm.transitioned = now
    alarm.state, alarm.reason, alarm.reason_data, alarm.updated = state, reason, data, now
    tx.put(ALARMS, alarm)
    if old == state:
        return
    after: dict[str, Any] = {"stateValue": state, "stateReason": reason}
    if data:
        after["stateReasonData"] = json.loads(data)
    note(tx, ctx, alarm, "StateUpdate", f"Alarm updated from {old} to {state}",
         {"version": "1.0", "oldState": before, "newState": after})  # fmt: skip
    if alarm.settings.get("ActionsEnabled", True):
        for action in alarm.settings.get(ACTIONS[state]) or ():
            payload = {"alarm": alarm.name, "action": action, "old": old, "old_reason": before["stateReason"],
                       "state": state, "reason": reason, "data": data, "at": now}  # fmt: skip
            ctx.later(tx, "cloudwatch.act", payload)
    ctx.later(tx, "cloudwatch.composites", {}, name="composites")
