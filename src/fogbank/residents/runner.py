"""One resident that runs on this node. When it ends, it starts again after a pause."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from fogbank.core import principal
from fogbank.core.context import Cloud, Context
from fogbank.core.residents import Resident
from fogbank.core.trace import Hop
from fogbank.store.api import Conflict, StoreError

from .records import RESIDENTS, ResidentRecord

log = logging.getLogger("fogbank.residents")

WELL = 60.0  # real seconds of running that reset the count of failures
LONGEST_PAUSE = 60.0


class Kept:
    """`find(kind)` returns the marked function of a kind, importing its service if necessary."""

    def __init__(self, cloud: Cloud, find: Callable[[str], Resident | None], row: ResidentRecord) -> None:
        self._cloud, self._find, self._row = cloud, find, row
        self.mark = row.mark
        self._failures = row.failures
        self._ending = False
        self._noting: asyncio.Task[None] | None = None
        self.task = asyncio.create_task(self._run(), name=f"resident {row.kind} {row.id}")

    def end(self) -> None:
        """Cancel it. It has ended when `task` is done."""
        self._ending = True
        self.task.cancel()

    async def _run(self) -> None:
        clock = self._cloud.clock
        while not self._ending:
            began = clock.monotonic()
            error = await self._once()
            if self._ending:
                return
            self._failures = 1 if clock.monotonic() - began >= WELL else self._failures + 1
            log.warning("resident %s of %s ended: %s", self._row.kind, self._row.id, error)
            await self._note(error, self._failures)
            await asyncio.sleep(min(2.0 ** (self._failures - 1), LONGEST_PAUSE))

    async def _once(self) -> str:
        """Run the resident until it ends. Returns why it ended."""
        row = self._row
        well = asyncio.get_running_loop().call_later(WELL, self._recovered) if self._failures else None
        try:
            declared = self._find(row.kind)
            if declared is None:
                return f"there is no resident of kind {row.kind}"
            with self._cloud.clock.working(standing=True):
                await declared.call(self._context(), row.id)
        except (Exception, asyncio.CancelledError) as error:  # the keeper's outermost edge
            if self._ending:
                if not isinstance(error, asyncio.CancelledError):
                    log.warning("resident %s of %s failed while it ended: %r", row.kind, row.id, error)
                raise asyncio.CancelledError from error
            log.debug("resident %s of %s failed", row.kind, row.id, exc_info=True)
            return f"{type(error).__name__}: {error}".encode(errors="backslashreplace").decode()
        finally:
            if well is not None:
                well.cancel()
        return "it ended by itself"

    def _context(self) -> Context:
        row, cloud = self._row, self._cloud
        service = row.kind.partition(".")[0]
        who = principal.service(f"{service}.amazonaws.com", row.account)
        ctx = Context(
            app=cloud,
            account=row.account,
            region=row.region,
            principal=who,
            request_id=cloud.ids.uuid(),
            service=service,
            operation=row.kind,
            endpoint=cloud.endpoint,
        )
        cloud.trace.add(Hop(ctx.request_id, ctx.now(), "resident", row.kind, row.account, row.region, who.arn, ""))
        return ctx

    def _recovered(self) -> None:
        self._failures = 0
        self._noting = asyncio.create_task(self._note("", 0), name=f"recovered {self._row.kind}")

    async def _note(self, error: str, failures: int) -> None:
        """Record on the row why it ended, for people."""

        def put() -> None:
            with self._cloud.store.write() as tx:
                row = tx.get(RESIDENTS, RESIDENTS.key(self._row))
                if row is not None and row.mark == self.mark:
                    row.error, row.failures = error[:2000], failures
                    tx.put(RESIDENTS, row)

        try:
            await self._cloud.run(put)
        except (Conflict, StoreError) as problem:
            log.warning("the state of resident %s of %s cannot be stored: %s", self._row.kind, self._row.id, problem)
