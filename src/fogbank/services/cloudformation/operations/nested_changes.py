"""The change sets of nested stacks, which IncludeNestedStacks makes together with their parent's.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html

A nested stack that the execution will create gets a stack in REVIEW_IN_PROGRESS for its change set. In AWS the
execution creates the resources in that stack; here it creates the nested stack anew, and the reviewed one disappears.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.store.api import Transaction

from ..diff import NESTED
from ..records import CHANGE_SETS, EVENTS, STACKS, ChangeSet
from ..template.functions import text_of


async def descend(ctx: Context, record: ChangeSet) -> str:
    """Create the change sets of the nested stacks in a change set. Returns the reason of a failure, or ''."""
    for change in record.changes:
        if change["ResourceType"] != NESTED or change["Action"] not in ("Add", "Modify"):
            continue
        made = await ctx.call("cloudformation", "CreateChangeSet", _request(ctx, record, change))
        child = await ctx.transact(_adopt, ctx, made["Id"], record)
        change["ChangeSetId"] = child.id
        if child.status == "FAILED":
            return (
                f"Nested change set {child.id} was not successfully created: Currently in FAILED with reason: "
                f"{child.reason}"
            )
    return ""


def _request(ctx: Context, record: ChangeSet, change: dict[str, Any]) -> dict[str, Any]:
    properties = msgspec.json.decode(change["AfterContext"])["Properties"]
    given = properties.get("Parameters") or {}
    name = change["LogicalResourceId"]
    existing = change.get("PhysicalResourceId")
    return {
        "StackName": existing or f"{record.stack_name[:90]}-{name[:20]}-{ctx.ids.hex(12).upper()}",
        "ChangeSetName": f"{record.name[:80]}-{name[:30]}-{ctx.ids.hex(12)}",
        "ChangeSetType": "UPDATE" if existing else "CREATE",
        "TemplateURL": text_of(properties["TemplateURL"]),
        "Parameters": [
            {
                "ParameterKey": key,
                "ParameterValue": ",".join(map(text_of, value)) if isinstance(value, list) else text_of(value),
            }
            for key, value in given.items()
        ],
        "Capabilities": list(record.capabilities),
        "Tags": properties.get("Tags") or [],
        "IncludeNestedStacks": True,
    }


def _adopt(tx: Transaction, ctx: Context, id: str, parent: ChangeSet) -> ChangeSet:
    """Make a change set a part of its parent. One without changes is complete: the execution leaves its stack alone."""
    child = tx.get(CHANGE_SETS, (ctx.account, ctx.region, id))
    if child is None:
        raise ValidationError(f"ChangeSet [{id}] does not exist")
    root = parent.root or parent.id
    for inner in list(tx.scan_index(CHANGE_SETS, "root", (child.id,))):
        inner.root = root
        tx.put(CHANGE_SETS, inner)
    child.parent, child.root = parent.id, root
    if child.status == "FAILED" and not child.changes and child.reason.startswith("The submitted information"):
        child.status, child.reason = "CREATE_COMPLETE", ""
    child.execution_status = "UNAVAILABLE" if child.status == "FAILED" else "AVAILABLE"
    tx.put(CHANGE_SETS, child)
    return child


def refuse_nested(record: ChangeSet, verb: str) -> None:
    """Raise ValidationError for a nested change set: only the root can be executed or deleted. Text not confirmed."""
    if record.parent:
        raise ValidationError(
            f"Invalid operation on nested change set [{record.id}]: {verb} the root change set [{record.root}] instead."
        )


def finish(tx: Transaction, root: ChangeSet, *, executed: bool) -> None:
    """Complete or delete the nested change sets of a root, and the stacks that only they had."""
    for child in list(tx.scan_index(CHANGE_SETS, "root", (root.id,))):
        where = (child.account, child.region, child.stack_id)
        stack = tx.get(STACKS, where)
        reviewed = stack is not None and stack.status == "REVIEW_IN_PROGRESS"
        if executed and not reviewed:
            child.execution_status = "EXECUTE_COMPLETE"
            tx.put(CHANGE_SETS, child)
            continue
        tx.delete(CHANGE_SETS, CHANGE_SETS.key(child))
        if reviewed:
            tx.delete(STACKS, where)
            for event in list(tx.scan(EVENTS, where)):
                tx.delete(EVENTS, EVENTS.key(event))
