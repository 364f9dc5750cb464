"""The PostgreSQL engine: many nodes on one database (PostgreSQL, or another that speaks its protocol).

It has one table of rows, as the other engines do. Every transaction is SERIALIZABLE; one that collided with another
raises Conflict, and the caller repeats it. Transactions run in the pipeline's thread pool, each on its own connection.
The database transaction begins with the first row that is read, so an unused one costs nothing. Signals travel as
NOTIFY, sent inside the transaction, so they arrive after its commit or not at all.

A row key may have 2,600 bytes here: an entry of a PostgreSQL b-tree has to fit a third of a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import (
    Conflict,
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
from .notifications import MISSED, Listening
from .typed import NESTED, IndexedRow, Row, TypedReader, TypedTransaction, wiped

if TYPE_CHECKING:
    import psycopg

CONNECTIONS = 20  # at most
PATIENCE = 30.0  # seconds to wait for a free connection
LOOP_PATIENCE = 2.0  # on an event loop, which is blocked while waiting
LONGEST_KEY = 2600  # bytes
LONGEST_TOPIC = 7900  # bytes; NOTIFY carries 8,000
CHANNEL = "fogbank"
FORMAT = 1

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS fogbank_kv (k bytea PRIMARY KEY, v bytea NOT NULL)",
    "CREATE TABLE IF NOT EXISTS fogbank_format (version int PRIMARY KEY)",
    f"INSERT INTO fogbank_format VALUES ({FORMAT}) ON CONFLICT DO NOTHING",
)
SCHEMA_LOCK = 0x464F4742  # of the advisory lock that keeps two nodes that start first from creating the tables at once
BEGIN_READ = "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
BEGIN_LOOK = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WRITE = "BEGIN ISOLATION LEVEL SERIALIZABLE"
GET = "SELECT v FROM fogbank_kv WHERE k = %b"
PUT = "INSERT INTO fogbank_kv (k, v) VALUES (%b, %b) ON CONFLICT (k) DO UPDATE SET v = excluded.v"
REMOVE = "DELETE FROM fogbank_kv WHERE k = %b"
CLEAR = "DELETE FROM fogbank_kv WHERE k >= %b AND k < %b"
COUNT = "SELECT count(*) FROM fogbank_kv WHERE k >= %b AND k < %b"
RANGE = {
    reverse: f"SELECT k, v FROM fogbank_kv WHERE k >= %b AND k < %b ORDER BY k {'DESC ' if reverse else ''}LIMIT %s"
    for reverse in (False, True)
}
RANGE_INDEX = {
    reverse: "SELECT i.k, i.v, r.v FROM fogbank_kv i LEFT JOIN fogbank_kv r ON r.k = i.v "
    f"WHERE i.k >= %b AND i.k < %b ORDER BY i.k {'DESC ' if reverse else ''}LIMIT %s"
    for reverse in (False, True)
}


def explained(error: psycopg.Error) -> Exception:
    """Translate an error of the database into what it means for the user of the store."""
    from psycopg import errors

    match error:
        case errors.SerializationFailure() | errors.DeadlockDetected() | errors.UniqueViolation():
            return Conflict(str(error))
        case errors.DiskFull() | errors.OutOfMemory():
            return StoreFull(f"the database has no room left ({error}): nothing of this change was kept")
        case errors.DataCorrupted() | errors.IndexCorrupted():
            return StoreCorrupt(f"the database is damaged ({error}): restore its backup")
        case errors.ReadOnlySqlTransaction() | errors.InsufficientPrivilege():
            return StoreReadOnly(f"the database cannot be written ({error})")
        case _:
            return StoreUnavailable(f"the database: {error}")


def configured(connection: psycopg.Connection[Any]) -> None:
    """Make scans use the index, so that they conflict only with writes to the rows they read.

    A sequential scan, which PostgreSQL prefers for small tables, would conflict with every write.
    https://www.postgresql.org/docs/current/transaction-iso.html#XACT-SERIALIZABLE
    """
    import psycopg

    with contextlib.suppress(psycopg.errors.Error):  # other databases with this protocol lack the settings
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_bitmapscan = off")


class PostgresReader(TypedReader):
    """A read transaction. It takes a connection when it reads its first row."""

    _begin = BEGIN_READ
    _patience = PATIENCE

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store._known)
        self._store = store
        self._connection: psycopg.Connection[Any] | None = None
        self._statements = 0

    def __enter__(self) -> PostgresReader:
        if getattr(self._store._thread, "busy", False):
            raise RuntimeError(NESTED)
        self._store._thread.busy = True
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._live += 1
        self._store._thread.busy = False
        connection, self._connection = self._connection, None
        if connection is not None:
            self._store._end(connection, kind is None)

    def _run(self, statement: str, parameters: tuple[Any, ...]) -> psycopg.Cursor[Any]:
        import psycopg

        if self._connection is None:
            self._connection = self._store._connect(self._patience)
        try:
            if self._connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                self._connection = self._begun(self._connection)
            self._statements += 1
            return self._connection.execute(statement, parameters, binary=True)
        except psycopg.Error as error:
            raise explained(error) from error

    def _begun(self, connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
        """Begin a transaction. If this connection broke while it was in the pool, try another one."""
        import psycopg

        for _ in range(CONNECTIONS):
            try:
                connection.execute(self._begin)
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
                self._connection = None  # in case there is no other
                self._store._pool.putconn(connection)
                connection = self._connection = self._store._connect(self._patience)
            else:
                return connection
        connection.execute(self._begin)
        return connection

    def _get(self, row: bytes) -> bytes | None:
        found = self._run(GET, (row,)).fetchone()
        return None if found is None else found[0]

    def _range(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[Row]:
        return self._run(RANGE[reverse], (low, high, limit)).fetchall()

    def _range_index(self, low: bytes, high: bytes, reverse: bool, limit: int) -> list[IndexedRow]:
        return self._run(RANGE_INDEX[reverse], (low, high, limit)).fetchall()

    def _count(self, low: bytes, high: bytes) -> int:
        found = self._run(COUNT, (low, high)).fetchone()
        return int(found[0]) if found else 0

    def _prepare(self, table: Table[R]) -> None:
        """Rebuild the table's indexes in another transaction, since this one may not write; then read again."""
        with PostgresTransaction(self._store)._apart() as tx:
            tx._reindex(table)
        self._known.add(table.name)
        if self._statements > 1:
            raise Conflict(f"the indexes of {table.name} have been built anew meanwhile")
        if self._connection is not None:
            self._connection.execute("ROLLBACK")
        self._statements = 0


class PostgresTransaction(PostgresReader, TypedTransaction):
    """A write transaction."""

    _begin = BEGIN_WRITE

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store)
        self._broken: Exception | None = None

    def __enter__(self) -> PostgresTransaction:
        super().__enter__()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        topics, actions = self._end()
        try:
            if kind is None and self._broken is not None:
                raise self._broken
            if kind is None and topics:
                self._notify(topics)
        except BaseException:
            super().__exit__(type, None, None)
            raise
        super().__exit__(kind, error, trace)
        if kind is None:
            self._store._committed(topics, actions)

    @contextlib.contextmanager
    def _apart(self) -> Iterator[PostgresTransaction]:
        """Run beside the transaction that this thread has open."""
        busy, self._store._thread.busy = getattr(self._store._thread, "busy", False), False
        try:
            with self as tx:
                yield tx
        finally:
            self._store._thread.busy = busy

    def _run(self, statement: str, parameters: tuple[Any, ...]) -> psycopg.Cursor[Any]:
        if self._broken is not None:
            raise self._broken
        try:
            return super()._run(statement, parameters)
        except (Conflict, StoreError) as error:
            self._broken = error  # the end of the block raises it again, even if the caller catches it here
            raise

    def _notify(self, topics: dict[str, None]) -> None:
        for topic in topics:
            self._run("SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._store.node} {topic}"))

    def signal(self, topic: str) -> None:
        if len(topic.encode()) > LONGEST_TOPIC:
            raise ValueError(f"a topic has {LONGEST_TOPIC} bytes at most")
        super().signal(topic)

    def _put(self, row: bytes, value: bytes) -> None:
        if len(row) > LONGEST_KEY:
            self._broken = StoreError(f"a key of {len(row)} bytes: PostgreSQL indexes {LONGEST_KEY} at most")
            raise self._broken
        self._run(PUT, (row, value))

    def _remove(self, row: bytes) -> bool:
        return self._run(REMOVE, (row,)).rowcount > 0

    def _clear(self, low: bytes, high: bytes) -> None:
        self._run(CLEAR, (low, high))

    def _prepare(self, table: Table[R]) -> None:
        self._reindex(table)  # `_known` gets it from the committed row, on the table's next use


class PostgresStore:
    """A store in the database at `url`. Raises StoreUnavailable when it cannot be reached."""

    embedded = False

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        import psycopg
        import psycopg_pool

        self.node = secrets.token_hex(4)
        self._known: set[str] = set()
        self._thread = threading.local()
        self._listeners: list[Callable[[str], None]] = []
        self._listening: Listening | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._url = url
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
                connection.execute("SELECT pg_advisory_lock(%s)", (SCHEMA_LOCK,))
                for statement in SCHEMA:
                    connection.execute(statement)
        except psycopg.Error as error:
            raise StoreUnavailable(
                f"the database of --store cannot be used: {error}. Check that it runs, and the URL's host, user, "
                "password and database"
            ) from error
        self._pool = psycopg_pool.ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=True,
            timeout=PATIENCE,
            kwargs={"autocommit": True},
            configure=configured,
        )

    def _connect(self, patience: float) -> psycopg.Connection[Any]:
        import psycopg_pool

        try:
            return self._pool.getconn(timeout=patience)
        except psycopg_pool.PoolTimeout as error:
            raise StoreUnavailable(f"no connection to the database within {patience:.0f} s: {error}") from error

    def _end(self, connection: psycopg.Connection[Any], commit: bool) -> None:
        import psycopg

        try:
            if not connection.closed and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                connection.execute("COMMIT" if commit else "ROLLBACK")
        except psycopg.Error as error:
            if commit:
                raise explained(error) from error
        finally:
            self._pool.putconn(connection)

    def _committed(self, topics: dict[str, None], actions: list[Callable[[], None]]) -> None:
        """Deliver the signals and actions of a commit on this node, on the event loop where there is one."""
        if not topics and not actions:
            return

        def act() -> None:
            for action in actions:
                action()
            for topic in topics:
                self._fire(topic)

        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if self._loop is None or here is self._loop or self._loop.is_closed():
            act()
        else:
            self._loop.call_soon_threadsafe(act)

    def _fire(self, topic: str) -> None:
        for listener in self._listeners:
            listener(topic)

    def _heard(self, payload: str) -> None:
        """Handle a notification, in the listening thread. Ignores echoes of this node, which `_committed` handled."""
        node, _, topic = payload.partition(" ")
        if payload == MISSED:
            node, topic = "", ""
        if node != self.node and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._fire, topic)

    def read(self) -> AbstractContextManager[Reader]:
        """Begin a read. On an event loop, where nothing could repeat it, it is a snapshot that never conflicts."""
        reader = PostgresReader(self)
        if asyncio._get_running_loop() is not None:
            reader._begin, reader._patience = BEGIN_LOOK, LOOP_PATIENCE
        return reader

    def write(self) -> AbstractContextManager[Transaction]:
        return PostgresTransaction(self)

    async def durable(self) -> None:
        """Returns at once: the database has synced what it acknowledged."""

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Subscribe on the event loop. From then on the signals of other nodes arrive too."""
        self._listeners.append(listener)
        if self._listening is None:
            self._loop = asyncio.get_running_loop()
            self._listening = Listening(self._url, CHANNEL, self._heard)

    def wipe(self, prefix: str = "") -> None:
        with PostgresTransaction(self) as tx:
            tx._clear(*wiped(prefix))

    def check(self) -> list[str]:
        with PostgresReader(self) as tx:
            return list(tx._problems())

    async def copy_to(self, path: Path) -> None:
        await asyncio.to_thread(self._copy_to, path)

    def _copy_to(self, path: Path) -> None:
        import psycopg

        from .copies import write_copy

        try:
            with psycopg.connect(self._url) as connection, connection.cursor("copy", binary=True) as cursor:
                cursor.itersize = 1000
                cursor.execute("SELECT k, v FROM fogbank_kv ORDER BY k")
                write_copy(path, cursor)
        except psycopg.Error as error:
            raise explained(error) from error

    async def restore(self, path: Path) -> None:
        await asyncio.to_thread(self._restore, path)
        self._known.clear()

    def _restore(self, path: Path) -> None:
        import psycopg

        from .copies import read_copy

        try:
            with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
                cursor.execute("TRUNCATE fogbank_kv")
                with cursor.copy("COPY fogbank_kv (k, v) FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(["bytea", "bytea"])
                    for row in read_copy(path):
                        copy.write_row(row)
        except psycopg.Error as error:
            raise explained(error) from error

    def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        self._pool.close()
