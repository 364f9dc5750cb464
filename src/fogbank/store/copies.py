"""Copies of a whole store: an SQLite file (`schema`), whichever engine wrote it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from fogbank.core import private

from . import schema
from .api import StoreCorrupt

ROWS = "SELECT kv.k, ifnull(large.v, kv.v) FROM kv LEFT JOIN large ON large.id = kv.v ORDER BY kv.k"


def write_copy(path: Path, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Write rows into a new copy. The file gets its name only when it is complete and synced."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    private.create(part)
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("BEGIN")
        schema.create(connection)
        for row, value in rows:
            held: bytes | int = value
            if len(row) + len(value) > schema.INLINE:
                held = connection.execute("INSERT INTO large (v) VALUES (?)", (value,)).lastrowid or 0
            connection.execute("INSERT INTO kv VALUES (?, ?)", (row, held))
        connection.execute("COMMIT")
    finally:
        connection.close()
    publish(part, path)


def read_copy(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """All rows of a copy, in order. Raises FileNotFoundError, and StoreCorrupt for a file that is not a copy."""
    connection = open_copy(path)
    try:
        yield from connection.execute(ROWS)
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"{path} is a damaged copy: {error}") from error
    finally:
        connection.close()


def open_copy(path: Path) -> sqlite3.Connection:
    """Open a copy read-only, after checking its format."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no copy at {path}")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        schema.check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def publish(part: Path, path: Path) -> None:
    """Rename a finished file to its final name, so that a crash leaves either the old state or the new one."""
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
