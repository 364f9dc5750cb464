"""Look-up of change sets: by ARN, or by name and stack."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Named, named, remember, resolved
from fogbank.store.api import Reader

from . import stacks
from .errors import ChangeSetNotFound, stack_missing
from .records import CHANGE_SETS, ChangeSet, Stack

CHANGE_SET = "change set"


def name(ctx: Context, req: dict[str, Any]) -> tuple[Named, str]:
    """Resolve the change set of a request for authorization: its stack, and the change set's name."""
    text, of = _said(req)
    stack = stacks.name(ctx, of) if of else None
    with ctx.read() as tx:
        found = _look(tx, ctx, text, stack.record if stack is not None else None, alone=stack is None)
    if stack is None:
        stack = _stack_of(ctx, text, found)
    key = CHANGE_SETS.key(found) if found is not None else None
    remember(ctx, CHANGE_SET, f"{of} {text}", named(stack, stack.owner, key=key, record=found))
    return stack, found.name if found is not None else text


def _said(req: dict[str, Any]) -> tuple[str, str]:
    """ChangeSetName and StackName of a request; StackName may be missing (empty) when ChangeSetName is an ARN."""
    text, of = str(req["ChangeSetName"]), str(req.get("StackName") or "")
    if not of and not text.startswith("arn:"):
        raise ValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
    return text, of


def _stack_of(ctx: Context, text: str, found: ChangeSet | None) -> Named:
    """The stack of a change set that was named by ARN alone. Without such a change set: any stack of the account."""
    if found is not None:
        return named(found.stack_id, found.account)
    account = stacks.account_in(ctx, text, "changeSet")
    if not account:
        raise _missing(text)
    return named(ctx.arn("cloudformation", "stack/*/*", account=account), account)


def _look(tx: Reader, ctx: Context, text: str, stack: Stack | None, *, alone: bool) -> ChangeSet | None:
    """Look up a change set. Unless it was named `alone` (by ARN, without a stack), it must belong to `stack`."""
    if not alone and stack is None:
        return None
    if not text.startswith("arn:"):
        return tx.first(CHANGE_SETS, "stack", (stack.id, text)) if stack is not None else None
    found = tx.get(CHANGE_SETS, (ctx.account, ctx.region, text))
    return found if found is None or stack is None or found.stack_id == stack.id else None


def find(tx: Reader, ctx: Context, req: dict[str, Any]) -> ChangeSet:
    """The change set of a request. Raises ChangeSetNotFound, or ValidationError when its stack does not exist."""
    text, of = _said(req)
    stack = stacks.find(tx, ctx, of) if of else None
    if of and stack is None:
        raise stack_missing(of)
    if ctx.names is None:
        found = _look(tx, ctx, text, stack, alone=not of)
    else:
        key = resolved(ctx, CHANGE_SET, f"{of} {text}").key
        found = tx.get(CHANGE_SETS, key) if key is not None else None
    if found is None:
        raise _missing(text)
    return found


def _missing(text: str) -> ChangeSetNotFound:
    return ChangeSetNotFound(f"ChangeSet [{text}] does not exist")
