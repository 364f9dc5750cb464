"""The layout of a store's SQLite file, which is also the layout of a copy of any store.

It has two tables, chosen by measurement (docs/store.md). `kv` is one b-tree of rows ordered by key, so that a range is
read from neighbouring pages. When an entry overflows its page, SQLite reads the whole of it for every comparison with
its key. So a value that does not fit is kept in `large`, and `kv` holds its integer id. Triggers delete it together
with the row.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .api import StoreCorrupt, StoreTooNew

FORMAT = 1
APPLICATION_ID = 0x464F4742  # "FOGB"
PAGE = 4096  # bytes
INLINE = 960  # bytes of key and value together that stay in `kv`; an entry of a 4 KiB page overflows beyond 1,002

SCHEMA = (
    "CREATE TABLE kv (k BLOB PRIMARY KEY NOT NULL, v NOT NULL) WITHOUT ROWID",
    "CREATE TABLE large (id INTEGER PRIMARY KEY, v BLOB NOT NULL)",
    "CREATE TRIGGER replaced AFTER UPDATE ON kv WHEN typeof(old.v) = 'integer' "
    "BEGIN DELETE FROM large WHERE id = old.v; END",
    "CREATE TRIGGER removed AFTER DELETE ON kv WHEN typeof(old.v) = 'integer' "
    "BEGIN DELETE FROM large WHERE id = old.v; END",
)


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, inside the caller's transaction, and mark the file as Fogbank's."""
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={FORMAT}")
    for statement in SCHEMA:
        connection.execute(statement)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreCorrupt unless a file is a Fogbank store, StoreTooNew if a later Fogbank wrote it."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(
            f"{path} is no readable store ({error}). Restore a snapshot, or move the file away to start empty"
        ) from error
    if application != APPLICATION_ID:
        raise StoreCorrupt(f"{path} is an SQLite file, but not a store of Fogbank")
    if version > FORMAT:
        raise StoreTooNew(f"{path} has format {version}, this Fogbank knows {FORMAT}: upgrade, or use another --data")
