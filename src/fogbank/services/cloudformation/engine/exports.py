"""Exports and imports between stacks. User Guide, "Get exported outputs from a deployed CloudFormation stack"."""

from __future__ import annotations

from fogbank.store.api import Reader, Transaction

from ..records import EXPORTS, IMPORTS, Export, Import, Stack


class ExportProblem(Exception):
    """Raised when an export cannot be created, changed or deleted; the text is AWS's."""


def publish(tx: Transaction, stack: Stack, outputs: list[dict[str, str]], imported: set[str]) -> None:
    """Replace a stack's exports and imports. Raises ExportProblem."""
    where = (stack.account, stack.region)
    new = {output["export"]: output["value"] for output in outputs if "export" in output}
    if len(new) < sum("export" in output for output in outputs):
        raise ExportProblem("Export names must be unique within a stack.")
    for old in list(tx.scan_index(EXPORTS, "stack", (*where, stack.id))):
        users = importers(tx, stack, old.name)
        if old.name not in new:
            if users:
                raise ExportProblem(f"Export {old.name} cannot be deleted as it is in use by {' and '.join(users)}")
            tx.delete(EXPORTS, (*where, old.name))
        elif old.value != new[old.name] and users:
            raise ExportProblem(f"Export {old.name} cannot be updated as it is in use by {' and '.join(users)}")
    for name, value in new.items():
        other = tx.get(EXPORTS, (*where, name))
        if other is not None and other.stack_id != stack.id:
            owner = other.stack_id.split("/")[1]
            raise ExportProblem(f"Export with name {name} is already exported by stack {owner}")
        export = Export(account=stack.account, region=stack.region, name=name, value=value, stack_id=stack.id)
        tx.put(EXPORTS, export)
    for held in list(tx.scan_index(IMPORTS, "stack", (*where, stack.id))):
        if held.name not in imported:
            tx.delete(IMPORTS, IMPORTS.key(held))
    for name in imported:
        use(tx, stack, name)


def use(tx: Transaction, stack: Stack, name: str) -> None:
    """Record that a stack imports an export, which blocks changes of that export."""
    tx.put(
        IMPORTS,
        Import(account=stack.account, region=stack.region, name=name, stack_id=stack.id, stack_name=stack.name),
    )


def withdraw(tx: Transaction, stack: Stack) -> None:
    """Delete the exports and imports of a deleted stack."""
    where = (stack.account, stack.region)
    for export in list(tx.scan_index(EXPORTS, "stack", (*where, stack.id))):
        tx.delete(EXPORTS, EXPORTS.key(export))
    for held in list(tx.scan_index(IMPORTS, "stack", (*where, stack.id))):
        tx.delete(IMPORTS, IMPORTS.key(held))


def importers(tx: Reader, stack: Stack, name: str) -> list[str]:
    """The names of the other stacks that use an export."""
    found = tx.scan(IMPORTS, (stack.account, stack.region, name))
    return sorted(held.stack_name for held in found if held.stack_id != stack.id)


def in_use(tx: Reader, stack: Stack) -> str:
    """AWS's text when another stack's import prevents the deletion of this stack, or ''."""
    for export in tx.scan_index(EXPORTS, "stack", (stack.account, stack.region, stack.id)):
        users = importers(tx, stack, export.name)
        if users:
            return f"Export {export.name} cannot be deleted as it is in use by {' and '.join(users)}"
    return ""
