"""Many transactions at once on one PostgreSQL: conflicts, signals between nodes, losing the server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fogbank.store.api import Conflict, Record, StoreError, StoreUnavailable, Table
from fogbank.store.memory import MemoryStore
from fogbank.store.postgres import PostgresStore


class Counter(Record):
    name: str
    value: int = 0


class Entry(Record):
    id: int
    body: bytes = b""


COUNTERS = Table("pg/counter", Counter, key=lambda c: (c.name,), indexes={"value": lambda c: (c.value,)})
ENTRIES = Table("pg/entry", Entry, key=lambda e: (e.id,))


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(postgres_url)
    store.wipe()
    yield store
    store.close()


@pytest.fixture
def other(postgres_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(postgres_url)
    yield store
    store.close()


def repeated(function: Callable[[], Any]) -> int:
    """Run until there is no conflict; how many there were."""
    conflicts = 0
    while True:
        try:
            function()
            return conflicts
        except Conflict:
            conflicts += 1


def test_conflicting_increments_are_applied_once_each(store: PostgresStore, other: PostgresStore) -> None:
    with store.write() as tx:
        tx.put(COUNTERS, Counter(name="c"))

    def increment(node: PostgresStore, number: int) -> None:
        with node.write() as tx:
            counter = tx.get(COUNTERS, ("c",))
            assert counter is not None
            counter.value += 1
            tx.put(COUNTERS, counter)
            tx.put(ENTRIES, Entry(id=number))

    def client(number: int) -> int:
        node = store if number % 2 else other
        return sum(repeated(lambda i=i: increment(node, number * 1000 + i)) for i in range(20))  # type: ignore[misc]

    with ThreadPoolExecutor(8) as pool:
        conflicts = sum(pool.map(client, range(8)))
    with store.read() as tx:
        assert tx.get(COUNTERS, ("c",)) == Counter(name="c", value=160)
        assert tx.count(ENTRIES) == 160
        assert [c.value for c in tx.scan_index(COUNTERS, "value")] == [160]
    assert conflicts > 0, "the test did not test what it is for"


def test_write_skew_is_a_conflict(store: PostgresStore, other: PostgresStore) -> None:
    """Two transactions that each read what the other writes: only SERIALIZABLE notices."""
    with store.write() as tx:
        tx.put(COUNTERS, Counter(name="a", value=1))
        tx.put(COUNTERS, Counter(name="b", value=1))
    met = threading.Barrier(2)

    def withdraw(node: PostgresStore, mine: str) -> str:
        try:
            with node.write() as tx:
                total = sum(c.value for c in tx.scan(COUNTERS))
                met.wait(10)
                if total >= 2:
                    tx.put(COUNTERS, Counter(name=mine, value=0))
            return "done"
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(withdraw, (store, other), "ab"))
    assert sorted(results) == ["conflict", "done"]
    with store.read() as tx:
        assert sum(c.value for c in tx.scan(COUNTERS)) == 1


def test_a_caught_failure_still_fails_the_transaction(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="indexes 2600 at most"), store.write() as tx:
        tx.put(COUNTERS, Counter(name="before"))
        with pytest.raises(StoreError):
            tx.put(COUNTERS, Counter(name="x" * 3000))
    with store.read() as tx:
        assert tx.count(COUNTERS) == 0


def test_signals_reach_the_other_node_once_and_after_the_commit(store: PostgresStore, other: PostgresStore) -> None:
    heard: dict[str, list[str]] = {"here": [], "there": []}

    async def main() -> None:
        store.subscribe(heard["here"].append)
        other.subscribe(heard["there"].append)
        assert store._listening is not None and other._listening is not None
        await asyncio.to_thread(store._listening.ready.wait, 10)
        await asyncio.to_thread(other._listening.ready.wait, 10)

        def change() -> None:
            with store.write() as tx:
                tx.put(COUNTERS, Counter(name="x"))
                tx.signal("queue/1")
            with pytest.raises(ZeroDivisionError), store.write() as tx:
                tx.signal("queue/never")
                raise ZeroDivisionError
            with store.write() as tx:
                tx.signal("last one")

        await asyncio.to_thread(change)
        for _ in range(500):
            if len(heard["there"]) == 3:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)

    asyncio.run(main())
    heeded = ["", "queue/1", "last one"]  # the empty one: what was signalled before it listened may have been missed
    assert heard == {"here": heeded, "there": heeded}


def test_copies_go_from_engine_to_engine(store: PostgresStore, tmp_path: Path) -> None:
    async def main() -> None:
        memory = MemoryStore()
        with memory.write() as tx:
            for i in range(2500):
                tx.put(ENTRIES, Entry(id=i, body=b"." * (i % 3000)))
            tx.put(COUNTERS, Counter(name="c", value=7))
        await memory.copy_to(tmp_path / "one")
        await store.restore(tmp_path / "one")
        await store.copy_to(tmp_path / "two")
        again = MemoryStore()
        await again.restore(tmp_path / "two")
        with again.read() as tx, store.read() as there:
            assert [len(e.body) for e in tx.scan(ENTRIES)] == [i % 3000 for i in range(2500)]
            assert (
                tx.first(COUNTERS, "value", (7,)) == there.first(COUNTERS, "value", (7,)) == Counter(name="c", value=7)
            )

    asyncio.run(main())


def test_a_lost_connection_is_an_error_and_then_mended(store: PostgresStore, other: PostgresStore) -> None:
    with store.write() as tx:
        tx.put(COUNTERS, Counter(name="x", value=1))
    with pytest.raises(StoreUnavailable), store.write() as tx:
        tx.put(COUNTERS, Counter(name="x", value=2))
        with other.read() as killer:
            killer._run(  # type: ignore[attr-defined]
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND backend_type = 'client backend' AND state LIKE %s",
                ("idle in transaction%",),
            )
        tx.put(COUNTERS, Counter(name="x", value=3))
    with store.read() as tx:
        assert tx.get(COUNTERS, ("x",)) == Counter(name="x", value=1)


def test_no_server_is_said() -> None:
    with pytest.raises(StoreUnavailable, match="Check that it runs, and the URL"):
        PostgresStore("postgresql://nobody@127.0.0.1:1/none")
