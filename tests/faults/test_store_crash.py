"""kill -9 at a random moment under load: what was acknowledged is there, and no transaction is there in part.

FOGBANK_CRASH_ROUNDS sets the number of rounds (10 by default; `make test-faults` asks for 200).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fogbank.store.api import Record, Table
from fogbank.store.sqlite import SqliteStore

ROUNDS = int(os.environ.get("FOGBANK_CRASH_ROUNDS", "10"))

# Transaction n writes one row in each of three tables, among them a large value, replaces the total, and deletes the
# large value of transaction n - 20. Acknowledged: a line on stdout, after `durable()`.
CHILD = """
import asyncio, sys
from pathlib import Path
from fogbank.store import checkpoints
from fogbank.store.api import Record, Table
from fogbank.store.sqlite import SqliteStore

checkpoints.START = 300_000  # checkpoints all the time
checkpoints.LARGEST = 2_000_000

class Row(Record):
    n: int
    body: bytes = b""

ROWS = Table("crash/row", Row, key=lambda row: (row.n,), indexes={"parity": lambda row: (row.n % 2, row.n)})
LARGE = Table("crash/large", Row, key=lambda row: (row.n,))
TOTAL = Table("crash/total", Row, key=lambda row: ())

async def main(directory, durability):
    store = SqliteStore(Path(directory), durability=durability)
    with store.read() as tx:
        total = tx.get(TOTAL, ())
    n = total.n if total else 0
    print("ready", flush=True)
    while True:
        with store.write() as tx:
            tx.put(ROWS, Row(n=n, body=b"r" * (n % 900)))
            tx.put(LARGE, Row(n=n, body=bytes([n % 256]) * 5000))
            tx.put(TOTAL, Row(n=n + 1))
            if n >= 20:
                tx.delete(LARGE, (n - 20,))
        await store.durable()
        print(n, flush=True)
        n += 1

asyncio.run(main(*sys.argv[1:]))
"""


class Row(Record):
    n: int
    body: bytes = b""


ROWS = Table("crash/row", Row, key=lambda row: (row.n,), indexes={"parity": lambda row: (row.n % 2, row.n)})
LARGE = Table("crash/large", Row, key=lambda row: (row.n,))
TOTAL: Table[Row] = Table("crash/total", Row, key=lambda row: ())


def run_and_kill(directory: Path, durability: str, seconds: float) -> int:
    """How many transactions the child had acknowledged in all when it was killed; -1 when it had not got to any."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory), durability], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    lines = child.stdout.read().split("\n")
    child.wait()
    child.stdout.close()
    whole = [line for line in lines[:-1] if line]  # the last may be cut short
    return int(whole[-1]) if whole else -1


def check(directory: Path, acknowledged: int) -> int:
    """Everything up to the last acknowledged transaction is there, and what is beyond it is whole."""
    store = SqliteStore(directory)
    with store.read() as tx:
        total = tx.get(TOTAL, ())
        count = total.n if total else 0
        assert count > acknowledged
        assert [row.n for row in tx.scan(ROWS)] == list(range(count))
        assert all(row.body == b"r" * (row.n % 900) for row in tx.scan(ROWS))
        large = list(tx.scan(LARGE))
        assert [row.n for row in large] == list(range(max(0, count - 20), count))
        assert all(row.body == bytes([row.n % 256]) * 5000 for row in large)
        expected = sorted(range(count), key=lambda n: (n % 2, n))
        assert [row.n for row in tx.scan_index(ROWS, "parity")] == expected
    connection = store._connection
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    orphans = "SELECT count(*) FROM large WHERE id NOT IN (SELECT v FROM kv WHERE typeof(v) = 'integer')"
    assert connection.execute(orphans).fetchone() == (0,)
    store.close()
    return count


@pytest.mark.parametrize("durability", ["process", "full"])
def test_kill_9_loses_no_acknowledged_write(tmp_path: Path, durability: str) -> None:
    chance = random.Random(9)
    count = 0
    for _ in range(max(1, ROUNDS // 2)):
        acknowledged = run_and_kill(tmp_path, durability, chance.uniform(0.0, 0.3))
        count = check(tmp_path, acknowledged)
    assert count > 0, "the test did not test what it is for"
