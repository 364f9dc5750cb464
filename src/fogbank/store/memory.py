"""The memory engine: a sorted dictionary and an undo log. For tests, and for `--ephemeral`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sortedcontainers import SortedDict

from .api import R, Reader, Table, Transaction
from .typed import NESTED, Row, TypedReader, TypedTransaction, wiped


class MemoryReader(TypedReader):
    """A read transaction. Transactions run one after the other, so the present state is a consistent view."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store._known)
        self._store = store
        self._rows = store._rows

    def __enter__(self) -> MemoryReader:
        self._store._enter()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._live += 1
        self._store._busy = False

    def _get(self, row: bytes) -> bytes | None:
        found: bytes | None = self._rows.get(row)
        return found

    def _range(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[Row]:
        rows = self._rows
        out: list[Row] = []
        if low < high:
            for key in rows.irange(low, high, inclusive=(True, False), reverse=reverse):
                out.append((key, rows[key]))
                if len(out) == limit:
                    break
        return out

    def _count(self, low: bytes, high: bytes) -> int:
        return max(0, int(self._rows.bisect_left(high) - self._rows.bisect_left(low)))

    def _prepare(self, table: Table[R]) -> None:
        self._store._busy = False
        with self._store._writer as tx:
            tx._prepare(table)
        self._store._busy = True


class MemoryTransaction(MemoryReader, TypedTransaction):
    """A write transaction. `_undo` holds the previous value of each changed row."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self._undo: dict[bytes, bytes | None] = {}
        self._prepared: list[str] = []

    def __enter__(self) -> MemoryTransaction:
        self._store._enter()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        topics, actions = self._end()
        undo, self._undo = self._undo, {}
        prepared, self._prepared = self._prepared, []
        if kind is not None:
            self._known.difference_update(prepared)
            for row, before in undo.items():
                if before is None:
                    self._rows.pop(row, None)
                else:
                    self._rows[row] = before
            self._store._busy = False
            return
        self._store._busy = False
        for action in actions:
            action()
        for topic in topics:
            for listener in self._store._listeners:
                listener(topic)

    def _prepare(self, table: Table[R]) -> None:
        self._reindex(table)
        self._prepared.append(table.name)
        self._known.add(table.name)

    def _remember(self, row: bytes) -> None:
        if row not in self._undo:
            self._undo[row] = self._rows.get(row)

    def _put(self, row: bytes, value: bytes) -> None:
        self._remember(row)
        self._rows[row] = value

    def _remove(self, row: bytes) -> bool:
        self._remember(row)
        return self._rows.pop(row, None) is not None

    def _clear(self, low: bytes, high: bytes) -> None:
        for row in list(self._rows.irange(low, high, inclusive=(True, False))):
            self._remove(row)


class MemoryStore:
    """Keeps everything in this process and loses it when the process ends."""

    embedded = True

    def __init__(self) -> None:
        self._rows: SortedDict = SortedDict()
        self._known: set[str] = set()
        self._busy = False
        self._listeners: list[Callable[[str], None]] = []
        self._reader = MemoryReader(self)
        self._writer = MemoryTransaction(self)

    def _enter(self) -> None:
        if self._busy:
            raise RuntimeError(NESTED)
        self._busy = True

    def read(self) -> AbstractContextManager[Reader]:
        return self._reader

    def write(self) -> AbstractContextManager[Transaction]:
        return self._writer

    async def durable(self) -> None:
        """Returns at once: this engine keeps nothing on disk."""

    def subscribe(self, listener: Callable[[str], None]) -> None:
        self._listeners.append(listener)

    def wipe(self, prefix: str = "") -> None:
        with self._writer as tx:
            tx._changes += 1
            tx._clear(*wiped(prefix))

    def check(self) -> list[str]:
        with self._reader as tx:
            return list(tx._problems())

    async def copy_to(self, path: Path) -> None:
        from .copies import write_copy

        await asyncio.to_thread(write_copy, path, list(self._rows.items()))

    async def restore(self, path: Path) -> None:
        from .copies import read_copy

        rows = await asyncio.to_thread(lambda: SortedDict(read_copy(path)))
        if self._busy:
            raise RuntimeError(NESTED)
        self._rows.clear()
        self._rows.update(rows)
        self._known.clear()

    def close(self) -> None:
        """Forget everything."""
        self._rows.clear()
