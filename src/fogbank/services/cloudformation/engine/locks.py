"""One run at a time for each stack: a deletion waits until the creation that it ends has let go.

In one process a lock does it. Where many nodes share a store, the node that runs also holds the stack's lease there: it
lasts half a minute of real time and is renewed meanwhile, as the leases of jobs are (`jobs/leases.py`). A node that
dies lets go by not renewing; one that stood still for so long that another has the lease ends its run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from fogbank.core.context import Cloud, Context
from fogbank.jobs.leases import LEASE_SECONDS
from fogbank.store.api import Conflict, Record, StoreError, Table, Transaction

log = logging.getLogger("fogbank.cloudformation")


class Lease(Record):
    """The node that runs a stack. `until_ms` is real time: the cloud's clock may leap."""

    stack_id: str
    node: str
    until_ms: int


LEASES = Table("cloudformation/lease", Lease, key=lambda lease: (lease.stack_id,))


class Locks:
    """The stacks that this process runs or waits for."""

    def __init__(self, app: Cloud) -> None:
        self._node = app.node
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def hold(self, ctx: Context, stack_id: str) -> AsyncIterator[None]:
        lock, waiting = self._held.get(stack_id, (asyncio.Lock(), 0))
        self._held[stack_id] = (lock, waiting + 1)
        try:
            async with lock:
                if ctx.app.store.embedded:
                    yield
                else:
                    async with self._leased(ctx, stack_id):
                        yield
        finally:
            lock, waiting = self._held.pop(stack_id)
            if waiting > 1:
                self._held[stack_id] = (lock, waiting - 1)

    @contextlib.asynccontextmanager
    async def _leased(self, ctx: Context, stack_id: str) -> AsyncIterator[None]:
        with ctx.watch(_topic(stack_id)) as watch:
            while left := await ctx.transact(self._take, ctx, stack_id):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(watch.wait(LEASE_SECONDS), left)
        runner = asyncio.current_task()
        assert runner is not None
        renewing = asyncio.create_task(self._renew(ctx, stack_id, runner))
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(Conflict, StoreError):  # it ends by itself
                await ctx.transact(self._let_go, stack_id)

    async def _renew(self, ctx: Context, stack_id: str, runner: asyncio.Task[object]) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                lost = await ctx.transact(self._take, ctx, stack_id)
            except (Conflict, StoreError) as error:
                log.warning("the lease of %s was not renewed: %s", stack_id, error)
                continue
            if lost:
                log.error("another node runs %s: this one ends its run", stack_id)
                runner.cancel()
                return

    def _take(self, tx: Transaction, ctx: Context, stack_id: str) -> float:
        """Take or renew the lease: 0.0, or the seconds that another node's lease still lasts."""
        now_ms = int(ctx.clock.real() * 1000)
        held = tx.get(LEASES, (stack_id,))
        if held is not None and held.node != self._node and held.until_ms > now_ms:
            return (held.until_ms - now_ms) / 1000
        tx.put(LEASES, Lease(stack_id=stack_id, node=self._node, until_ms=now_ms + int(LEASE_SECONDS * 1000)))
        return 0.0

    def _let_go(self, tx: Transaction, stack_id: str) -> None:
        held = tx.get(LEASES, (stack_id,))
        if held is not None and held.node == self._node:
            tx.delete(LEASES, (stack_id,))
            tx.signal(_topic(stack_id))


def _topic(stack_id: str) -> str:
    return f"cloudformation/lease/{stack_id}"
