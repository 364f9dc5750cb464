"""Typed records over rows of bytes, shared by all engines. An engine supplies five methods on rows.

The rows of all tables are in one ordered space. Those of one table are, in this order:

    NAME 00 KEY                        the record
    NAME 01 INDEX 00 ENTRY 01 KEY      an index row, whose value is the record's row
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .api import Key, R, StoreCorrupt, Table
from .keys import BEYOND, SEPARATOR, ceiling, encode
from .records import Codec, codec, describe, intact

Row = tuple[bytes, bytes]  # a key and its value
IndexedRow = tuple[bytes, bytes, "bytes | None"]  # an index row's key, the record's row, the record's value

NESTED = (
    "transactions do not nest: one is open already. Pass its `tx` on instead of opening another; and an async "
    "operation never keeps a transaction open across an await"
)
ENDED = "a scan was continued after its transaction had ended"
FIRST_CHUNK, LARGEST_CHUNK = 16, 512  # rows that a scan fetches at a time: few at first, since most scans end early
NAME = re.compile(rb"[^\x00\x01]+(?=[\x00\x01])")  # a table's name, at the start of a row
CATALOG = b"\x00catalog\x00"  # + a table's name: its version and indexes when it was last used


class TypedReader:
    """The Reader of every engine that supplies `_get`, `_range` and `_range_index`.

    `_live` counts the ended transactions of this object, `_changes` its writes. Scans watch both.
    """

    _writes = False

    def __init__(self, known: set[str]) -> None:
        self._live = 0
        self._changes = 0
        self._known = known  # the tables whose indexes are up to date, shared by all transactions of the store

    # -- supplied by the engine --------------------------------------------------------------------------------------

    def _get(self, row: bytes) -> bytes | None:
        raise NotImplementedError

    def _range(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[Row]:
        """Rows with low <= key < high, in order or reversed, at most `limit`."""
        raise NotImplementedError

    def _range_index(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[IndexedRow]:
        """Index rows in the same form as `_range`, each with the value of the record it points to."""
        return [(key, row, self._get(row)) for key, row in self._range(low, high, reverse, limit)]

    def _count(self, low: bytes, high: bytes) -> int:
        raise NotImplementedError

    def _prepare(self, table: Table[R]) -> None:
        """Call `_reindex` for the table in a write transaction, and add it to `_known` once that has committed."""
        raise NotImplementedError

    def _codec(self, table: Table[R]) -> Codec[R]:
        """The codec of a table. Updates the table's indexes on its first use."""
        if table.name not in self._known:
            state = self._get(CATALOG + table.name.encode())
            if state == _state(table):
                self._known.add(table.name)
            elif state is not None or self._writes:  # to a reader, a table that was never written to is simply empty
                self._prepare(table)
        return table.codec or codec(table)

    # -- Reader ------------------------------------------------------------------------------------------------------

    def get(self, table: Table[R], key: Key) -> R | None:
        codec = self._codec(table)
        row = codec.prefix + encode(key)
        value = self._get(row)
        return None if value is None else codec.load(row, value)

    def scan(
        self,
        table: Table[R],
        prefix: Key = (),
        *,
        start: Key | None = None,
        end: Key | None = None,
        after: Key | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[R]:
        codec = self._codec(table)
        beyond = None if after is None else encode(after)
        low, high = _bounds(codec.prefix, encode(prefix), start, end, beyond, reverse)
        return self._walk(low, high, reverse, limit, self._range, codec.load_row)

    def page(
        self,
        table: Table[R],
        prefix: Key = (),
        *,
        limit: int,
        start: Key | None = None,
        end: Key | None = None,
        after: Key | None = None,
        reverse: bool = False,
    ) -> list[R]:
        codec = self._codec(table)
        beyond = None if after is None else encode(after)
        low, high = _bounds(codec.prefix, encode(prefix), start, end, beyond, reverse)
        return codec.load_rows(self._range(low, high, reverse, limit))

    def scan_index(
        self,
        table: Table[R],
        index: str,
        prefix: Key = (),
        *,
        start: Key | None = None,
        end: Key | None = None,
        after: tuple[Key, Key] | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[R]:
        codec = self._codec(table)
        beyond = None if after is None else encode(after[0]) + SEPARATOR + encode(after[1])
        low, high = _bounds(_floor(codec, index), encode(prefix), start, end, beyond, reverse)
        return self._walk(low, high, reverse, limit, self._range_index, lambda row: _follow(codec, row))

    def first(self, table: Table[R], index: str, entry: Key) -> R | None:
        codec = self._codec(table)
        low = _floor(codec, index) + encode(entry) + SEPARATOR
        found = self._range_index(low, low + BEYOND, False, 1)
        return _follow(codec, found[0]) if found else None

    def count(self, table: Table[R], prefix: Key = (), *, index: str = "", start: Key | None = None) -> int:
        codec = self._codec(table)
        floor = _floor(codec, index) if index else codec.prefix
        return self._count(*_bounds(floor, encode(prefix), start, None, None, False))

    def tables(self) -> list[str]:
        return [row[len(CATALOG) :].decode() for row, _ in self._range(CATALOG, ceiling(CATALOG), False, 1_000_000)]

    def _problems(self) -> Iterator[str]:
        """Describe each damaged row, in all tables."""
        low, high = wiped("")
        while rows := self._range(low, high, False, LARGEST_CHUNK):
            for row, value in rows:
                name = NAME.match(row)
                if name is None:
                    yield f"a row belongs to no table: {row.hex()}"
                elif row[name.end()] == 0:
                    if not intact(row, value):
                        yield f"the record at {describe(row)} of table {name[0].decode(errors='replace')} is damaged"
                elif self._get(value) is None:
                    yield f"an index of table {name[0].decode(errors='replace')} points to nothing: {row.hex()}"
            low = rows[-1][0] + b"\x00"

    def _walk(
        self,
        low: bytes,
        high: bytes,
        reverse: bool,
        limit: int | None,
        fetch: Callable[[bytes, bytes, bool, int], list[Any]],
        make: Callable[[Any], R],
    ) -> Iterator[R]:
        """Fetch rows in growing chunks. Restarts after the last row when the transaction has written meanwhile."""
        live = self._live
        left = -1 if limit is None else limit
        size = FIRST_CHUNK
        while left:
            wanted = size if left < 0 else min(size, left)
            changes = self._changes
            rows = fetch(low, high, reverse, wanted)
            if not self._writes:  # nothing can change between chunks: the last row says where to continue
                for row in rows:
                    yield make(row)
                    if self._live != live:
                        raise RuntimeError(ENDED)
                if len(rows) < wanted:
                    return
                if reverse:
                    high = rows[-1][0]
                else:
                    low = rows[-1][0] + b"\x00"
                left -= wanted if left > 0 else 0
                size = min(size * 4, LARGEST_CHUNK)
                continue
            for row in rows:
                if reverse:
                    high = row[0]
                else:
                    low = row[0] + b"\x00"
                left -= 1
                yield make(row)
                if self._live != live:
                    raise RuntimeError(ENDED)
                if self._changes != changes:
                    size = 4
                    break
            else:
                if len(rows) < wanted:
                    return
                size = min(size * 4, LARGEST_CHUNK)


class TypedTransaction(TypedReader):
    """The Transaction of every engine that supplies `_put`, `_remove`, `_clear` and the methods of TypedReader."""

    _writes = True

    def __init__(self, known: set[str]) -> None:
        super().__init__(known)
        self._topics: dict[str, None] = {}
        self._actions: list[Callable[[], None]] = []

    def _put(self, row: bytes, value: bytes) -> None:
        raise NotImplementedError

    def _remove(self, row: bytes) -> bool:
        """Remove a row. Returns whether it existed."""
        raise NotImplementedError

    def put(self, table: Table[R], record: R, *, new: bool = False) -> None:
        codec = self._codec(table)
        row = codec.prefix + encode(codec.key_of(record))
        value = codec.dump(row, record)
        self._changes += 1
        if codec.indexes:
            old = None if new else self._get(row)
            before = codec.index_rows(codec.load(row, old), row) if old is not None else set()
            after = codec.index_rows(record, row)
            for stale in before - after:
                self._remove(stale)
            for fresh in after - before:
                self._put(fresh, row)
        self._put(row, value)

    def delete(self, table: Table[R], key: Key) -> bool:
        codec = self._codec(table)
        row = codec.prefix + encode(key)
        self._changes += 1
        if codec.indexes:
            old = self._get(row)
            if old is None:
                return False
            for stale in codec.index_rows(codec.load(row, old), row):
                self._remove(stale)
        return self._remove(row)

    def signal(self, topic: str) -> None:
        self._topics[topic] = None

    def after_commit(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def _end(self) -> tuple[dict[str, None], list[Callable[[], None]]]:
        """Invalidate the scans of this transaction. Returns the topics and actions to run if it committed."""
        self._live += 1
        topics, actions = self._topics, self._actions
        if topics:
            self._topics = {}
        if actions:
            self._actions = []
        return topics, actions

    def _reindex(self, table: Table[R]) -> None:
        """Rebuild a table's indexes, because its version or its indexes changed since it was last used."""
        made = codec(table)
        row = CATALOG + table.name.encode()
        self._changes += 1
        if self._get(row) is not None or made.indexes:
            self._clear(made.end, ceiling(made.end))
            low = made.prefix
            while made.indexes and (rows := self._range(low, made.end, False, LARGEST_CHUNK)):
                for key, value in rows:
                    for fresh in made.index_rows(made.load(key, value), key):
                        self._put(fresh, key)
                low = rows[-1][0] + b"\x00"
        self._put(row, _state(table))

    def _clear(self, low: bytes, high: bytes) -> None:
        """Remove all rows with low <= key < high."""
        raise NotImplementedError


def _state(table: Table[Any]) -> bytes:
    return repr((table.version, sorted(table.indexes))).encode()


def wiped(prefix: str) -> tuple[bytes, bytes]:
    """The range of all rows of the tables whose name starts with `prefix`. Table names start above 01."""
    low = prefix.encode() or b"\x02"
    return low, ceiling(low) if prefix else BEYOND * 8


def _floor(codec: Codec[Any], index: str) -> bytes:
    try:
        return codec.floor[index]
    except KeyError:
        raise ValueError(f"table {codec.table.name} has no index {index!r}") from None


def _bounds(
    floor: bytes, prefix: bytes, start: Key | None, end: Key | None, beyond: bytes | None, reverse: bool
) -> tuple[bytes, bytes]:
    low, high = floor + prefix, floor + prefix + BEYOND
    if start is not None:
        low = max(low, floor + encode(start))
    if end is not None:
        high = min(high, floor + encode(end))
    if beyond is not None:
        if reverse:
            high = min(high, floor + beyond)
        else:
            low = max(low, floor + beyond + b"\x00")
    return low, high


def _follow(codec: Codec[R], row: IndexedRow) -> R:
    key, target, value = row
    if value is None:
        raise StoreCorrupt(
            f"an index of table {codec.table.name} points to a record that is not there ({describe(target)}); "
            f"index row {key.hex()}. Restore a snapshot, or `fogbank reset` the service to lose only its state"
        )
    return codec.load(target, value)
