"""The audit: receives every call when it ends, and writes it to disk a moment later.

CloudTrail itself is late ("typically delivers events within an average of about 5 minutes"), so no call waits for a
transaction. Calls are gathered for about a second of the clock and then written in batches. A killed process loses only
the calls gathered in that time.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html

The audit stores management events, and data events where a trail of the account asks for them. For `fogbank why` it
also stores every call and job that failed, and the calls that led to a stored one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Cloud, Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import Operation
from fogbank.core.principal import service
from fogbank.core.trace import Hop
from fogbank.store.api import Conflict, Key, StoreError, Transaction

from .events import Call, entries
from .records import ASKED, ASKS, ENTRIES, TALLY, Ask, Entry, Tally

log = logging.getLogger("fogbank.audit")

DELAY = 1.0  # seconds of the clock for which calls are gathered
FULL = 500  # gathered calls that are written at once, without waiting for DELAY
SLICE = 20  # calls per transaction: a few milliseconds
DAYS = 90  # "viewable … for the past 90 days": the event history
EVERY = 300  # seconds between deliveries
MOST = 50_000  # stored entries, of all accounts together; more while some may still have to be delivered
_FULL = "audit/full"


class Audit:
    """Receives all calls. `asked` maps each service to the accounts whose trails want its data events."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._waiting: list[Call] = []
        self._task: asyncio.Task[None] | None = None
        self._flushing = asyncio.Lock()
        self._asks: list[Ask] = []
        self._due: dict[tuple[str, str, str], float] = {}  # (account, ask, region) -> when its job is due
        self.asked: dict[str, frozenset[str]] = {}
        self._started = False
        cloud.signals.on("reset", self._forget)
        cloud.on_stop(self.stop)

    def start(self) -> None:
        """Start to receive calls. Needs a running event loop."""
        self._started = True
        self._cloud.trace.on_failure = self.failed
        self._cloud.signals.on(ASKED, self.learn)
        self.learn()

    def learn(self) -> None:
        """Read which accounts ask for which events."""
        with self._cloud.store.read() as tx:
            self._asks = list(tx.scan(ASKS))
        services = {name for ask in self._asks for name in ask.services}
        self.asked = {
            name: frozenset(ask.account for ask in self._asks if name in ask.services) for name in sorted(services)
        }

    def _forget(self) -> None:
        """After a reset, of one service or of everything: forget what the reset deleted."""
        self._due.clear()
        with self._cloud.store.read() as tx:
            everything = tx.get(TALLY, ("tally",)) is None
        if everything:
            self._waiting.clear()
            self._cloud.trace.clear()
        self.learn()

    # -- taking ------------------------------------------------------------------------------------------------------

    def record(
        self,
        hop: Hop,
        ctx: Context,
        operation: Operation,
        params: Mapping[str, Any],
        result: Mapping[str, Any] | None,
        error: ServiceError | None,
        invoker: str = "",
    ) -> None:
        """Take a call that has ended. For data events, callers pass only those of services that are in `asked`."""
        self._take(Call(hop, self._cloud.clock.now(), ctx, operation, params, result, error, invoker))

    def failed(self, hop: Hop) -> None:
        """Keep a call or job that failed, for `fogbank why`, whether or not it becomes a CloudTrail event.

        An unsigned call stays in memory only: otherwise anybody could push all stored entries out.
        """
        if hop.account:
            self._take(Call(hop, self._cloud.clock.now()))

    def _take(self, call: Call) -> None:
        if not self._started:
            return
        self._waiting.append(call)
        if self._task is None:
            self._task = asyncio.ensure_future(self._gather())
        elif len(self._waiting) == FULL:
            self._cloud.signals.fire(_FULL)

    async def _gather(self) -> None:
        """Write when a second has passed or enough calls are waiting. Ends when none are left, so nothing runs idle."""
        try:
            with self._cloud.signals.watch(_FULL) as watch:
                while self._waiting:
                    await watch.wait(DELAY)
                    await self._write()
        finally:
            self._task = None

    async def _write(self) -> None:
        try:
            await self.flush()
        except (StoreError, Conflict) as error:  # these calls are lost, but later ones need not be
            log.warning("calls could not be recorded: %s", error)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()

    # -- keeping -----------------------------------------------------------------------------------------------------

    async def flush(self) -> None:
        """Write all gathered calls."""
        async with self._flushing:
            while self._waiting:
                part, self._waiting = self._waiting[:SLICE], self._waiting[SLICE:]
                # calls stored as failures only, for which the event is known now
                again = {call.hop.id for call in part if call.hop.kept and call.ctx is not None}
                made = self._entries(part)
                if made:
                    await self._cloud.run(lambda made=made, again=again: self._keep(made, again))  # type: ignore[misc]
                await asyncio.sleep(0)

    def _entries(self, calls: list[Call]) -> list[Entry]:
        """The entries of each call, preceded by those of the calls that led to it, if known and not on disk yet."""
        told = {call.hop.id for call in calls if call.ctx is not None}
        found: dict[str, list[Entry]] = {}
        for call in calls:
            if call.hop.id in found or (call.ctx is None and call.hop.id in told):
                continue
            made = entries(call, self.asked)
            for led in self._cloud.trace.unkept(call.hop.cause) if made else ():
                if led.id not in told:
                    led.kept = True
                    found.setdefault(led.id, entries(Call(led, led.at), {}))
            call.hop.kept = bool(made)
            found[call.hop.id] = made
        return [entry for made in found.values() for entry in made]

    def _keep(self, made: list[Entry], again: set[str]) -> None:
        with self._cloud.store.write() as tx:
            tally = tx.get(TALLY, ("tally",)) or Tally()
            for entry in made:
                if entry.hop.id in again and not entry.shared:
                    for known in list(tx.scan_index(ENTRIES, "call", (entry.hop.id,))):
                        tally.count -= tx.delete(ENTRIES, ENTRIES.key(known))
                tx.put(ENTRIES, entry, new=True)
                tally.count += 1
            self._expire(tx, tally, len(made))
            tx.put(TALLY, tally)
            self._wake(tx, made)

    def _expire(self, tx: Transaction, tally: Tally, made: int) -> None:
        """Delete entries that are too old or too many: at most twice as many as were added."""
        now = self._cloud.clock.now()
        oldest, recent = (int((now - seconds) * 1_000_000) for seconds in (DAYS * 86400, 2 * EVERY))
        doomed: list[Key] = []

        def stays(entry: Entry) -> bool:
            return entry.at_us >= oldest and (entry.at_us >= recent or tally.count - len(doomed) <= MOST)

        first = next(iter(tx.scan_index(ENTRIES, "time", limit=1)), None)
        if first is None or stays(first):  # the usual case
            return
        for entry in tx.scan_index(ENTRIES, "time", limit=2 * made):
            if stays(entry):
                break
            doomed.append(ENTRIES.key(entry))
        for key in doomed:
            tally.count -= tx.delete(ENTRIES, key)

    def _wake(self, tx: Transaction, made: list[Entry]) -> None:
        """Schedule the jobs of those who asked for events, at the next five minutes of the clock.

        CloudTrail's own calls schedule nothing: otherwise each delivery would cause the next one.
        """
        if not self._asks:
            return
        cloud, now = self._cloud, self._cloud.clock.now()
        due = (now // EVERY + 1) * EVERY
        asked: dict[tuple[str, str, str], float] = {}
        places = {(entry.account, entry.region) for entry in made if entry.event and not entry.own}
        for ask in self._asks:
            for account, region in places:
                key = (account, ask.name, region)
                asked_for = now < self._due.get(key, 0) <= due  # a later one is of a time before the clock went back
                if ask.account != account or ask.region not in ("", region) or asked_for:
                    continue
                who = service("cloudtrail.amazonaws.com", account)
                ctx = Context(app=cloud, account=account, region=region, principal=who, request_id=cloud.ids.uuid())
                ctx.later(tx, ask.job, ask.payload, delay=due - now, name=ask.name)
                asked[key] = due
        tx.after_commit(lambda: self._due.update(asked))
