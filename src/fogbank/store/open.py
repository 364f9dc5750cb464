"""Chooses the storage engine."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from .api import StoreUnavailable

if TYPE_CHECKING:
    from fogbank.core.settings import Settings

    from .api import Store
    from .blobs import BlobStore


def open_store(settings: Settings) -> Store:
    """Open the store that the settings ask for: PostgreSQL, memory, or SQLite in the data directory.

    Raises StoreLocked, StoreReadOnly, StoreCorrupt, StoreTooNew or StoreUnavailable; each message says what to do.
    """
    if settings.store:
        if missing := [name for name in ("psycopg", "psycopg_pool") if importlib.util.find_spec(name) is None]:
            raise StoreUnavailable(f"--store needs {' and '.join(missing)}: pip install 'fogbank[postgres]'")
        from .folder import prepare
        from .postgres import PostgresStore

        prepare(settings.data)
        return PostgresStore(settings.store)
    if settings.ephemeral:
        from .memory import MemoryStore

        return MemoryStore()
    from .sqlite import SqliteStore

    return SqliteStore(settings.data, durability=settings.durability)


def open_blobs(settings: Settings) -> BlobStore:
    """Open the blob store that the settings ask for: in the data directory, or in a temporary folder."""
    from .blobs import open_blobs

    return open_blobs(settings)
