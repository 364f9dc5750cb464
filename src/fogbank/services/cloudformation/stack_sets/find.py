"""Look-up of stack sets, by name or by id (NAME:UUID)."""

from __future__ import annotations

import re

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Kind
from fogbank.store.api import Key, Reader

from .errors import OperationNotFound, StackInstanceNotFound, StackSetNotFound
from .records import INSTANCES, OPERATIONS, SETS, Instance, SetOperation, StackSet

_NAME = re.compile(r"([a-zA-Z][-a-zA-Z0-9]{0,127})(?::[-a-zA-Z0-9]+)?")


def _key(ctx: Context, text: str) -> Key:
    match = _NAME.fullmatch(text)
    if match is None:
        raise ValidationError(
            f"1 validation error detected: Value '{text}' at 'stackSetName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*(?::[a-zA-Z0-9]{8}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-"
            "[a-zA-Z0-9]{4}-[a-zA-Z0-9]{12})?"
        )
    return ctx.account, ctx.region, match[1]


SET: Kind[StackSet] = Kind(
    "stack set",
    SETS,
    key=_key,
    arn=lambda ctx, key, record: ctx.arn("cloudformation", f"stackset/{record.id if record else f'{key[2]}:*'}"),
    missing=lambda ctx, key: StackSetNotFound(f"StackSet {key[2]} not found"),
)


def operation_of(tx: Reader, stack_set: StackSet, id: str) -> SetOperation:
    found = tx.get(OPERATIONS, (stack_set.account, stack_set.region, stack_set.name, id))
    if found is None:
        raise OperationNotFound(f"Operation {id} not found on StackSet {stack_set.id}")
    return found


def instances_of(tx: Reader, stack_set: StackSet) -> list[Instance]:
    return list(tx.scan(INSTANCES, (stack_set.account, stack_set.region, stack_set.name)))


def instance_of(tx: Reader, stack_set: StackSet, target: str, region: str) -> Instance:
    found = tx.get(INSTANCES, (stack_set.account, stack_set.region, stack_set.name, target, region))
    if found is None:
        raise StackInstanceNotFound(f"Stack instance not found for stack set {stack_set.name} in {target}/{region}")
    return found
