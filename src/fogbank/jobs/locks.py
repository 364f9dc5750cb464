"""Locks for work that must not run twice at once, in this process or on any node that shares the store.

CloudFormation uses one for each stack. Within a process an asyncio lock is enough. Where nodes share a store, the
working node also holds a lease there: it lasts half a minute of real time and is renewed meanwhile, as the leases of
jobs are. A node that dies stops renewing. A node that stalled so long that another one took the lease has its work
cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from fogbank.core.context import Cloud, Context
from fogbank.store.api import Conflict, Record, StoreError, Table, Transaction

from .leases import LEASE_SECONDS

log = logging.getLogger("fogbank.jobs")


class Lease(Record):
    """Which node holds the lock of a name. `until_ms` is real time: the cloud's clock may jump."""

    name: str
    node: str
    until_ms: int


LEASES = Table("jobs/lock", Lease, key=lambda lease: (lease.name,))


class Locks:
    """The names that this process holds or waits for."""

    def __init__(self, app: Cloud) -> None:
        self._node = app.node
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def hold(self, ctx: Context, name: str) -> AsyncIterator[None]:
        lock, waiting = self._held.get(name, (asyncio.Lock(), 0))
        self._held[name] = (lock, waiting + 1)
        try:
            async with lock:
                if ctx.app.store.embedded:
                    yield
                else:
                    async with self._leased(ctx, name):
                        yield
        finally:
            lock, waiting = self._held.pop(name)
            if waiting > 1:
                self._held[name] = (lock, waiting - 1)

    @contextlib.asynccontextmanager
    async def _leased(self, ctx: Context, name: str) -> AsyncIterator[None]:
        with ctx.watch(_topic(name)) as watch:
            while left := await ctx.transact(self._take, ctx, name):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(watch.wait(LEASE_SECONDS), left)
        runner = asyncio.current_task()
        assert runner is not None
        renewing = asyncio.create_task(self._renew(ctx, name, runner))
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(Conflict, StoreError):  # otherwise the lease expires by itself
                await ctx.transact(self._let_go, name)

    async def _renew(self, ctx: Context, name: str, runner: asyncio.Task[object]) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                lost = await ctx.transact(self._take, ctx, name)
            except (Conflict, StoreError) as error:
                log.warning("the lease of %s was not renewed: %s", name, error)
                continue
            if lost:
                log.error("another node took the lease of %s: its work here is cancelled", name)
                runner.cancel()
                return

    def _take(self, tx: Transaction, ctx: Context, name: str) -> float:
        """Take or renew the lease. Returns 0.0, or the seconds until another node's lease expires."""
        now_ms = int(ctx.clock.real() * 1000)
        held = tx.get(LEASES, (name,))
        if held is not None and held.node != self._node and held.until_ms > now_ms:
            return (held.until_ms - now_ms) / 1000
        tx.put(LEASES, Lease(name=name, node=self._node, until_ms=now_ms + int(LEASE_SECONDS * 1000)))
        return 0.0

    def _let_go(self, tx: Transaction, name: str) -> None:
        held = tx.get(LEASES, (name,))
        if held is not None and held.node == self._node:
            tx.delete(LEASES, (name,))
            tx.signal(_topic(name))


def _topic(name: str) -> str:
    return f"jobs/lock/{name}"
