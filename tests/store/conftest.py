"""The engines under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.store.api import Store
from fogbank.store.faults import FaultyStore
from fogbank.store.memory import MemoryStore
from fogbank.store.postgres import PostgresStore
from fogbank.store.sqlite import SqliteStore


class Engine:
    """One engine under test: `open()` gives a store, the same data each time (but for memory)."""

    def __init__(self, name: str, make: Callable[[], Store]) -> None:
        self.name = name
        self._make = make
        self._opened: list[Store] = []

    @property
    def keeps(self) -> bool:
        """Whether another `open()` finds what was written before."""
        return self.name in ("sqlite", "postgres")

    def open(self) -> Store:
        store = self._make()
        self._opened.append(store)
        return store

    def close(self, store: Store) -> None:
        self._opened.remove(store)
        store.close()

    def end(self) -> None:
        for store in list(self._opened):
            self.close(store)


@pytest.fixture(params=["memory", "sqlite", "postgres", "faults"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    makers: dict[str, Callable[[], Any]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "data"),
        "postgres": lambda: PostgresStore(request.getfixturevalue("postgres_url")),
        "faults": lambda: FaultyStore(MemoryStore()),
    }
    engine = Engine(request.param, makers[request.param])
    if engine.name == "postgres":
        import psycopg

        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS fogbank_kv, fogbank_format")
    yield engine
    engine.end()


@pytest.fixture
def store(engine: Engine) -> Store:
    return engine.open()
