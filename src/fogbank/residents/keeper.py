"""The keeper: compares the rows with the residents that run here, then starts and ends residents to match."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fogbank.core.context import Cloud
from fogbank.core.residents import Resident
from fogbank.store.api import Conflict, Key, Reader, StoreError

from . import leases
from .records import RESIDENTS, TOPIC, ResidentRecord
from .runner import Kept

log = logging.getLogger("fogbank.residents")

DEADLINE = 5.0  # real seconds in which all cancelled residents together have to end
STORE_RETRY = 1.0
SLICE = 500  # rows read before other tasks get a turn


class Keeper:
    """`find(kind)` returns the marked function of a kind, importing its service if necessary."""

    def __init__(self, cloud: Cloud, find: Callable[[str], Resident | None]) -> None:
        self._cloud = cloud
        self._find = find
        self._kept: dict[Key, Kept] = {}
        self._held_until = 0.0  # real time; our leases last at least until then
        self._stilled: list[str] = []  # services whose residents must not run now; "" means all services
        self._looking = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._loop(), name="residents"))
        if not self._cloud.store.embedded:
            self._tasks.append(asyncio.create_task(self._renew(), name="resident leases"))

    async def stop(self) -> None:
        """End all residents, and release their leases for other nodes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        held = list(self._kept)
        await self._end(held)
        if held and not self._cloud.store.embedded:
            try:
                await self._cloud.run(lambda: leases.release(self._cloud, held))
            except (Conflict, StoreError) as error:
                log.warning("could not release residents; other nodes take them when their leases end: %s", error)

    @asynccontextmanager
    async def still(self, service: str = "") -> AsyncIterator[None]:
        """Run no resident, or none of one service, inside the block. Afterwards those with a row start again."""
        self._stilled.append(service)
        try:
            async with self._looking:
                await self._end([key for key in self._kept if self._is_stilled(key)])
            yield
        finally:
            self._stilled.remove(service)
            self._cloud.signals.fire(TOPIC)

    def listed(self, tx: Reader) -> list[dict[str, Any]]:
        """Every row with its state, for people."""
        now_ms = int(self._cloud.clock.real() * 1000)
        found = []
        for row in tx.scan(RESIDENTS):
            here = RESIDENTS.key(row) in self._kept
            state = "failing" if row.error else "running" if here or row.lease_until_ms > now_ms else "waiting"
            found.append({"kind": row.kind, "account": row.account, "region": row.region, "id": row.id, "state": state,
                          "failures": row.failures, "error": row.error, "here": here})  # fmt: skip
        return found

    # -- looking -----------------------------------------------------------------------------------------------------

    async def _loop(self) -> None:
        with self._cloud.signals.watch(TOPIC) as watch:
            while True:
                try:
                    await self._look()
                except (Conflict, StoreError) as error:
                    log.error("the store failed, so residents wait: %s", error)
                    await self._let_go_in_time()
                    await asyncio.sleep(STORE_RETRY)
                    continue
                await watch.wait()

    async def _renew(self) -> None:
        """Look again every ten seconds of real time, to renew leases and to take those of dead nodes."""
        while True:
            await asyncio.sleep(leases.RENEW_SECONDS)
            self._cloud.signals.fire(TOPIC)

    async def _look(self) -> None:
        """Start and end residents until what runs here matches the rows."""
        async with self._looking:
            rows = {key: row for key, row in (await self._rows()).items() if not self._is_stilled(key)}
            if not self._cloud.store.embedded:
                rows = await self._leased(rows)
            await self._end([
                key for key, kept in self._kept.items() if key not in rows or rows[key].mark != kept.mark
            ])  # fmt: skip
            for key, row in rows.items():
                if key not in self._kept:
                    self._kept[key] = Kept(self._cloud, self._find, row)
                    await asyncio.sleep(0)  # starting it may import its service

    async def _rows(self) -> dict[Key, ResidentRecord]:
        found: dict[Key, ResidentRecord] = {}
        after: Key | None = None
        while True:
            page = await self._cloud.run(lambda after=after: self._page(after))  # type: ignore[misc]
            found.update((RESIDENTS.key(row), row) for row in page)
            if len(page) < SLICE:
                return found
            after = RESIDENTS.key(page[-1])
            await asyncio.sleep(0)

    def _page(self, after: Key | None) -> list[ResidentRecord]:
        with self._cloud.store.read() as tx:
            return tx.page(RESIDENTS, after=after, limit=SLICE)

    async def _leased(self, rows: dict[Key, ResidentRecord]) -> dict[Key, ResidentRecord]:
        """Select the rows that this node has to run, taking and renewing leases."""
        cloud = self._cloud
        began = cloud.clock.real()
        now_ms = int(began * 1000)
        soon = now_ms + int((leases.LEASE_SECONDS - leases.RENEW_SECONDS / 2) * 1000)
        ours = {key: row for key, row in rows.items() if leases.ours(row, cloud.node)}
        wanted = [
            key for key, row in rows.items()
            if not row.everywhere and row.lease_until_ms < (soon if row.lease_by == cloud.node else now_ms)
        ]  # fmt: skip
        for start in range(0, len(wanted), SLICE):
            part = wanted[start : start + SLICE]
            for key in part:
                ours.pop(key, None)  # put back only if the lease is taken now
            taken = await cloud.run(lambda part=part: leases.take(cloud, part))  # type: ignore[misc]
            ours.update((RESIDENTS.key(row), row) for row in taken)
        self._held_until = began + leases.LEASE_SECONDS - leases.RENEW_SECONDS * 1.5
        return ours

    async def _let_go_in_time(self) -> None:
        """End all residents once our leases may have expired: the store does not answer, and others may run them."""
        if not self._cloud.store.embedded and self._cloud.clock.real() > self._held_until:
            async with self._looking:
                await self._end(list(self._kept))

    # -- ending ------------------------------------------------------------------------------------------------------

    def _is_stilled(self, key: Key) -> bool:
        return bool(self._stilled) and ("" in self._stilled or key[0] in self._stilled)

    async def _end(self, keys: Iterable[Key]) -> None:
        """Cancel these residents and wait for their end, up to the deadline."""
        ending = [self._kept.pop(key) for key in list(keys)]
        for kept in ending:
            kept.end()
        if ending:
            _, late = await asyncio.wait([kept.task for kept in ending], timeout=DEADLINE)
            for task in late:
                log.error("%s did not end in time", task.get_name())
