"""Deletes resources: each one before the resources that it depends on, unless its deletion policy retains it."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Transaction

from .. import events, stacks
from ..records import LEFTOVERS, RESOURCES, Leftover, Stack, StackResource
from . import registry
from .calls import Cancelled, Failed, attempt
from .lookups import resolved
from .schedule import reversed_graph, run_graph
from .surroundings import Surroundings, bound


class Removal:
    """Deletes resources of a stack. `creating`: the deletion is the rollback of a failed creation."""

    def __init__(self, own: Context, calls: Context, stack: Stack, find: registry.Find, *, creating: bool) -> None:
        self._own = own
        self._calls = calls
        self._stack = stack
        self._find = find
        self._creating = creating
        self._failed: list[str] = []

    def reason(self) -> str:
        """AWS's text about the resources that could not be deleted, or ''."""
        if not self._failed:
            return ""
        return f"The following resource(s) failed to delete: [{', '.join(self._failed)}]. "

    async def resources(self, records: list[StackResource], *, keep: bool) -> None:
        """Delete these resources. `keep`: keep their records (a deleted stack still shows them), else delete those."""
        by_name = {record.logical_id: record for record in records}
        graph = {name: {need for need in record.needs if need in by_name} for name, record in by_name.items()}

        async def step(name: str) -> bool:
            return await self._delete(by_name[name], by_name[name].deletion_policy, keep=keep)

        await run_graph(reversed_graph(graph), step, lambda: False)

    async def leftovers(self) -> None:
        """Delete the old physical resources that replacements left behind."""
        where = (self._stack.account, self._stack.region, self._stack.id)
        found: list[Leftover] = await self._own.fetch(lambda tx: list(tx.scan(LEFTOVERS, where)))
        names = {leftover.logical_id for leftover in found}
        keys = {f"{leftover.logical_id} {leftover.physical_id}": leftover for leftover in found}
        graph: dict[str, set[str]] = {}
        for key, leftover in keys.items():
            needs = names & set(leftover.resource.needs)
            graph[key] = {other for other, item in keys.items() if item.logical_id in needs}

        async def step(key: str) -> bool:
            leftover = keys[key]
            done = await self._delete(leftover.resource, leftover.resource.replace_policy, keep=None)
            await self._own.transact(lambda tx: tx.delete(LEFTOVERS, LEFTOVERS.key(leftover)))
            return done

        await run_graph(reversed_graph(graph), step, lambda: False)

    async def _delete(self, record: StackResource, policy: str, *, keep: bool | None) -> bool:
        """Delete one resource; returns False if that failed.

        `keep`: see `resources`. None means that the stored record belongs to the replacement and stays unchanged.
        """
        if record.status == "DELETE_COMPLETE":
            return True
        if not record.physical_id or self._find(record.type) is None:
            await self._mark(record, "DELETE_COMPLETE", "", keep=keep, silent=not record.physical_id)
            return True
        if self._retained(record, policy):
            await self._mark(record, "DELETE_SKIPPED", "", keep=keep)
            return True
        await self._mark(record, "DELETE_IN_PROGRESS", "", keep=True if keep is not None else None)
        try:
            await attempt(self._calls, lambda: self._call(record), record.type, record.logical_id, None)
        except (Failed, Cancelled) as error:
            await self._mark(record, "DELETE_FAILED", str(error), keep=True if keep is not None else None)
            self._failed.append(record.logical_id)
            return False
        await self._mark(record, "DELETE_COMPLETE", "", keep=keep)
        return True

    def _retained(self, record: StackResource, policy: str) -> bool:
        if record.logical_id in self._stack.retain:
            return True
        if policy == "Retain":
            return not (self._stack.retain_except_on_create and self._creating)
        return policy == "RetainExceptOnCreate" and not self._creating

    async def _call(self, record: StackResource) -> None:
        kind = self._find(record.type)
        assert kind is not None
        revision = await self._own.fetch(stacks.revision, self._stack)
        place = Surroundings(self._own, self._stack, revision, record.logical_id, record.type, {})
        properties: dict[str, Any] = record.properties
        try:
            properties = await resolved(self._calls, properties)
        except ServiceError:  # a missing secret must not prevent the deletion of a resource that refers to it
            properties = dict(properties)
        await bound(kind.handler, place).delete(self._calls, record.physical_id, properties)

    async def _mark(
        self, record: StackResource, status: str, reason: str, *, keep: bool | None, silent: bool = False
    ) -> None:
        def write(tx: Transaction) -> None:
            record.status, record.reason, record.updated = status, reason, self._own.now()
            if keep:
                tx.put(RESOURCES, record)
            elif keep is False:
                tx.delete(RESOURCES, RESOURCES.key(record))
            if not silent:
                events.of_resource(tx, self._own, self._stack, record)

        await self._own.transact(write)


def default_policy(declared: dict[str, Any]) -> str:
    """The default DeletionPolicy: Snapshot for RDS clusters and for instances outside a cluster, Delete for others."""
    kind = declared["Type"]
    if kind == "AWS::RDS::DBCluster":
        return "Snapshot"
    if kind == "AWS::RDS::DBInstance" and "DBClusterIdentifier" not in declared.get("Properties", {}):
        return "Snapshot"
    return "Delete"
