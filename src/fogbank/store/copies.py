"""Copies of a whole store: an SQLite file with one table of rows, whichever engine wrote it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from .api import StoreCorrupt, StoreTooNew

FORMAT = 1
APPLICATION_ID = 0x464F4742  # "FOGB"
SCHEMA = "CREATE TABLE IF NOT EXISTS kv (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID"


def write_copy(path: Path, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Write rows into a new copy. It appears under its name only when it is whole and synced."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=OFF")
        stamp(connection)
        connection.execute(SCHEMA)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO kv VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    finally:
        connection.close()
    publish(part, path)


def read_copy(path: Path) -> list[tuple[bytes, bytes]]:
    """All rows of a copy, in order. Raises StoreCorrupt for anything that is none."""
    check_copy(path)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT k, v FROM kv ORDER BY k").fetchall()
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"{path} is a damaged copy: {error}") from error
    finally:
        connection.close()


def stamp(connection: sqlite3.Connection) -> None:
    """Mark a database as ours."""
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={FORMAT}")


def check_copy(path: Path, connection: sqlite3.Connection | None = None) -> None:
    """Raises StoreCorrupt unless `path` is a store of ours, StoreTooNew if a later Fogbank wrote it."""
    if connection is None:
        if not path.is_file():
            raise FileNotFoundError(f"there is no copy at {path}")
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            check_copy(path, connection)
        finally:
            connection.close()
        return
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


def publish(part: Path, path: Path) -> None:
    """Give a finished file its name, so that a crash leaves either the old state or the new one."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
