"""What is particular to the SQLite engine: its log, its syncs, copies taken while it is used."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.core.settings import Settings
from fogbank.store import checkpoints, open_store
from fogbank.store.api import Record, StoreCorrupt, Table
from fogbank.store.faults import Crashed, Fault, FaultyStore
from fogbank.store.memory import MemoryStore
from fogbank.store.sqlite import SqliteStore


class Row(Record):
    n: int
    body: bytes = b""


ROWS = Table("s/row", Row, key=lambda row: (row.n,))
PAIRS = Table("s/pair", Row, key=lambda row: (row.n,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path)
    yield store
    store.close()


def write(store: Any, n: int, size: int = 100) -> None:
    with store.write() as tx:
        tx.put(ROWS, Row(n=n, body=b"." * size))


def log_size(store: SqliteStore) -> int:
    return store.path.with_name("store.db-wal").stat().st_size


def test_the_log_stays_bounded_under_uninterrupted_writes(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "START", 200_000)
    monkeypatch.setattr(checkpoints, "LARGEST", 1_000_000)
    monkeypatch.setattr(checkpoints, "HARD", 4_000_000)
    for n in range(16_000):  # some 70 MB of log, were it not for checkpoints
        with store.write() as tx:  # SQLite writes nothing where nothing changes, so something has to
            tx.put(ROWS, Row(n=n % 500, body=b"%900d" % n))
    assert log_size(store) < 5_000_000  # HARD, and what is written between two looks at it
    assert store._checkpoints.error is None


def test_the_log_starts_again_where_reads_follow_writes(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The read transaction that stays open must not keep the log from starting again."""
    monkeypatch.setattr(checkpoints, "START", 100_000)
    for n in range(400):
        with store.write() as tx:
            tx.put(ROWS, Row(n=n % 50, body=b"%900d" % n))
        with store.read() as tx:
            tx.get(ROWS, (n % 50,))
        if n % 20 == 0:
            time.sleep(0.01)  # an idle moment, with the read transaction open
    assert log_size(store) < 2_500_000  # about 5 MB if it never did


def test_reads_see_the_last_commit_though_their_transaction_stays_open(store: SqliteStore) -> None:
    for n in range(3):
        write(store, n)
        with store.read() as tx:
            assert tx.get(ROWS, (n,)) is not None
            assert tx.get(ROWS, (n + 1,)) is None
        with store.write() as tx:
            assert tx.count(ROWS) == n + 1
        with pytest.raises(ZeroDivisionError), store.write() as tx:
            tx.put(ROWS, Row(n=99))
            raise ZeroDivisionError
        with store.read() as tx:
            assert tx.count(ROWS) == n + 1


def test_one_sync_serves_all_who_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path, durability="full")
    syncs = 0
    real = os.fdatasync

    def slow(descriptor: int) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(0.02)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)

    async def client(number: int) -> None:
        for i in range(5):
            write(store, number * 100 + i)
            await store.durable()

    async def main() -> None:
        await store.durable()
        await asyncio.gather(*(client(number) for number in range(40)))
        before = syncs
        await store.durable()
        assert syncs == before, "nothing new to sync"

    asyncio.run(main())
    assert 5 <= syncs <= 20, "200 commits"
    store.close()


def test_durable_covers_what_was_committed_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that runs already when a commit is made does not count for it."""
    store = SqliteStore(tmp_path, durability="full")
    begun: list[int] = []
    gate = threading.Event()

    def held(descriptor: int) -> None:
        begun.append(store._commits)
        gate.wait(5)

    monkeypatch.setattr(os, "fdatasync", held)

    async def main() -> None:
        write(store, 1)
        first = asyncio.ensure_future(store.durable())
        await asyncio.sleep(0.05)
        write(store, 2)
        second = asyncio.ensure_future(store.durable())
        await asyncio.sleep(0.05)
        cancelled = asyncio.ensure_future(store.durable())
        await asyncio.sleep(0)
        cancelled.cancel()
        gate.set()
        await asyncio.gather(first, second)

    asyncio.run(main())
    assert begun == [1, 2]
    store.close()


def test_a_disk_that_does_not_sync_is_said_to_all_and_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path, durability="full")

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async def main() -> None:
        write(store, 1)
        monkeypatch.setattr(os, "fdatasync", broken)
        failed = await asyncio.gather(store.durable(), store.durable(), return_exceptions=True)
        monkeypatch.undo()
        write(store, 2)
        failed.append(await asyncio.gather(store.durable(), return_exceptions=True))
        flat = [*failed[:2], *failed[2]]  # type: ignore[misc]
        assert all(isinstance(error, StoreCorrupt) and "refused to sync" in str(error) for error in flat)

    asyncio.run(main())
    store.close()


def test_a_copy_taken_under_writes_is_consistent(store: SqliteStore, tmp_path: Path) -> None:
    """Each transaction writes both tables: a copy holds both or neither."""
    with store.write() as tx:
        for n in range(3000):
            tx.put(ROWS, Row(n=n, body=b"." * 900))
            tx.put(PAIRS, Row(n=n))

    async def main() -> None:
        copying = asyncio.ensure_future(store.copy_to(tmp_path / "copy"))
        n = 3000
        while not copying.done():
            with store.write() as tx:
                tx.put(ROWS, Row(n=n))
                tx.put(PAIRS, Row(n=n))
            n += 1
            await asyncio.sleep(0)
        await copying
        assert n > 3010, "the test did not test what it is for"
        memory = MemoryStore()
        await memory.restore(tmp_path / "copy")
        with memory.read() as tx:
            count = tx.count(ROWS)
            assert 3000 <= count < n
            assert [row.n for row in tx.scan(ROWS)] == [row.n for row in tx.scan(PAIRS)] == list(range(count))
        assert not (tmp_path / "copy-wal").exists()

    asyncio.run(main())


def test_restore_replaces_everything_and_lasts(store: SqliteStore, tmp_path: Path) -> None:
    async def main() -> None:
        write(store, 1, 5000)
        await store.copy_to(tmp_path / "copy")
        write(store, 2)
        with store.write() as tx:
            tx.delete(ROWS, (1,))
            tx.put(PAIRS, Row(n=1))
        await store.restore(tmp_path / "copy")
        check()
        write(store, 3)
        with pytest.raises(FileNotFoundError):
            await store.restore(tmp_path / "nothing")
        (tmp_path / "rubbish").write_bytes(b"rubbish" * 1000)
        with pytest.raises(StoreCorrupt):
            await store.restore(tmp_path / "rubbish")

    def check() -> None:
        with store.read() as tx:
            assert [(row.n, len(row.body)) for row in tx.scan(ROWS)][:1] == [(1, 5000)]
            assert tx.count(PAIRS) == 0

    asyncio.run(main())
    check()
    store.close()
    again = SqliteStore(tmp_path)
    with again.read() as tx:
        assert [row.n for row in tx.scan(ROWS)] == [1, 3]
    again.close()
    store.__init__(tmp_path)  # type: ignore[misc]  # for the fixture to close


def test_the_settings_choose(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(ephemeral=True)), MemoryStore)
    kept = open_store(Settings(data=tmp_path / "deep" / "er"))
    assert isinstance(kept, SqliteStore) and kept.embedded
    kept.close()


def test_faults_follow_the_script() -> None:
    store = FaultyStore(MemoryStore(), {1: Fault.CONFLICT, 2: Fault.CRASH_BEFORE, 3: Fault.CRASH_AFTER})
    write(store, 0)
    for n, fault in ((1, "Conflict"), (2, "Crashed"), (3, "Crashed")):
        with pytest.raises(BaseException) as raised:
            write(store, n)
        assert type(raised.value).__name__ == fault
        if store.dead:
            with pytest.raises(Crashed):
                store.read()
            store.revive()
    with store.read() as tx:
        assert [row.n for row in tx.scan(ROWS)] == [0, 3], "committed, though nobody was told"
    assert store.happened == [Fault.CONFLICT, Fault.CRASH_BEFORE, Fault.CRASH_AFTER]


def test_faults_by_chance_are_the_same_for_a_seed() -> None:
    def failing(seed: int) -> list[int]:
        store = FaultyStore(MemoryStore(), seed=seed, rates={Fault.CONFLICT: 0.2, Fault.FULL: 0.1})
        failed = []
        for n in range(200):
            try:
                write(store, n)
            except Exception:
                failed.append(n)
        with store.read() as tx:
            assert [row.n for row in tx.scan(ROWS)] == [n for n in range(200) if n not in failed]
        return failed

    assert failing(1) == failing(1) != failing(2)
    assert 30 < len(failing(1)) < 90


def test_the_log_stays_bounded_under_large_transactions(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint never ends between two of them: the writer waits for it."""
    monkeypatch.setattr(checkpoints, "START", 200_000)
    monkeypatch.setattr(checkpoints, "LARGEST", 1_000_000)
    monkeypatch.setattr(checkpoints, "HARD", 4_000_000)
    for n in range(40):  # some 40 MB in all
        with store.write() as tx:
            for m in range(1000):
                tx.put(ROWS, Row(n=n * 1000 + m, body=b"." * 900))
        assert log_size(store) < 8_000_000  # HARD, and the transaction that went beyond it
