"""Finding change sets."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.store.api import Reader

from . import stacks
from .errors import ChangeSetNotFound, stack_missing
from .records import CHANGE_SETS, ChangeSet


def find_change_set(tx: Reader, ctx: Context, req: dict[str, Any]) -> ChangeSet:
    """By ARN, or by name and stack. ChangeSetNotFound when there is none."""
    name = req["ChangeSetName"]
    if name.startswith("arn:"):
        found = tx.get(CHANGE_SETS, (ctx.account, ctx.region, name))
    else:
        if not req.get("StackName"):
            raise ValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        found = tx.first(CHANGE_SETS, "stack", (stack.id, name))
    if found is None:
        raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")
    return found
