"""Damaged files, held directories, directories that cannot be written: the right error, and never wrong data."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.store.api import Record, StoreCorrupt, StoreError, StoreLocked, StoreTooNew, Table
from fogbank.store.records import codec
from fogbank.store.sqlite import SqliteStore


class Row(Record):
    n: int
    body: bytes = b""


ROWS = Table("bad/row", Row, key=lambda row: (row.n,), indexes={"n": lambda row: (row.n % 7, row.n)})
COUNT = 400


def body(n: int) -> bytes:
    return random.Random(n).randbytes(3000 if n % 10 == 0 else 300)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    directory = tmp_path_factory.mktemp("whole")
    store = SqliteStore(directory)
    with store.write() as tx:
        for n in range(COUNT):
            tx.put(ROWS, Row(n=n, body=body(n)))
    store.close()
    yield (directory / "store.db").read_bytes()


def test_no_damaged_page_is_served(tmp_path: Path, whole: bytes) -> None:
    """Flip bits all over the file: each read gives what was written, or says that the store is damaged."""
    chance = random.Random(4)
    path = tmp_path / "store.db"
    found = 0
    for _ in range(150):
        damaged = bytearray(whole)
        at = chance.randrange(100, len(whole))
        for i in range(at, min(at + chance.choice([1, 30]), len(whole))):
            damaged[i] ^= chance.randrange(1, 256)
        path.write_bytes(damaged)
        for name in ("store.db-wal", "store.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        try:
            store = SqliteStore(tmp_path)
        except StoreError as error:
            found += 1
            assert str(path) in str(error)
            continue
        try:
            with store.read() as tx:
                for n in range(COUNT):
                    try:
                        row = tx.get(ROWS, (n,))
                    except StoreCorrupt:
                        found += 1
                        continue
                    assert row is None or row == Row(n=n, body=body(n))
                    found += row is None
        finally:
            store.close()
    assert found > 100, "the test did not test what it is for"


def test_the_message_names_the_file_and_what_to_do(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "store.db").write_bytes(whole[:4096] + b"\x55" * (len(whole) - 4096))
    with pytest.raises(StoreCorrupt, match=r"store\.db is damaged .*snapshot load.*fogbank reset"):
        store = SqliteStore(tmp_path)
        try:
            with store.read() as tx:
                tx.get(ROWS, (1,))
        finally:
            store.close()


def test_check_names_what_is_damaged(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with store.write() as tx:
        for n in range(10):
            tx.put(ROWS, Row(n=n))
    store.close()
    connection = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    three, four = (codec(ROWS).row((n,)) for n in (3, 4))
    connection.execute("UPDATE kv SET v = ? WHERE k = ?", (b"\x01\x80\x00\x00\x00\x00", three))
    connection.execute("DELETE FROM kv WHERE k = ?", (four,))
    connection.close()
    store = SqliteStore(tmp_path)
    problems = store.check()
    assert len(problems) == 2
    assert any("the record at (3,) of table bad/row is damaged" in problem for problem in problems)
    assert any("index of table bad/row points to nothing" in problem for problem in problems)
    with store.read() as tx, pytest.raises(StoreCorrupt, match=r"not there \(\(4,\)\)"):
        tx.first(ROWS, "n", (4, 4))
    store.close()


def test_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"this is a text\n" * 1000)
    with pytest.raises(StoreCorrupt, match=r"is damaged .*not a database"):
        SqliteStore(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    connection = sqlite3.connect(other / "store.db")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(StoreCorrupt, match="not a store of Fogbank"):
        SqliteStore(other)
    later = tmp_path / "later"
    SqliteStore(later).close()
    connection = sqlite3.connect(later / "store.db")
    connection.execute("PRAGMA user_version=9")
    connection.close()
    with pytest.raises(StoreTooNew, match="format 9, this Fogbank knows 1"):
        SqliteStore(later)
    with pytest.raises(StoreTooNew):
        SqliteStore(later)  # and not StoreLocked: the failed attempt let go


HOLDER = """
import sys, time
from pathlib import Path
from fogbank.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""


def test_a_second_opener_is_told_who_holds_it(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    try:
        with pytest.raises(StoreLocked, match=rf"in use by process {holder.pid}\..*fogbank down.*another --data"):
            SqliteStore(tmp_path)
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    SqliteStore(tmp_path).close()  # the lock of a killed process does not hold
    SqliteStore(tmp_path).close()  # nor does that of a closed one


def test_one_process_cannot_open_it_twice(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        SqliteStore(tmp_path)
    store.close()


OPENER = """
import sys
from pathlib import Path
from fogbank.store.api import StoreReadOnly
from fogbank.store.sqlite import SqliteStore
try:
    SqliteStore(Path(sys.argv[1]))
except StoreReadOnly as error:
    print(error)
"""


def test_a_read_only_directory_is_said(tmp_path: Path) -> None:
    """Root may write anywhere, so root runs the opener without its capabilities, in a user namespace."""
    command = [sys.executable, "-c", OPENER]
    if os.geteuid() == 0:
        if shutil.which("unshare") is None:
            pytest.skip("root, and no unshare to become somebody else")
        command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]
    SqliteStore(tmp_path / "made").close()
    (tmp_path / "made" / "store.db").chmod(0o444)
    (tmp_path / "empty").mkdir()
    for directory, text in (("empty", "cannot be written (Permission denied)"), ("made", "cannot be written")):
        if directory == "empty":
            (tmp_path / directory).chmod(0o555)
        done = subprocess.run([*command, str(tmp_path / directory)], capture_output=True, text=True, check=False)
        (tmp_path / directory).chmod(0o755)
        assert text in done.stdout, done.stderr
        assert str(tmp_path / directory) in done.stdout
        assert "--data" in done.stdout
