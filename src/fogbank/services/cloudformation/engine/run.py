"""One run of the provisioner for one stack: a chain of phases, each of which can resume where it stopped.

    CREATE_IN_PROGRESS ──► CREATE_COMPLETE
        └─ failed ──► ROLLBACK_IN_PROGRESS ──► ROLLBACK_COMPLETE | ROLLBACK_FAILED   (or CREATE_FAILED, or deletion)
    UPDATE_IN_PROGRESS ──► UPDATE_COMPLETE_CLEANUP_IN_PROGRESS ──► UPDATE_COMPLETE
        └─ failed ──► UPDATE_ROLLBACK_IN_PROGRESS ──► UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS
                          └─ UPDATE_ROLLBACK_FAILED           ──► UPDATE_ROLLBACK_COMPLETE
    DELETE_IN_PROGRESS ──► DELETE_COMPLETE | DELETE_FAILED

All state is in the store: the stack's status tells the phase, and the resource records tell how far it has come.
IMPORT_IN_PROGRESS and the statuses after it are UPDATE's with other names. User Guide, "Stack status codes".
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from fogbank.core.clock import aside
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.jobs.locks import Locks
from fogbank.store.api import Reader, Transaction

from .. import stacks
from ..records import CALLBACKS, LEFTOVERS, RESOURCES, REVISIONS, STACKS, Revision, Stack, StackResource
from . import registry
from .acting import acting
from .environment import Plan, outputs_of, plan, with_resources
from .exports import ExportProblem, publish, withdraw
from .removal import Removal
from .steps import Steps
from .triggers import Triggers

Phase = Callable[[], Awaitable[None]]
Change = Callable[[Transaction, Stack], None]


class Superseded(Exception):
    """Raised when another operation has taken over the stack, so this phase must not write to it any more."""


class Run:
    """Runs the phases of a stack until its status is final. `find` looks up resource types."""

    def __init__(self, ctx: Context, stack_id: str, find: registry.Find | None = None) -> None:
        self._ctx = ctx
        self._id = stack_id
        self._find = find or registry.finder(ctx.app.settings)
        self._phases: dict[str, Phase] = {
            "CREATE_IN_PROGRESS": self._create,
            "ROLLBACK_IN_PROGRESS": self._roll_back_creation,
            "UPDATE_IN_PROGRESS": self._update,
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": self._clean_up,
            "UPDATE_ROLLBACK_IN_PROGRESS": self._roll_back_update,
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": self._clean_up,
            "IMPORT_IN_PROGRESS": self._update,
            "IMPORT_ROLLBACK_IN_PROGRESS": self._roll_back_update,
            "DELETE_IN_PROGRESS": self._delete,
        }

    async def drive(self) -> None:
        """Run phase after phase. Safe to call again after a crash, and when there is nothing to do.

        A deletion that interrupts a creation waits here until the creation's run has released the lock.
        """
        locks: Locks = self._ctx.app.local(Locks)
        async with locks.hold(self._ctx, self._id):
            await self._drive()

    async def _drive(self) -> None:
        while True:
            stack = await self._ctx.fetch(lambda tx: tx.get(STACKS, (self._ctx.account, self._ctx.region, self._id)))
            phase = self._phases.get(stack.status) if stack is not None else None
            if stack is None or phase is None:
                await self._ctx.transact(self._forget_callbacks)
                return
            self._stack = stack
            with contextlib.suppress(Superseded):
                await phase()

    def _forget_callbacks(self, tx: Transaction) -> None:
        """Delete the callbacks of custom resources: their answers were used."""
        for callback in list(tx.scan_index(CALLBACKS, "stack", (self._id, "custom"))):
            tx.delete(CALLBACKS, CALLBACKS.key(callback))

    # -- what phases share -------------------------------------------------------------------------------------------

    async def _load(self, number: int) -> tuple[Revision, Plan, dict[str, StackResource]]:
        def read(tx: Reader) -> tuple[Revision, dict[str, StackResource]]:
            return stacks.revision(tx, self._stack, number), {
                record.logical_id: record for record in stacks.resources(tx, self._stack)
            }

        revision, records = await self._ctx.fetch(read)
        return revision, plan(self._stack, revision, stacks.template_of(revision)), records

    def _mine(self, tx: Reader) -> Stack:
        """Read the stack. Raises Superseded when another operation has taken it over."""
        stack = stacks.get(tx, self._ctx, self._id)
        if stack.operation != self._stack.operation:
            raise Superseded
        return stack

    async def _set(
        self, status: str, reason: str = "", change: Callable[[Transaction, Stack], None] | None = None
    ) -> None:
        def write(tx: Transaction) -> None:
            stack = self._mine(tx)
            if change is not None:
                change(tx, stack)
            stacks.set_status(tx, self._ctx, stack, status, reason)

        await self._ctx.transact(write)

    async def _forward(self, number: int, *, rolling_back: bool = False) -> tuple[Steps | None, str]:
        """Create and update the resources of a revision.

        Returns the steps (None when they could not start), and the reason of a failure or ''.
        """
        try:
            ctx = await acting(self._ctx, self._stack.role_arn)
            revision, wanted, records = await self._load(number)
        except ServiceError as error:
            return None, error.message
        steps = Steps(self._ctx, ctx, self._stack, revision, wanted, records, self._find, rolling_back=rolling_back)
        triggers = Triggers(ctx, {} if rolling_back else revision.rollback_configuration)
        beside = [aside(triggers.watch(steps.stop))]
        if self._stack.timeout_minutes:
            beside.append(aside(self._deadline(steps)))
        try:
            await steps.run()
            return steps, steps.reason() or await triggers.monitor(steps.stopped)
        finally:
            for task in beside:
                task.cancel()

    async def _deadline(self, steps: Steps) -> None:
        if self._stack.status == "CREATE_IN_PROGRESS":
            left = self._stack.created + self._stack.timeout_minutes * 60 - self._ctx.now()
            await self._ctx.clock.sleep(max(left, 0))
            steps.stop("Stack creation time exceeded the specified timeout.")

    async def _finish(self, steps: Steps, status: str, change: Change | None = None) -> str:
        """Set outputs, exports and the next status in one transaction. Returns the reason of a failure, or ''."""

        def write(tx: Transaction) -> None:
            stack = self._mine(tx)
            names: set[str] = set()
            scope = with_resources(steps.plan.scope, steps.records, steps.exports(tx, names))
            scope.output = steps.outputs
            outputs = outputs_of(steps.plan, scope)
            publish(tx, stack, outputs, steps.imported | names)
            stack.outputs = outputs
            stack.description = steps.plan.template.description
            if change is not None:
                change(tx, stack)
            stacks.set_status(tx, self._ctx, stack, status)

        try:
            await steps.outputs.resolving(lambda: self._ctx.transact(write))
        except ServiceError as error:
            return error.message
        except ExportProblem as error:
            return str(error)
        return ""

    # -- creation ----------------------------------------------------------------------------------------------------

    async def _create(self) -> None:
        steps, reason = await self._forward(self._stack.revision)
        if steps is not None and not reason:
            reason = await self._finish(steps, "CREATE_COMPLETE")
            if not reason:
                return
        reason = f"{reason.rstrip()} "
        match self._stack.on_failure:
            case "DO_NOTHING":
                await self._set("CREATE_FAILED", reason.rstrip())
            case "DELETE":
                await self._set("DELETE_IN_PROGRESS", f"{reason}Delete requested by user.")
            case _:
                await self._set("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")

    async def _roll_back_creation(self) -> None:
        _, reason = await self._remove_everything(creating=True)
        if reason:
            await self._set("ROLLBACK_FAILED", reason)
        else:
            await self._set("ROLLBACK_COMPLETE")

    async def _remove_everything(self, *, creating: bool) -> tuple[bool, str]:
        """Delete every resource. Returns whether the deletion could start, and the reason of a failure or ''."""
        try:
            ctx = await acting(self._ctx, self._stack.role_arn)
        except ServiceError as error:
            return False, error.message
        removal = Removal(self._ctx, ctx, self._stack, self._find, creating=creating)
        await removal.leftovers()
        records = await self._ctx.fetch(stacks.resources, self._stack)
        await removal.resources([record for record in records if record.status != "DELETE_COMPLETE"], keep=True)
        return True, removal.reason()

    # -- update ------------------------------------------------------------------------------------------------------

    async def _update(self) -> None:
        importing = self._stack.status.startswith("IMPORT")
        steps, reason = await self._forward(self._stack.revision)
        if steps is not None and not reason:
            status = "IMPORT_COMPLETE" if importing else "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
            reason = await self._finish(steps, status, _settle if importing else None)
            if not reason:
                return
        if self._stack.on_failure == "DO_NOTHING":
            await self._set("UPDATE_FAILED", reason)
            return

        def change(tx: Transaction, stack: Stack) -> None:
            stack.operation, stack.asked = self._ctx.ids.uuid(), "ROLLBACK"
            stack.cancelled = False

        await self._set("IMPORT_ROLLBACK_IN_PROGRESS" if importing else "UPDATE_ROLLBACK_IN_PROGRESS", reason, change)

    async def _roll_back_update(self) -> None:
        importing = self._stack.status.startswith("IMPORT")
        prefix = "IMPORT" if importing else "UPDATE"
        if not self._stack.previous:  # the import was to create the stack: do not touch its resources
            await self._set("IMPORT_ROLLBACK_COMPLETE", "", _disown)
            return
        steps, reason = await self._forward(self._stack.previous, rolling_back=True)
        if steps is None or reason:
            await self._set(f"{prefix}_ROLLBACK_FAILED", reason)
            return
        if importing:
            await self._forget_imports(steps)
        status = "IMPORT_ROLLBACK_COMPLETE" if importing else "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"

        def change(tx: Transaction, stack: Stack) -> None:
            tx.delete(REVISIONS, (stack.account, stack.region, stack.id, stack.revision))
            stack.revision, stack.previous, stack.skip = stack.previous, 0, []

        reason = await self._finish(steps, status, change)
        if reason:
            await self._set(f"{prefix}_ROLLBACK_FAILED", reason)

    async def _forget_imports(self, steps: Steps) -> None:
        """Delete the records of resources that a failed import had adopted; the resources themselves stay."""

        def forget(tx: Transaction) -> None:
            for name in [name for name in steps.records if name not in steps.plan.resources]:
                tx.delete(RESOURCES, (self._ctx.account, self._ctx.region, self._id, name))

        await self._ctx.transact(forget)

    async def _clean_up(self) -> None:
        """Delete the resources that the new revision does not have. As in AWS, a failure does not fail the update."""
        try:
            ctx = await acting(self._ctx, self._stack.role_arn)
            _, wanted, records = await self._load(self._stack.revision)
        except ServiceError as error:
            await self._set(self._stack.status.replace("_CLEANUP_IN_PROGRESS", ""), error.message)
            return
        removal = Removal(self._ctx, ctx, self._stack, self._find, creating=False)
        await removal.leftovers()
        gone = [record for name, record in records.items() if name not in wanted.resources]
        await removal.resources(gone, keep=False)
        await self._set(self._stack.status.replace("_CLEANUP_IN_PROGRESS", ""), "", _settle)

    # -- deletion ----------------------------------------------------------------------------------------------------

    async def _delete(self) -> None:
        began, reason = await self._remove_everything(creating=False)
        if reason and not (began and self._stack.forced):
            await self._set("DELETE_FAILED", reason)
            return

        def change(tx: Transaction, stack: Stack) -> None:
            withdraw(tx, stack)
            stack.deleted = self._ctx.now()
            for leftover in list(tx.scan(LEFTOVERS, (stack.account, stack.region, stack.id))):
                tx.delete(LEFTOVERS, LEFTOVERS.key(leftover))
            delay = stacks.KEPT_SECONDS
            self._ctx.later(tx, "cloudformation.forget", {"stack": stack.id}, delay=delay, name=stack.id)

        await self._set("DELETE_COMPLETE", "", change)


def _settle(tx: Transaction, stack: Stack) -> None:
    """Clean up after an update: delete earlier revisions and reset what belonged to the update."""
    earlier = range(max(stack.revision - 10, 1), stack.revision)
    for number in {stack.previous, *earlier} - {0, stack.revision}:
        tx.delete(REVISIONS, (stack.account, stack.region, stack.id, number))
    stack.previous = 0
    stack.policy_during = ""
    stack.imports = []


def _disown(tx: Transaction, stack: Stack) -> None:
    """Delete the records of all resources, but not the resources."""
    for record in stacks.resources(tx, stack):
        tx.delete(RESOURCES, RESOURCES.key(record))
