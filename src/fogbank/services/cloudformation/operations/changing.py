"""CreateStack, UpdateStack, DeleteStack, and the operations that cancel, continue or roll back."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import arns, policies, stacks
from ..arns import changed_stack, named_stack
from ..difference import difference
from ..engine.acting import check_role
from ..engine.exports import in_use
from ..errors import AlreadyExists, LimitExceeded, TokenAlreadyExists, stack_missing
from ..prepare import Prepared, draft, finish
from ..records import REVISIONS, STACKS, Revision, Stack
from ..sources import template_text

UPDATABLE = frozenset(
    (
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
        "CREATE_FAILED",
    )
)
UNCHANGED = "No updates are to be performed."


def new_stack(ctx: Context, name: str) -> Stack:
    stacks.check_name(name)
    return Stack(
        account=ctx.account,
        region=ctx.region,
        id=stacks.new_id(ctx, name),
        name=name,
        status="CREATE_IN_PROGRESS",
        created=ctx.now(),
    )


def refuse_existing(tx: Reader, ctx: Context, name: str) -> None:
    if stacks.taken(tx, ctx, name):
        raise AlreadyExists(f"Stack [{name}] already exists")
    limit = ctx.quota("cloudformation", stacks.STACK_COUNT, tx)
    if tx.count(STACKS, (ctx.account, ctx.region)) >= limit:
        alive = sum(1 for s in tx.scan(STACKS, (ctx.account, ctx.region)) if s.status != "DELETE_COMPLETE")
        if alive >= limit:
            raise LimitExceeded(f"Limit for stack has been exceeded: {limit}")


async def policy_of(ctx: Context, req: dict[str, Any], what: str) -> str:
    """Read and check the stack policy of a request, given as body or URL; '' when there is none."""
    policy = await template_text(ctx, req, what=what) or ""
    if policy:
        policies.check(policy)
    return policy


def put_revision(tx: Transaction, stack: Stack, prepared: Revision, number: int) -> None:
    prepared.stack_id, prepared.number = stack.id, number
    stack.notification_arns = prepared.notification_arns
    tx.put(REVISIONS, prepared)


@operation("cloudformation", "CreateStack", resource=arns.new_stack)
async def create_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a stack from a template. A job creates the resources.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    stack = new_stack(ctx, req["StackName"])
    if req.get("OnFailure") and req.get("DisableRollback") is not None:
        raise ValidationError("You can specify either DisableRollback or OnFailure, but not both.")
    repeated = await ctx.fetch(_repeated, ctx, req)
    if repeated:
        return {"StackId": repeated}
    await ctx.fetch(refuse_existing, ctx, stack.name)
    prepared = await finish(ctx, req, stack, None, await draft(ctx, req, stack, None), direct=True)
    stack.on_failure = req.get("OnFailure") or ("DO_NOTHING" if req.get("DisableRollback") else "ROLLBACK")
    stack.retain_except_on_create = bool(req.get("RetainExceptOnCreate"))
    stack.timeout_minutes = int(req.get("TimeoutInMinutes") or 0)
    stack.termination_protection = bool(req.get("EnableTerminationProtection"))
    stack.role_arn = await ctx.fetch(role_of, ctx, req)
    stack.description = prepared.template.description
    stack.policy = await policy_of(ctx, req, "StackPolicy")

    def write(tx: Transaction) -> None:
        refuse_existing(tx, ctx, stack.name)
        put_revision(tx, stack, prepared.revision, 1)
        stacks.begin(tx, ctx, stack, "CREATE_IN_PROGRESS", "User Initiated", req.get("ClientRequestToken", ""))

    await ctx.transact(write)
    await stacks.grace(ctx, stack.id)
    return {"StackId": stack.id}


def role_of(tx: Reader, ctx: Context, req: dict[str, Any]) -> str:
    """The checked RoleARN of a request, or ''."""
    return check_role(tx, ctx, req["RoleARN"]) if req.get("RoleARN") else ""


def _repeated(tx: Reader, ctx: Context, req: dict[str, Any]) -> str:
    """The id of the stack that an earlier request with the same ClientRequestToken created, or ''."""
    token = req.get("ClientRequestToken")
    stack = stacks.find(tx, ctx, req["StackName"]) if token else None
    if stack is None or stack.token != token:
        return ""
    return stack.id


def updatable(tx: Reader, ctx: Context, name: str) -> tuple[Stack, Revision]:
    """A stack in an updatable status and its current revision. Raises ValidationError."""
    stack = stacks.find(tx, ctx, name)
    if stack is None or stack.status == "DELETE_COMPLETE":
        raise stack_missing(name)
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    return stack, stacks.revision(tx, stack)


@operation("cloudformation", "UpdateStack", resource=changed_stack)
async def update_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Update a stack to another template or to other parameters.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
    """
    stack, current = await ctx.fetch(updatable, ctx, req["StackName"])
    token = req.get("ClientRequestToken", "")
    prepared = await finish(ctx, req, stack, current, await draft(ctx, req, stack, current), direct=True)
    found = await ctx.fetch(difference, ctx, stack, current, prepared, {})
    if found.nothing and stack.status != "UPDATE_FAILED":
        raise ValidationError(UNCHANGED)
    found.refuse_other_types()
    policy = await policy_of(ctx, req, "StackPolicy")
    during = await policy_of(ctx, req, "StackPolicyDuringUpdate")

    def write(tx: Transaction) -> None:
        latest, _ = updatable(tx, ctx, req["StackName"])
        latest.policy = policy or latest.policy
        latest.policy_during = during
        latest.role_arn = role_of(tx, ctx, req) or latest.role_arn
        latest.on_failure = "DO_NOTHING" if req.get("DisableRollback") else "ROLLBACK"
        begin_update(tx, ctx, latest, prepared, "UPDATE_IN_PROGRESS", token)

    await ctx.transact(write)
    await stacks.grace(ctx, stack.id)
    return {"StackId": stack.id}


def begin_update(tx: Transaction, ctx: Context, stack: Stack, prepared: Prepared, status: str, token: str) -> None:
    """Store the new revision and start the run."""
    stack.previous = stack.previous or stack.revision
    stack.revision += 1
    stack.updated = ctx.now()
    put_revision(tx, stack, prepared.revision, stack.revision)
    stacks.begin(tx, ctx, stack, status, "User Initiated", token)


@operation("cloudformation", "DeleteStack", resource=changed_stack)
async def delete_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a stack's resources and then the stack. Succeeds for a stack that does not exist, as in AWS.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
    """
    stack_id = await ctx.transact(_begin_deletion, ctx, req)
    if stack_id:
        await stacks.grace(ctx, stack_id)
    return {}


def _begin_deletion(tx: Transaction, ctx: Context, req: dict[str, Any]) -> str:
    """Start the deletion. Returns the stack's id, or '' when there is nothing to delete."""
    stack = stacks.find(tx, ctx, req["StackName"])
    if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
        return ""
    if stack.termination_protection:
        raise ValidationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    retain = list(req.get("RetainResources") or ())
    if retain and stack.status != "DELETE_FAILED":
        raise ValidationError(
            f"Invalid operation on stack [{stack.id}]. RetainResources is only supported for stacks in "
            "DELETE_FAILED state."
        )
    reason = in_use(tx, stack)
    if reason:
        raise ValidationError(reason)
    if stacks.in_progress(stack.status) and stack.status != "CREATE_IN_PROGRESS":
        raise ValidationError(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
    stack.retain = retain
    stack.forced = req.get("DeletionMode") == "FORCE_DELETE_STACK"
    stack.role_arn = role_of(tx, ctx, req) or stack.role_arn
    stacks.begin(tx, ctx, stack, "DELETE_IN_PROGRESS", "User Initiated", req.get("ClientRequestToken", ""))
    return stack.id


@operation("cloudformation", "CancelUpdateStack", resource=named_stack)
def cancel_update_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop an update and roll it back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CancelUpdateStack.html
    """
    with ctx.write() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        if stack.status != "UPDATE_IN_PROGRESS":
            raise ValidationError("CancelUpdateStack cannot be called from current stack status")
        if req.get("ClientRequestToken") and req["ClientRequestToken"] == stack.token:
            raise TokenAlreadyExists("A client request token already exists.")
        stack.cancelled = True
        tx.put(STACKS, stack)
        tx.signal(stacks.topic(stack.id))
    return {}


@operation("cloudformation", "ContinueUpdateRollback", resource=changed_stack)
def continue_update_rollback(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Continue a failed rollback, without the resources in ResourcesToSkip.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html
    """
    with ctx.write() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not continue update rollback.")
        stack.skip = list(req.get("ResourcesToSkip") or ())
        stack.role_arn = role_of(tx, ctx, req) or stack.role_arn
        token = req.get("ClientRequestToken", "")
        status = "UPDATE_ROLLBACK_IN_PROGRESS"
        stacks.begin(tx, ctx, stack, status, "User Initiated", token, asked="CONTINUE_ROLLBACK")
    return {}


@operation("cloudformation", "RollbackStack", resource=changed_stack)
def rollback_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Roll back a stack whose rollback was disabled.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html
    """
    with ctx.write() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        status = {"CREATE_FAILED": "ROLLBACK_IN_PROGRESS", "UPDATE_FAILED": "UPDATE_ROLLBACK_IN_PROGRESS"}.get(
            stack.status
        )
        if status is None:
            raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        stack.role_arn = role_of(tx, ctx, req) or stack.role_arn
        stack.retain_except_on_create = bool(req.get("RetainExceptOnCreate"))
        token = req.get("ClientRequestToken", "")
        stacks.begin(tx, ctx, stack, status, "User Initiated", token, asked="ROLLBACK")
    return {"StackId": stack.id}


@operation("cloudformation", "UpdateTerminationProtection", resource=named_stack)
def update_termination_protection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html"""
    with ctx.write() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise stack_missing(req["StackName"])
        if stack.parent_id:
            raise ValidationError("Termination protection can only be changed on the root stack")
        tx.put(STACKS, msgspec.structs.replace(stack, termination_protection=bool(req["EnableTerminationProtection"])))
    return {"StackId": stack.id}
