"""The SQLite engine: one file in WAL mode, used from one thread, all transactions serial.

One connection serves reads and writes: since transactions are serial by construction, a read needs no BEGIN, and a
write sends its BEGIN with the first change. A second connection, on a thread of its own, moves the log into the file
(`checkpoints`). A commit is in the kernel's hands when it returns: it survives a killed process; `durable()` adds the
sync that makes it survive a power cut.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from .api import R, Reader, StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreUnavailable, Table, Transaction
from .checkpoints import Checkpoints
from .copies import SCHEMA, check_copy, publish, stamp, sync_directory
from .lock import DirectoryLock
from .syncs import GroupedSync
from .typed import NESTED, IndexedRow, Row, TypedReader, TypedTransaction, wiped

GET = "SELECT v FROM kv WHERE k = ?"
PUT = "REPLACE INTO kv (k, v) VALUES (?, ?)"
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
    """What an SQLite error means for the user of the store."""
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
    """A read transaction."""

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

    def _get(self, row: bytes) -> bytes | None:
        try:
            found = self._execute(GET, (row,)).fetchone()
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error
        return None if found is None else found[0]

    def _range(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[Row]:
        try:
            return self._execute(RANGE[reverse], (low, high, limit)).fetchall()
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error

    def _range_index(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[IndexedRow]:
        try:
            return self._execute(RANGE_INDEX[reverse], (low, high, limit)).fetchall()
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error

    def _count(self, low: bytes, high: bytes) -> int:
        try:
            return int(self._execute(COUNT, (low, high)).fetchone()[0])
        except sqlite3.Error as error:
            raise explained(error, self._store.path) from error

    def _prepare(self, table: Table[R]) -> None:
        self._store._busy = False
        with self._store._writer as tx:
            tx._prepare(table)
        self._store._busy = True


class SqliteTransaction(SqliteReader, TypedTransaction):
    """A write transaction: BEGIN goes out with the first change."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self._begun = False
        self._bytes = 0  # written in this transaction
        self._broken: StoreError | None = None  # SQLite rolled the transaction back: nothing more may be done in it
        self._prepared: list[str] = []

    def __enter__(self) -> SqliteTransaction:
        store = self._store
        if store._busy:
            raise RuntimeError(NESTED)
        store._busy = True
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        store = self._store
        topics, actions = self._end()
        try:
            if self._begun:
                self._begun = False
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
        store, broken = self._store, self._broken
        written, self._bytes = self._bytes, 0
        prepared, self._prepared = self._prepared, []
        self._broken = None
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

    def _change(self, statement: str, parameters: tuple[bytes, ...]) -> int:
        if self._broken is not None:
            raise self._broken
        try:
            if not self._begun:
                self._execute("BEGIN IMMEDIATE")
                self._begun = True
            return self._execute(statement, parameters).rowcount
        except sqlite3.Error as error:
            self._begun = True  # so that the end of the block raises again, whoever catches this
            self._broken = explained(error, self._store.path)
            raise self._broken from error

    def _put(self, row: bytes, value: bytes) -> None:
        self._bytes += len(value) + 4096
        self._change(PUT, (row, value))

    def _remove(self, row: bytes) -> bool:
        self._bytes += 4096
        return self._change(REMOVE, (row,)) > 0

    def _clear(self, low: bytes, high: bytes) -> None:
        self._bytes += 128 * self._change(CLEAR, (low, high))

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
        self._busy = False
        self._commits = 0
        self._full = durability == "full"
        try:
            self._connection = self._open()
        except BaseException:
            self._lock.release()
            raise
        self._reader = SqliteReader(self)
        self._writer = SqliteTransaction(self)
        self._start()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = connect(self.path)
            fresh = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
            connection.execute("BEGIN IMMEDIATE")  # says now, not at the first change, whether it can be written
            if fresh:
                stamp(connection)
                connection.execute(SCHEMA)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        check_copy(self.path, connection)
        sync_directory(self.path.parent)
        return connection

    def _start(self) -> None:
        log = self.path.with_name(self.path.name + "-wal")
        self._checkpoints = Checkpoints(self.path, self._connection)
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

    async def copy_to(self, path: Path) -> None:
        import asyncio

        await asyncio.to_thread(self._copy_to, path)

    def _copy_to(self, path: Path) -> None:
        """One backup step over a connection of its own: a single read transaction, so consistent; it blocks nobody."""
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
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
        import asyncio
        import shutil

        if self._busy:
            raise RuntimeError(NESTED)
        check_copy(path)
        part = self.path.with_name("store.db.part")
        await asyncio.to_thread(shutil.copyfile, path, part)
        self._close()
        publish(part, self.path)
        self._known.clear()
        self._connection = self._open()
        self._reader._bind(self._connection)
        self._writer._bind(self._connection)
        self._start()

    def _close(self) -> None:
        if self._syncs is not None:
            self._syncs.close()
        self._checkpoints.close()
        self._connection.close()

    def close(self) -> None:
        """Move the log into the file, and let the directory go."""
        self._close()
        self._lock.release()


def connect(path: Path) -> sqlite3.Connection:
    """A connection with our settings; the caller closes it."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # syncs at checkpoints only; `durable` does the rest
    connection.execute("PRAGMA wal_autocheckpoint=0")  # `checkpoints` does it elsewhere
    connection.execute("PRAGMA cache_size=-65536")  # KiB
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection
