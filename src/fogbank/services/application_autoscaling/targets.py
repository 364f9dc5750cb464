"""Alarms that tell their policy that they went to ALARM."""

from __future__ import annotations

from fogbank.core import documents
from fogbank.core.arns import Arn
from fogbank.core.context import Context
from fogbank.core.targets import Message, target
from fogbank.store.api import Transaction

from .errors import ObjectNotFoundException
from .find import policy_arn
from .records import POLICIES
from .scaling import POLICY


@target("autoscaling")
async def act(ctx: Context, arn: Arn, message: Message) -> None:
    """An alarm of the policy's own account and region may act on it."""
    alarm = documents.read_object(message.text)["alarmData"]
    await ctx.transact(_begin, ctx, arn, alarm["alarmName"], alarm["state"]["value"])


def _begin(tx: Transaction, ctx: Context, arn: Arn, alarm: str, state: str) -> None:
    id = arn.resource.split(":")[1] if ":" in arn.resource else ""
    policy = next(iter(tx.scan_index(POLICIES, "id", (ctx.account, ctx.region, id))), None)
    if policy is None or policy_arn(ctx, policy) != str(arn):
        raise ObjectNotFoundException(f"No scaling policy found with ARN {arn}")
    if state == "ALARM":
        policy.alarm = alarm
        tx.put(POLICIES, policy)
        ctx.reside(tx, POLICY, policy.id, generation=int(ctx.now() * 1000))
