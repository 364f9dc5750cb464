"""SetStackPolicy, GetStackPolicy and SignalResource."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import callbacks, stacks
from ..arns import named_stack
from ..errors import stack_missing
from ..records import CALLBACKS, STACKS
from .changing import policy_of


@operation("cloudformation", "SetStackPolicy", resource=named_stack)
async def set_stack_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html"""
    policy = await policy_of(ctx, req, "StackPolicy")
    if not policy:
        raise ValidationError("Either StackPolicyBody or StackPolicyURL must be specified")

    def write(tx: Transaction) -> None:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise stack_missing(req["StackName"])
        stack.policy = policy
        tx.put(STACKS, stack)

    await ctx.transact(write)
    return {}


@operation("cloudformation", "GetStackPolicy", resource=named_stack)
def get_stack_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetStackPolicy.html"""
    with ctx.read() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
    return {"StackPolicyBody": stack.policy} if stack.policy else {}


@operation("cloudformation", "SignalResource", resource=named_stack)
def signal_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Send a signal to a wait condition that has a creation policy.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
    """
    name, logical_id = req["StackName"], req["LogicalResourceId"]
    with ctx.write() as tx:
        stack = stacks.require(tx, ctx, name)
        if not stacks.in_progress(stack.status):
            raise ValidationError(f"Stack {stack.id} is in {stack.status} state and can not be signaled")
        known = {record.logical_id: record for record in stacks.resources(tx, stack)}
        if logical_id not in known:
            raise ValidationError(f"Resource {logical_id} does not exist for stack {stack.name}")
        callback = callbacks.owe(tx, ctx, "wait", stack.id, logical_id, "signal")
        callback.answers.append({"UniqueId": req["UniqueId"], "Status": req["Status"]})
        tx.put(CALLBACKS, callback)
        tx.signal(callbacks.topic(callback.secret))
    return {}
