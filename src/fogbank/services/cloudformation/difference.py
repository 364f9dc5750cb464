"""Tells whether an update would change anything, and what."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.store.api import Reader

from . import stacks
from .diff import Differ
from .engine import registry
from .engine.environment import exports_of, outputs_of, plan
from .prepare import Prepared
from .records import Revision, Stack, StackResource


class Difference(msgspec.Struct):
    """The result of comparing a stack with a prepared revision.

    `changes`: ResourceChange structures. `other`: something other than a resource differs (tags, topics, outputs).
    `retyped`: logical ids of resources whose type differs.
    """

    changes: list[dict[str, Any]]
    other: bool
    retyped: list[str]

    @property
    def nothing(self) -> bool:
        return not self.changes and not self.other

    def refuse_other_types(self) -> None:
        if self.retyped:
            raise ValidationError(
                "Update of resource type is not permitted. The new template modifies resource type of the following "
                f"resources: [{', '.join(self.retyped)}]"
            )


def difference(
    tx: Reader, ctx: Context, stack: Stack, current: Revision | None, prepared: Prepared, imports: dict[str, str]
) -> Difference:
    """Compare a stack's current state with the prepared revision."""
    records: dict[str, StackResource] = {r.logical_id: r for r in stacks.resources(tx, stack)}
    old = None
    if current is not None:
        old = plan(stack, current, stacks.template_of(current))
    scope = msgspec.structs.replace(prepared.plan.scope, export=exports_of(ctx, stack, tx))
    differ = Differ(records, old, prepared.plan, prepared.revision.tags, registry.finder(ctx.app.settings), scope)
    changes = differ.changes(imports)
    other = current is None
    if current is not None:
        other = (
            current.tags != prepared.revision.tags
            or current.notification_arns != prepared.revision.notification_arns
            or _outputs_differ(stack, prepared, differ)
        )
    retyped = [
        name
        for name, declared in prepared.plan.resources.items()
        if name in records
        and records[name].physical_id
        and records[name].status != "DELETE_COMPLETE"
        and records[name].type != declared["Type"]
    ]
    return Difference(changes=changes, other=other, retyped=retyped)


def _outputs_differ(stack: Stack, prepared: Prepared, differ: Differ) -> bool:
    try:
        return outputs_of(prepared.plan, differ.scope) != stack.outputs
    except ServiceError:
        return True  # start the update: its run reports the error
