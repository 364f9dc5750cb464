"""No room: an error that says so, nothing of the transaction kept, everything acknowledged still there."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fogbank.store.api import Record, StoreFull, Table
from fogbank.store.sqlite import SqliteStore


class Row(Record):
    n: int
    body: bytes = b""


ROWS = Table("full/row", Row, key=lambda row: (row.n,), indexes={"n": lambda row: (row.n % 7, row.n)})


@contextmanager
def page_limit(store: SqliteStore) -> Iterator[None]:
    """SQLite's own limit: answers as a full disk does (SQLITE_FULL), in the middle of a transaction."""
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages + 20}")
    yield
    store._connection.execute("PRAGMA max_page_count=1073741823")


@contextmanager
def file_limit(store: SqliteStore) -> Iterator[None]:
    """The kernel's limit on a file's size: the log cannot grow."""
    size = store.path.with_name("store.db-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [page_limit, file_limit])
@pytest.mark.parametrize("size", [10, 500, 50_000])
def test_full(tmp_path: Path, limit: object, size: int) -> None:
    store = SqliteStore(tmp_path)
    acknowledged = 0

    def batch(at: int) -> None:
        with store.write() as tx:
            for n in range(at, at + 50):
                tx.put(ROWS, Row(n=n, body=b"." * size))

    batch(0)
    acknowledged = 50
    with limit(store):  # type: ignore[operator]
        with pytest.raises(StoreFull, match=r"[Nn]othing of this change was kept"):
            for at in range(50, 100_000, 50):
                batch(at)
                acknowledged = at + 50
        with store.read() as tx:
            assert tx.count(ROWS) == acknowledged, "still readable, and nothing of the failed batch is there"
            assert [row.n for row in tx.scan(ROWS)] == list(range(acknowledged))
    batch(acknowledged)  # room again: goes on without a restart
    store.close()
    store = SqliteStore(tmp_path)
    with store.read() as tx:
        assert [row.n for row in tx.scan(ROWS)] == list(range(acknowledged + 50))
        assert len(list(tx.scan_index(ROWS, "n"))) == acknowledged + 50
    store.close()


def test_a_caught_failure_does_not_commit_the_rest(tmp_path: Path) -> None:
    """SQLite has rolled back by itself: what follows in the block must not be committed alone."""
    store = SqliteStore(tmp_path)
    with store.write() as tx:
        tx.put(ROWS, Row(n=-1))
    with page_limit(store):
        with pytest.raises(StoreFull), store.write() as tx:
            with pytest.raises(StoreFull):
                for n in range(1000):
                    tx.put(ROWS, Row(n=n, body=b"." * 5000))
            with pytest.raises(StoreFull):
                tx.put(ROWS, Row(n=5000))
        with store.read() as tx:
            assert [row.n for row in tx.scan(ROWS)] == [-1]
    store.close()
