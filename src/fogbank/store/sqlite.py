"""The SQLite engine: one file in WAL mode, used from one thread, one transaction at a time.

One connection serves reads and writes. Taking and dropping SQLite's read lock costs as much as a read. So the read
transaction stays open from one call to the next until a commit ends it; nobody else writes, so it is never stale. A
second connection, in its own thread, moves the log into the file (`checkpoints`). When a commit returns, the kernel has
the data, so it survives a killed process; `durable()` adds the sync that makes it survive a power cut.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from operator import itemgetter
from pathlib import Path

from fogbank.core import private

from . import checkpoints, schema
from .api import (
    Key,
    R,
    Reader,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    Table,
    Transaction,
)
from .checkpoints import Checkpoints
from .copies import open_copy, publish, sync_directory
from .keys import encode
from .lock import DirectoryLock
from .syncs import GroupedSync
from .typed import NESTED, IndexedRow, Row, TypedReader, TypedTransaction, wiped

INLINE = schema.INLINE
_VALUE = itemgetter(1)
# only one process uses the file: its connections share locks in memory, which saves a kernel lock at every step
_VFS = "?vfs=unix-excl" if os.name == "posix" else ""

GET = "SELECT v FROM kv WHERE k = ?"
GET_LARGE = "SELECT v FROM large WHERE id = ?"
PUT = "INSERT INTO kv (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v"  # REPLACE takes twice as long
PUT_LARGE = "INSERT INTO large (v) VALUES (?)"
REPLACE_LARGE = "UPDATE large SET v = ? WHERE id = (SELECT v FROM kv WHERE k = ? AND typeof(v) = 'integer')"
REMOVE = "DELETE FROM kv WHERE k = ?"
CLEAR = "DELETE FROM kv WHERE k >= ? AND k < ?"
COUNT = "SELECT count(*) FROM kv WHERE k >= ? AND k < ?"
RANGE = {
    False: "SELECT k, v FROM kv WHERE k >= ? AND k < ? ORDER BY k LIMIT ?",
    True: "SELECT k, v FROM kv WHERE k >= ? AND k < ? ORDER BY k DESC LIMIT ?",
}
RANGE_INDEX = {
    reverse: "SELECT i.k, i.v, r.v FROM kv i LEFT JOIN kv r ON r.k = i.v WHERE i.k >= ? AND i.k < ? "
    f"ORDER BY i.k {'DESC ' if reverse else ''}LIMIT ?"
    for reverse in (False, True)
}


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """Translate an SQLite error into what it means for the user of the store."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreFull(f"there is no room left for {path}: nothing of this change was kept. Free some disk space")
        case sqlite3.SQLITE_IOERR if code in (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE):
            return StoreFull(
                f"{path} cannot grow: the disk, a quota or a file-size limit is exhausted, or the disk fails. "
                "Nothing of this change was kept"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorrupt(
                f"{path} is damaged ({error}). Stop the cloud, keep a copy of the file, then restore a snapshot "
                "(`fogbank snapshot load`) or start anew with `fogbank reset`"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreReadOnly(
                f"{path} cannot be written ({error}). Give this user the right to, or use another --data"
            )
        case _:
            return StoreUnavailable(f"{path}: {error} (SQLite code {code})")


class SqliteReader(TypedReader):
    """A read transaction: its own statements on the store's one connection."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store._known)
        self._store = store
        self._bind(store._connection)

    def _bind(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.cursor().execute

    def __enter__(self) -> SqliteReader:
        store = self._store
        if store._busy:
            raise RuntimeError(NESTED)
        store._busy = True
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._live += 1
        self._store._busy = False

    def get(self, table: Table[R], key: Key) -> R | None:
        codec = table.codec
        if codec is None or table.name not in self._known:
            codec = self._codec(table)
        row = codec.prefix + encode(key)
        value = self._get(row)
        if value is None:
            return None
        record: R = codec.load(row, value)
        return record

    def _get(self, row: bytes) -> bytes | None:
        try:
            if not self._store._open:
                self._begin()
            found = self._execute(GET, (row,)).fetchone()
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error
        if found is None:
            return None
        value = found[0]
        return self._large(value, row) if type(value) is int else value

    def _begin(self) -> None:
        self._execute("BEGIN")
        self._store._open = True

    def _large(self, number: int, row: bytes) -> bytes:
        found = self._execute(GET_LARGE, (number,)).fetchone()
        if found is None:
            raise StoreCorrupt(f"{self._store.path} is damaged: the value of row {row.hex()} is not there")
        value: bytes = found[0]
        return value

    def _range(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[Row]:
        try:
            if not self._store._open:
                self._begin()
            rows = self._execute(RANGE[reverse], (low, high, limit)).fetchall()
            if int in map(type, map(_VALUE, rows)):
                rows = [row if type(row[1]) is bytes else (row[0], self._large(row[1], row[0])) for row in rows]
            return rows
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error

    def _range_index(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[IndexedRow]:
        try:
            if not self._store._open:
                self._begin()
            rows = self._execute(RANGE_INDEX[reverse], (low, high, limit)).fetchall()
            return [row if type(row[1]) is bytes and type(row[2]) is not int else self._indexed(*row) for row in rows]
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error

    def _indexed(self, key: bytes, row: bytes | int, value: bytes | int | None) -> IndexedRow:
        """Resolve an index row of which some part is stored in `large`."""
        if type(row) is int:
            row = self._large(row, key)
            return key, row, self._get(row)
        assert type(row) is bytes
        return key, row, self._large(value, row) if type(value) is int else None

    def _count(self, low: bytes, high: bytes) -> int:
        try:
            if not self._store._open:
                self._begin()
            return int(self._execute(COUNT, (low, high)).fetchone()[0])
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error

    def _prepare(self, table: Table[R]) -> None:
        self._store._busy = False
        try:
            with self._store._writer as tx:
                tx._prepare(table)
        finally:
            self._store._busy = True


class SqliteTransaction(SqliteReader, TypedTransaction):
    """A write transaction. It is the open read transaction until its first change."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self._changed = False
        self._bytes = 0  # approximate bytes written in this transaction
        self._broken: StoreError | None = None  # SQLite rolled the transaction back: no further statement may run in it
        self._prepared: list[str] = []

    def __enter__(self) -> SqliteTransaction:
        store = self._store
        if store._busy:
            raise RuntimeError(NESTED)
        store._busy = True
        if store._checkpoints.caught_up:
            self._restart_log()
        return self

    def _restart_log(self) -> None:
        """Let the log restart. It is wholly in the file, and only a transaction begun after that may overwrite it."""
        store = self._store
        store._checkpoints.caught_up = False
        if store._open:
            self._execute("ROLLBACK")
            store._open = False

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        store = self._store
        topics, actions = self._end()
        try:
            if self._changed:
                self._changed = False
                self._finish(kind is None)
        finally:
            store._busy = False
        if kind is None:
            for action in actions:
                action()
            for topic in topics:
                for listener in store._listeners:
                    listener(topic)

    def _finish(self, commit: bool) -> None:
        """Commit or roll back. Raises the error that broke the transaction, if it was to be committed."""
        store, broken = self._store, self._broken
        written, self._bytes = self._bytes, 0
        prepared, self._prepared = self._prepared, []
        self._broken = None
        store._open = False
        try:
            if commit and broken is None:
                self._execute("COMMIT")
                store._commits += 1
                store._checkpoints.wrote(written)
                return
        except sqlite3.Error as error:
            broken = explained(error, store.path)
        self._known.difference_update(prepared)
        if store._connection.in_transaction:
            self._execute("ROLLBACK")
        if commit and broken is not None:
            raise broken

    def _change(self, statement: str, parameters: tuple[bytes | int, ...]) -> sqlite3.Cursor:
        if self._broken is not None:
            raise self._broken
        self._changed = True
        try:
            if not self._store._open:
                self._execute("BEGIN IMMEDIATE")
                self._store._open = True
            return self._execute(statement, parameters)
        except sqlite3.Error as error:
            self._broken = explained(error, self._store.path)  # the block's end raises it again, even if caught
            raise self._broken from error

    def _put(self, row: bytes, value: bytes) -> None:
        size = len(value)
        self._bytes += size + schema.PAGE
        if size + len(row) <= INLINE:
            self._change(PUT, (row, value))
            return
        if not self._change(REPLACE_LARGE, (value, row)).rowcount:
            self._change(PUT, (row, self._change(PUT_LARGE, (value,)).lastrowid or 0))

    def _remove(self, row: bytes) -> bool:
        self._bytes += schema.PAGE
        return self._change(REMOVE, (row,)).rowcount > 0

    def _clear(self, low: bytes, high: bytes) -> None:
        self._bytes += 256 * self._change(CLEAR, (low, high)).rowcount

    def _prepare(self, table: Table[R]) -> None:
        self._reindex(table)
        self._prepared.append(table.name)
        self._known.add(table.name)


class SqliteStore:
    """A store in `DIRECTORY/store.db`. Raises StoreLocked, StoreReadOnly, StoreCorrupt and StoreTooNew on opening."""

    embedded = True

    def __init__(self, directory: Path, *, durability: str = "process") -> None:
        self.path = directory / "store.db"
        self._lock = DirectoryLock(directory)
        self._listeners: list[Callable[[str], None]] = []
        self._known: set[str] = set()
        self._full = durability == "full"
        self._commits = 0
        self._busy = False  # a transaction of this store is open
        self._open = False  # a transaction of SQLite is open
        try:
            self._connection = self._connect()
            self._start()
        except BaseException:
            self._lock.release()
            raise
        self._reader = SqliteReader(self)
        self._writer = SqliteTransaction(self)

    def _connect(self) -> sqlite3.Connection:
        if self.path.exists() and not os.access(self.path, os.W_OK):  # SQLite would report it only at the first change
            raise StoreReadOnly(f"{self.path} cannot be written. Give this user the right to, or use another --data")
        try:
            if not self.path.exists():
                private.create(self.path)  # SQLite gives the log beside it the same mode
            connection = connect(self.path)
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        try:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                schema.create(connection)
            connection.execute("COMMIT")
            schema.check(connection, self.path)
        except sqlite3.Error as error:
            connection.close()
            raise explained(error, self.path) from error
        except StoreError:
            connection.close()
            raise
        sync_directory(self.path.parent)
        return connection

    def _start(self) -> None:
        log = self.path.with_name(self.path.name + "-wal")
        self._checkpoints = Checkpoints(self.path, self._connection, connect)
        self._syncs = GroupedSync(log) if self._full else None

    def read(self) -> AbstractContextManager[Reader]:
        return self._reader

    def write(self) -> AbstractContextManager[Transaction]:
        return self._writer

    async def durable(self) -> None:
        if self._syncs is not None:
            await self._syncs.wait(lambda: self._commits)

    def subscribe(self, listener: Callable[[str], None]) -> None:
        self._listeners.append(listener)

    def wipe(self, prefix: str = "") -> None:
        with self._writer as tx:
            tx._changes += 1
            tx._clear(*wiped(prefix))

    def check(self) -> list[str]:
        found = self._connection.execute("PRAGMA integrity_check(20)").fetchall()
        problems = [f"{self.path}: {text}" for (text,) in found if text != "ok"]
        with self._reader as tx:
            return problems + list(tx._problems())

    async def copy_to(self, path: Path) -> None:
        await asyncio.to_thread(self._copy_to, path)

    def _copy_to(self, path: Path) -> None:
        """Copy in one backup step on another connection: one read transaction, so consistent. It blocks nobody."""
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        private.create(part)
        source, target = connect(self.path), sqlite3.connect(part, isolation_level=None)
        try:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise explained(error, part) from error
        finally:
            source.close()
            target.close()
        publish(part, path)

    async def restore(self, path: Path) -> None:
        if self._busy:
            raise RuntimeError(NESTED)
        open_copy(path).close()
        part = self.path.with_name("store.db.part")
        await asyncio.to_thread(private.copy, path, part)
        self._close()
        publish(part, self.path)
        self._known.clear()
        self._connection = self._connect()
        self._reader._bind(self._connection)
        self._writer._bind(self._connection)
        self._start()

    def _close(self) -> None:
        if self._syncs is not None:
            self._syncs.close()
        self._checkpoints.close()
        if self._open:
            self._connection.execute("ROLLBACK")
            self._open = False
        self._connection.close()
        self._checkpoints.closed()

    def close(self) -> None:
        """Move the log into the file, and release the directory's lock."""
        self._close()
        self._lock.release()


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection with our settings; the caller closes it."""
    where = f"{path.absolute().as_uri()}{_VFS}"
    connection = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False, timeout=30.0)
    try:
        connection.execute(f"PRAGMA page_size={schema.PAGE}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # syncs at checkpoints only; `durable` syncs the rest
        connection.execute("PRAGMA wal_autocheckpoint=0")  # `checkpoints` does this in its thread
        connection.execute(f"PRAGMA journal_size_limit={checkpoints.LARGEST}")  # of the log, once it restarts
        connection.execute("PRAGMA cache_size=-16384")  # KiB
        connection.execute("PRAGMA mmap_size=1073741824")  # bytes: reads from the kernel's cache without copying
        connection.execute("PRAGMA temp_store=MEMORY")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
