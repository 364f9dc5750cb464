"""The forward steps of one run: creates, updates or replaces each resource, or leaves it as it is."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.cfn import Name, Resource, ResourceType
from fogbank.core.clock import aside
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Reader, Transaction

from .. import events, stacks
from ..policies import denied
from ..prepare import beside
from ..recorded import notes
from ..records import LEFTOVERS, RESOURCES, Leftover, Revision, Stack, StackResource
from ..template.functions import evaluate
from ..template.scope import Scope
from . import compare, registry
from .calls import Cancelled, Failed, attempt
from .claims import claims
from .environment import Plan, exports_of, properties_of, with_resources
from .failures import not_updatable
from .lookups import resolved
from .properties import refusal, typed, without
from .removal import default_policy
from .schedule import run_graph
from .stack_outputs import StackOutputs
from .surroundings import Surroundings, bound, waits
from .tagging import with_stack_tags, with_system_tags
from .validation import invalid

INVALID = "VALIDATION_FAILED"
REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class Steps:
    """The forward steps of one run.

    `own`: CloudFormation's context. `calls`: the context whose principal creates the resources.
    """

    def __init__(
        self,
        own: Context,
        calls: Context,
        stack: Stack,
        revision: Revision,
        plan: Plan,
        records: dict[str, StackResource],
        find: registry.Find,
        *,
        rolling_back: bool,
    ) -> None:
        self.plan = plan
        self.records = records
        self.imported: set[str] = set()
        self.outputs = StackOutputs(calls)
        self._own = own
        self._calls = calls
        self._stack = stack
        self._revision = revision
        self._find = find
        self._rolling_back = rolling_back
        self._stop = asyncio.Event()
        self._failed: dict[str, list[str]] = {"create": [], "update": []}
        self._invalid: list[str] = []
        self._begun: set[str] = set()  # tokens of the creations that this run has started
        self._said = ""
        self._adopted = {item["logical_id"]: item["physical_id"] for item in stack.imports}

    async def run(self) -> None:
        """Bring every resource to its state in the plan, or stop at the first failure."""
        if not self._rolling_back:
            await self._look_through()
        watcher = aside(self._watch())
        try:
            await run_graph(self.plan.graph, self._step, self._stop.is_set)
        finally:
            watcher.cancel()

    def stop(self, reason: str) -> None:
        """Start no more steps. The first reason given is the one that counts."""
        self._said = self._said or reason
        self._stop.set()

    def stopped(self) -> bool:
        return self._stop.is_set()

    def reason(self) -> str:
        """The reason of the run's failure in AWS's words, or ''."""
        if self._invalid:
            return f"Validation failed for following resources: [{', '.join(self._invalid)}]."
        parts = [
            f"The following resource(s) failed to {what}: [{', '.join(names)}]. "
            for what, names in self._failed.items()
            if names
        ]
        return "".join(parts).rstrip() if parts else self._said

    def exports(self, tx: Reader, names: set[str]) -> Callable[[str], str | None]:
        """Return a function that reads exports in a transaction and adds the names that it found to `names`."""
        read = exports_of(self._own, self._stack, tx)

        def noted(name: str) -> str | None:
            value = read(name)
            if value is not None:
                names.add(name)
            return value

        return noted

    async def _watch(self) -> None:
        """Stop the run when the update is cancelled, or when another operation (a deletion) takes over the stack."""
        with self._own.watch(stacks.topic(self._stack.id)) as watch:
            while True:
                stack = await self._own.fetch(stacks.get, self._own, self._stack.id)
                if stack.cancelled or stack.operation != self._stack.operation:
                    self.stop("User Initiated")
                    return
                await watch.wait(3600)

    async def _look_through(self) -> None:
        """Refuse unknown resource types and invalid properties before any resource is created."""
        for name, declared in self.plan.resources.items():
            if self._find(declared["Type"]) is None:
                await self._cannot(name, declared)
        if self._stop.is_set():
            return
        size = len(self._revision.processed or self._revision.body)
        for name, reason in (await beside(size, invalid, self.plan, self._find)).items():
            record = self.records.get(name)
            creating = record is None or not record.physical_id
            fresh = self._fresh(name, self.plan.resources[name])
            await self._fail(fresh if record is None else record, reason, creating=creating, detailed=INVALID)
            self._invalid.append(name)

    # -- one resource ------------------------------------------------------------------------------------------------

    async def _step(self, name: str) -> bool:
        declared = self.plan.resources[name]
        record = self.records.get(name)
        if record is not None and record.operation == self._stack.operation and record.status.endswith("_COMPLETE"):
            return True  # done before a restart
        if self._rolling_back and (name in self._stack.skip or self._find(declared["Type"]) is None):
            return await self._skip(record)
        try:
            wanted = await self._wanted(name, declared)
        except ServiceError as error:
            await self._fail(record or self._fresh(name, declared), error.message, creating=record is None)
            return False
        refused = "" if self._rolling_back else refusal(self._kind(declared["Type"]), name, wanted, early=False)
        if refused:
            await self._fail(record or self._fresh(name, declared), refused, creating=record is None, detailed=INVALID)
            return False
        if self._rolling_back and record is not None:
            record = await self._take_back(record)
        if record is None or not record.physical_id or record.status == "DELETE_COMPLETE":
            return await self._create(name, declared, wanted, record)
        return await self._update(name, declared, wanted, record)

    async def _wanted(self, name: str, declared: dict[str, Any]) -> dict[str, Any]:
        def read(tx: Reader) -> dict[str, Any]:
            return properties_of(declared, self._scope(tx))

        properties = await self.outputs.resolving(lambda: self._own.fetch(read))
        return with_stack_tags(declared["Type"], properties, self._revision.tags)

    def _scope(self, tx: Reader) -> Scope:
        known = with_resources(self.plan.scope, self.records, self.exports(tx, self.imported))
        return msgspec.structs.replace(known, output=self.outputs)

    def _fresh(self, name: str, declared: dict[str, Any]) -> StackResource:
        stack = self._stack
        return StackResource(
            account=stack.account,
            region=stack.region,
            stack_id=stack.id,
            logical_id=name,
            type=declared["Type"],
            status="CREATE_IN_PROGRESS",
            updated=self._own.now(),
            token=self._token(),
            born=stack.operation,
        )

    def _token(self) -> str:
        alphabet = string.ascii_uppercase + string.digits
        return "".join(alphabet[byte % len(alphabet)] for byte in self._own.ids.bytes(12))

    def _describe(self, record: StackResource, declared: dict[str, Any]) -> None:
        """Copy the declaration's attributes other than the properties into the record."""
        record.needs = sorted(self.plan.graph[record.logical_id])
        record.deletion_policy = str(declared.get("DeletionPolicy", default_policy(declared)))
        record.replace_policy = str(declared.get("UpdateReplacePolicy", "Delete"))
        if "Metadata" in declared:
            known = with_resources(self.plan.scope, self.records, lambda _: "")
            record.metadata = msgspec.json.encode(evaluate(declared["Metadata"], known)).decode()
        else:
            record.metadata = ""

    async def _create(
        self, name: str, declared: dict[str, Any], wanted: dict[str, Any], record: StackResource | None
    ) -> bool:
        resuming = (
            record is not None
            and record.status in ("CREATE_IN_PROGRESS", "IMPORT_IN_PROGRESS")
            and record.operation == self._stack.operation
        )
        if record is None or not resuming:
            record = self._fresh(name, declared)
            record.operation = self._stack.operation
        if name in self._adopted:
            return await self._adopt(declared, wanted, record)
        record.properties = wanted
        try:
            self._describe(record, declared)
        except ServiceError as error:
            await self._fail(record, error.message, creating=True)
            return False
        if not resuming:
            await self._put(record)
        try:
            made = await self._call(
                record, declared, lambda handler: self._do_create(handler, record, wanted, record.token, resuming)
            )
        except (Failed, Cancelled) as error:
            record.physical_id = await self._partial(record, declared)
            await self._fail(record, _cause(error, "creation"), creating=True)
            return False
        record.physical_id, record.attributes = made.physical_id, made.attributes
        return await self._created(record)

    async def _created(self, record: StackResource) -> bool:
        cancelled = self._stop.is_set()

        def write(tx: Transaction) -> None:
            record.updated = self._own.now()
            record.reason = "Resource creation Initiated"
            events.of_resource(tx, self._own, self._stack, record)
            record.status = "CREATE_FAILED" if cancelled else "CREATE_COMPLETE"
            record.reason = "Resource creation cancelled" if cancelled else notes.of_resource(self._find, record)
            tx.put(RESOURCES, record)
            events.of_resource(tx, self._own, self._stack, record)

        await self._own.transact(write)
        self.records[record.logical_id] = record
        return not cancelled

    async def _adopt(self, declared: dict[str, Any], wanted: dict[str, Any], record: StackResource) -> bool:
        """Import an existing resource. Updates it to the template's properties, which also returns its attributes."""
        record.physical_id = self._adopted[record.logical_id]
        record.properties = wanted
        record.status = "IMPORT_IN_PROGRESS"
        self._describe(record, declared)
        await self._put(record)
        try:
            made = await self._call(record, declared, lambda handler: self._do_update(handler, record, wanted, wanted))
        except (Failed, Cancelled) as error:
            await self._fail(record, _cause(error, "import"), creating=True)
            return False
        record.attributes = made.attributes
        record.status, record.reason = (
            "IMPORT_COMPLETE",
            notes.of_resource(self._find, record) or "Resource import completed.",
        )
        await self._put(record)
        self.records[record.logical_id] = record
        return True

    async def _update(self, name: str, declared: dict[str, Any], wanted: dict[str, Any], record: StackResource) -> bool:
        kind = self._kind(record.type)
        forced = record.attempted is not None or record.status.endswith("_FAILED") or hasattr(kind.handler, "always")
        old = record.properties if record.attempted is None else record.attempted
        names = compare.changed(old, wanted)
        before = msgspec.structs.replace(record)
        self._describe(record, declared)
        if not names and not forced:
            if record != before:
                await self._own.transact(lambda tx: tx.put(RESOURCES, record))
            return True
        replacing = bool(compare.moved(registry.immutable(kind), old, wanted))
        refused = self._refusal(record, kind, old, wanted, replacing)
        if refused:
            await self._fail(record, refused, creating=False)
            return False
        resuming = record.status == "UPDATE_IN_PROGRESS" and record.operation == self._stack.operation
        record.status, record.operation = "UPDATE_IN_PROGRESS", self._stack.operation
        record.reason = REPLACING if replacing else ""
        if replacing and not (resuming and record.next_token):
            record.next_token = self._token()
        elif not replacing:
            record.attempted = wanted
        if not resuming:
            await self._put(record, wanted)
        try:
            if replacing:
                made = await self._call(
                    record,
                    declared,
                    lambda handler: self._do_create(handler, record, wanted, record.next_token, resuming),
                )
            else:
                made = await self._call(record, declared, lambda handler: self._do_update(handler, record, old, wanted))
        except (Failed, Cancelled) as error:
            await self._fail(record, _cause(error, "update"), creating=False)
            return False
        return await self._updated(record, before, made, wanted, replacing=replacing)

    def _refusal(
        self, record: StackResource, kind: ResourceType, old: dict[str, Any], wanted: dict[str, Any], replacing: bool
    ) -> str:
        if self._rolling_back:
            return ""
        fixed = compare.differing(kind.fixed, old, wanted)
        if fixed:
            return not_updatable(kind.type_name, fixed)
        if replacing:
            name = compare.custom_name(registry.immutable(kind), record.physical_id, old, wanted)
            if name:
                return (
                    f"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                    f"{name} and update the stack again."
                )
        policy = self._stack.policy_during or self._stack.policy
        return denied(policy, record.logical_id, record.type, "Update:Replace" if replacing else "Update:Modify")

    async def _updated(
        self, record: StackResource, before: StackResource, made: Resource, wanted: dict[str, Any], *, replacing: bool
    ) -> bool:
        cancelled = self._stop.is_set() and not self._rolling_back
        moved = made.physical_id != before.physical_id

        def write(tx: Transaction) -> None:
            if moved:
                before.replace_policy = record.replace_policy
                before.attempted = None
                tx.put(LEFTOVERS, self._leftover(before))
                if replacing:
                    record.token, record.born = record.next_token, self._stack.operation
                    record.reason = "Resource creation Initiated"
                    record.physical_id = made.physical_id
                    events.of_resource(tx, self._own, self._stack, record, wanted)
            record.physical_id, record.attributes = made.physical_id, made.attributes
            record.next_token = ""
            record.properties = wanted
            record.attempted = wanted if cancelled else None
            record.status = "UPDATE_FAILED" if cancelled else "UPDATE_COMPLETE"
            record.reason = "Resource update cancelled" if cancelled else notes.of_resource(self._find, record)
            record.updated = self._own.now()
            tx.put(RESOURCES, record)
            events.of_resource(tx, self._own, self._stack, record)

        await self._own.transact(write)
        self.records[record.logical_id] = record
        return not cancelled

    def _leftover(self, record: StackResource) -> Leftover:
        return Leftover(
            account=record.account,
            region=record.region,
            stack_id=record.stack_id,
            logical_id=record.logical_id,
            physical_id=record.physical_id,
            resource=record,
            operation=self._stack.operation,
        )

    async def _take_back(self, record: StackResource) -> StackResource:
        """Restore the old physical resource of a replaced one during a rollback; the new one becomes the leftover."""

        def swap(tx: Transaction) -> StackResource:
            where = (record.account, record.region, record.stack_id, record.logical_id)
            for leftover in list(tx.scan(LEFTOVERS, where)):
                if leftover.operation == self._stack.operation:
                    continue  # from a replacement that this rollback itself made
                tx.delete(LEFTOVERS, LEFTOVERS.key(leftover))
                mine = msgspec.structs.replace(record, replace_policy="Delete", deletion_policy="Delete")
                tx.put(LEFTOVERS, self._leftover(mine))
                old = leftover.resource
                old.operation, old.status, old.reason = self._stack.operation, "UPDATE_COMPLETE", ""
                old.updated = self._own.now()
                tx.put(RESOURCES, old)
                events.of_resource(tx, self._own, self._stack, old)
                return old
            return record

        taken = await self._own.transact(swap)
        self.records[record.logical_id] = taken
        return taken

    async def _skip(self, record: StackResource | None) -> bool:
        """Mark a resource in ContinueUpdateRollback's ResourcesToSkip as rolled back, without touching it."""
        if record is not None:
            record.status, record.reason, record.attempted = "UPDATE_COMPLETE", "", None
            record.operation = self._stack.operation
            await self._put(record)
        return True

    # -- shared by the kinds of step ---------------------------------------------------------------------------------

    def _kind(self, type_name: str) -> ResourceType:
        kind = self._find(type_name)
        assert kind is not None  # `_look_through` has checked all types
        return kind

    async def _call(self, record: StackResource, declared: dict[str, Any], call: Callable[[Any], Any]) -> Resource:
        handler = self._kind(record.type).handler
        stop = self._stop if waits(handler) else None
        place = Surroundings(self._own, self._stack, self._revision, record.logical_id, record.type, declared)
        handler = bound(handler, place)
        result: Resource = await attempt(self._calls, lambda: call(handler), record.type, record.logical_id, stop)
        return result

    async def _partial(self, record: StackResource, declared: dict[str, Any]) -> str:
        """The physical id of what a failed creation left behind, or '' where the type cannot tell."""
        handler = self._kind(record.type).handler
        place = Surroundings(self._own, self._stack, self._revision, record.logical_id, record.type, declared)
        partial = getattr(bound(handler, place), "partial", None)
        if partial is None:
            return ""
        found: str = await partial(self._calls, Name(self._stack.name, self._stack.id, record.logical_id, record.token))
        return found

    async def _do_create(
        self, handler: Any, record: StackResource, wanted: dict[str, Any], token: str, resuming: bool
    ) -> Resource:
        began = record.updated if resuming or token in self._begun else 0.0
        self._begun.add(token)
        claim = await claims(self._own, record) if began else bool
        name = Name(self._stack.name, self._stack.id, record.logical_id, token, began, claim)
        made: Resource = await handler.create(
            self._calls, name, self._handed(record, await resolved(self._calls, wanted))
        )
        return made

    def _handed(self, record: StackResource, properties: dict[str, Any]) -> dict[str, Any]:
        """Properties for the handler: those that are built, in the schema's types, with CloudFormation's own tags."""
        stack = self._stack
        properties = typed(record.type, without(properties, self._kind(record.type).recorded))
        return with_system_tags(record.type, properties, stack.name, stack.id, record.logical_id)

    async def _do_update(
        self, handler: Any, record: StackResource, old: dict[str, Any], wanted: dict[str, Any]
    ) -> Resource:
        new = await resolved(self._calls, wanted)
        try:
            old = await resolved(self._calls, old)
        except ServiceError:  # a referred value no longer exists: compare with the unresolved reference
            old = dict(old)
        made: Resource = await handler.update(
            self._calls, record.physical_id, self._handed(record, old), self._handed(record, new)
        )
        return made

    async def _put(
        self, record: StackResource, properties: dict[str, Any] | None = None, *, detailed: str = ""
    ) -> None:
        """Store a record together with the event of its state."""

        def write(tx: Transaction) -> None:
            record.updated = self._own.now()
            tx.put(RESOURCES, record)
            events.of_resource(tx, self._own, self._stack, record, properties, detailed)
            if record.type == stacks.WAIT:
                tx.signal(stacks.topic(self._stack.id))

        await self._own.transact(write)

    async def _fail(self, record: StackResource, reason: str, *, creating: bool, detailed: str = "") -> None:
        record.status = ("IMPORT" if record.logical_id in self._adopted else "CREATE") + "_FAILED"
        if not creating:
            record.status = "UPDATE_FAILED"
        record.reason = reason
        record.operation = self._stack.operation
        await self._put(record, detailed=detailed)
        self.records[record.logical_id] = record
        self._failed["create" if creating else "update"].append(record.logical_id)
        self._stop.set()

    async def _cannot(self, name: str, declared: dict[str, Any]) -> None:
        kind = declared["Type"]
        record = self._fresh(name, declared)
        reason = (
            f"Fogbank has not built the resource type {kind}; nothing was created. `fogbank coverage` lists the types "
            "that are, and --cfn-unknown=record keeps all others."
        )
        await self._fail(record, reason, creating=True)


def _cause(error: Exception, what: str) -> str:
    return f"Resource {what} cancelled" if isinstance(error, Cancelled) else str(error)
