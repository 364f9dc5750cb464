"""The faults engine: wraps another engine and fails its transactions by a script, or at random from a seed. For tests.

    store = FaultyStore(MemoryStore(), script={3: Fault.CONFLICT, 7: Fault.CRASH_AFTER})
    store = FaultyStore(MemoryStore(), seed=1, rates={Fault.CONFLICT: 0.2})

The script's numbers count write transactions from 0, every attempt included. The same seed fails the same attempts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path

from .api import Conflict, Reader, Store, StoreFull, StoreUnavailable, Transaction


class Fault(Enum):
    """How a write transaction fails when its block ends."""

    CONFLICT = "another transaction was in the way: rolled back, Conflict"
    FULL = "no room: rolled back, StoreFull"
    UNAVAILABLE = "the engine does not answer: rolled back, StoreUnavailable"
    CRASH_BEFORE = "the process dies just before the commit"
    CRASH_AFTER = "the process dies just after the commit, before anybody is told"


class Crashed(BaseException):
    """The process counts as dead: the store refuses everything until `revive()`."""


class FaultyTransaction:
    """A write transaction of the inner engine that may fail at its end."""

    def __init__(self, store: FaultyStore) -> None:
        self._store = store
        self._inner = store.inner.write()

    def __enter__(self) -> Transaction:
        if self._store.dead:
            raise Crashed
        return self._inner.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        fault = self._store._next() if kind is None else None
        if fault is None:
            self._inner.__exit__(kind, error, trace)  # type: ignore[arg-type]
            return
        if fault is Fault.CRASH_AFTER:
            self._inner.__exit__(None, None, None)
        else:
            failure = _failure(fault)
            self._inner.__exit__(type(failure), failure, None)
        self._store.happened.append(fault)
        if fault in (Fault.CRASH_BEFORE, Fault.CRASH_AFTER):
            self._store.dead = True
        raise _failure(fault)


class FaultyStore:
    """A store that fails on request. `happened` lists the faults so far, `attempts` counts the write transactions."""

    def __init__(
        self,
        inner: Store,
        script: Mapping[int, Fault] | None = None,
        *,
        seed: int = 0,
        rates: Mapping[Fault, float] | None = None,
        embedded: bool | None = None,
    ) -> None:
        self.inner = inner
        self.embedded = inner.embedded if embedded is None else embedded
        self.script = dict(script or {})
        self.rates = dict(rates or {})
        self.attempts = 0
        self.happened: list[Fault] = []
        self.dead = False
        self._random = random.Random(seed)

    def _next(self) -> Fault | None:
        """The fault of the transaction that ends now. Draws once per rate, so a new rate does not shift the others."""
        number, self.attempts = self.attempts, self.attempts + 1
        drawn = [fault for fault, rate in self.rates.items() if self._random.random() < rate]
        return self.script.get(number) or (drawn[0] if drawn else None)

    def revive(self) -> None:
        """Restart after a crash, with the committed state."""
        self.dead = False

    def read(self) -> AbstractContextManager[Reader]:
        if self.dead:
            raise Crashed
        return self.inner.read()

    def write(self) -> AbstractContextManager[Transaction]:
        return FaultyTransaction(self)

    async def durable(self) -> None:
        await self.inner.durable()

    def subscribe(self, listener: Callable[[str], None]) -> None:
        self.inner.subscribe(listener)

    def wipe(self, prefix: str = "") -> None:
        self.inner.wipe(prefix)

    def check(self) -> list[str]:
        return self.inner.check()

    async def copy_to(self, path: Path) -> None:
        await self.inner.copy_to(path)

    async def restore(self, path: Path) -> None:
        await self.inner.restore(path)

    def close(self) -> None:
        self.inner.close()


def _failure(fault: Fault) -> BaseException:
    match fault:
        case Fault.CONFLICT:
            return Conflict("by the script")
        case Fault.FULL:
            return StoreFull("by the script")
        case Fault.UNAVAILABLE:
            return StoreUnavailable("by the script")
        case _:
            return Crashed()
