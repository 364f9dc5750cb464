"""Finding stacks, and the few transitions that every part makes."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import events
from .errors import no_stack
from .records import RESOURCES, REVISIONS, STACKS, Revision, Stack, StackResource
from .template.structure import Template, sections

MAX_STACKS = 2000  # "CloudFormation quotas": stacks per account and region
GRACE = 2.0  # seconds
WAIT = "AWS::CloudFormation::WaitCondition"
KEPT_SECONDS = 90 * 86400  # a deleted stack is described by its id for 90 days


def find(tx: Reader, ctx: Context, name: str) -> Stack | None:
    """A stack by name (not deleted) or by id (deleted ones too)."""
    if name.startswith("arn:"):
        return tx.get(STACKS, (ctx.account, ctx.region, name))
    return tx.first(STACKS, "name", (ctx.account, ctx.region, name))


def require(tx: Reader, ctx: Context, name: str) -> Stack:
    """ValidationError "Stack with id NAME does not exist" when there is none."""
    stack = find(tx, ctx, name)
    if stack is None:
        raise no_stack(name)
    return stack


def get(tx: Reader, ctx: Context, stack_id: str) -> Stack:
    stack = tx.get(STACKS, (ctx.account, ctx.region, stack_id))
    if stack is None:
        raise no_stack(stack_id)
    return stack


def revision(tx: Reader, stack: Stack, number: int = 0) -> Revision:
    """A revision of a stack, the current one by default."""
    found = tx.get(REVISIONS, (stack.account, stack.region, stack.id, number or stack.revision))
    if found is None:
        raise no_stack(stack.name)
    return found


def template_of(revision: Revision) -> Template:
    """The processed template of a revision (one that never had one has no resources)."""
    document = msgspec.json.decode(revision.processed) if revision.processed else {}
    if not document.get("Resources"):
        return Template(document=document)
    return sections(document)


def resources(tx: Reader, stack: Stack) -> list[StackResource]:
    """The resources of a stack, deleted ones included, by logical id."""
    return list(tx.scan(RESOURCES, (stack.account, stack.region, stack.id)))


def topic(stack_id: str) -> str:
    """Signalled whenever a stack's status changes, or it is asked to stop."""
    return f"cloudformation/{stack_id}"


def new_id(ctx: Context, name: str) -> str:
    return ctx.arn("cloudformation", f"stack/{name}/{ctx.ids.uuid()}")


def set_status(tx: Transaction, ctx: Context, stack: Stack, status: str, reason: str = "") -> None:
    """Move a stack to a status, with its event and a signal to whoever waits."""
    stack.status = status
    stack.reason = reason
    tx.put(STACKS, stack)
    events.add(tx, ctx, stack, stack.name, stack.id, "AWS::CloudFormation::Stack", status, reason)
    tx.signal(topic(stack.id))


def in_progress(status: str) -> bool:
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def begin(tx: Transaction, ctx: Context, stack: Stack, status: str, reason: str, token: str = "") -> None:
    """Start a run: a new operation id, the status with its event, and the job."""
    stack.operation = ctx.ids.hex(16)
    stack.cancelled = False
    stack.token = token
    set_status(tx, ctx, stack, status, reason)
    ctx.later(tx, "cloudformation.run", {"stack": stack.id}, name=stack.id)


async def grace(ctx: Context, stack_id: str) -> None:
    """Return when the stack has settled or waits for somebody's signal, at the latest after GRACE seconds.

    AWS takes about as long to answer, so no client can tell; but a small stack is done when its client looks for the
    first time, and the AWS CLI looks a second time only half a minute later.
    """
    if ctx.clock.frozen:
        return
    end = ctx.now() + GRACE
    with ctx.watch(topic(stack_id)) as watch:
        while (left := end - ctx.now()) > 0 and await ctx.fetch(_moves, ctx, stack_id):
            await watch.wait(left)


def _moves(tx: Reader, ctx: Context, stack_id: str) -> bool:
    """Whether a stack is in progress and does not merely wait."""
    stack = get(tx, ctx, stack_id)
    if not in_progress(stack.status):
        return False
    return not any(r.type == WAIT and r.status.endswith("_IN_PROGRESS") for r in resources(tx, stack))


def merge(target: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """`target` with what is not empty in `extra`."""
    return {**target, **{key: value for key, value in extra.items() if value not in (None, "", [], {})}}
