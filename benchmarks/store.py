"""What the store costs: one-write transactions by clients and durability, checkpoints, size. Prints Markdown tables.

    python benchmarks/store.py [--seconds 3] [--rows 10000000] [--data DIR] [--postgres URL] [--only writes,reads,…]

The disk is that of --data (by default the temporary directory's: mind that it may be memory).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from fogbank.store import checkpoints
from fogbank.store.api import Conflict, Record, Table
from fogbank.store.memory import MemoryStore
from fogbank.store.sqlite import SqliteStore

CLIENTS = (1, 16, 64)


class Item(Record):
    account: str
    region: str
    table: str
    key: int
    body: bytes = b""


ITEMS = Table("bench/item", Item, key=lambda i: (i.account, i.region, i.table, i.key))
INDEXED = Table(
    "bench/indexed",
    Item,
    key=lambda i: (i.account, i.region, i.table, i.key),
    indexes={"key": lambda i: (i.account, i.key % 1000)},
)


def item(key: int, size: int) -> Item:
    """Never the same twice: SQLite writes nothing where nothing changes."""
    body = b"%d" % time.perf_counter_ns() + b"." * (size - 19)
    return Item(account="111111111111", region="us-east-1", table="table", key=key, body=body)


def whole_key(key: int) -> tuple[Any, ...]:
    return ("111111111111", "us-east-1", "table", key)


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(*cells: str) -> None:
    print()
    row(*cells)
    row(*("---" for _ in cells))


def spread(latencies: list[float], seconds: float) -> list[str]:
    """Throughput per second; median, 99th percentile and worst in microseconds."""
    ordered = sorted(latencies)
    cells = [f"{len(ordered) / seconds:,.0f}"]
    for value in (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1]):
        cells.append(f"{value * 1e6:,.0f}")
    return cells


def machine(data: Path) -> None:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    disk = max((m for m in mounts if data.absolute().is_relative_to(m[1])), key=lambda m: len(m[1]))
    descriptor = os.open(data / "probe", os.O_RDWR | os.O_CREAT)
    took = []
    for i in range(200):
        os.pwrite(descriptor, b"." * 4096, i * 4096)
        began = time.perf_counter()
        os.fdatasync(descriptor)
        took.append(time.perf_counter() - began)
    os.close(descriptor)
    print(
        f"{os.cpu_count()} × {model}, Linux {platform.release()}, {disk[2]}, one fdatasync "
        f"{sorted(took)[100] * 1e6:,.0f} µs (worst of 200: {max(took) * 1e6:,.0f}), "
        f"CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


async def clients(store: Any, count: int, seconds: float, size: int, keys: int) -> list[float]:
    """Latencies of one-write transactions of `count` clients, each waiting until its write is durable."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        chance = random.Random(number)
        while (began := time.perf_counter()) < end:
            with store.write() as tx:
                tx.put(ITEMS, item(chance.randrange(keys), size))
            await store.durable()
            latencies.append(time.perf_counter() - began)
            await asyncio.sleep(0)

    await asyncio.gather(*(client(number) for number in range(count)))
    return latencies


def opened(data: Path, name: str) -> SqliteStore:
    """A fresh store at one of the durability levels, ours and SQLite's own."""
    directory = data / "writes"
    shutil.rmtree(directory, ignore_errors=True)
    store = SqliteStore(directory, durability="full" if name == "full" else "process")
    if name.startswith("synchronous="):
        store._connection.execute(f"PRAGMA {name}")
    if name == "checkpoints on the loop":
        store._connection.execute("PRAGMA wal_autocheckpoint=1000")
        store._checkpoints.wrote = lambda count: None  # type: ignore[method-assign]
    if name == "no checkpoints":
        store._checkpoints.wrote = lambda count: None  # type: ignore[method-assign]
    return store


async def idle(seconds: float) -> list[float]:
    """How long the machine itself makes a busy event loop wait, with nothing to do: the floor of the worst column."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        while time.perf_counter() - began < 50e-6:
            pass
        await asyncio.sleep(0)
        latencies.append(time.perf_counter() - began - 50e-6)
    return latencies


def writes(data: Path, seconds: float) -> None:
    head("durability", "clients", "writes/s", "p50 µs", "p99 µs", "worst µs")
    row("nothing: the machine's own pauses", 1, "", *spread(uvloop.run(idle(seconds)), seconds)[1:])
    for name in ("process", "full", "synchronous=OFF", "synchronous=FULL"):
        for count in CLIENTS:
            store = opened(data, name)
            latencies = uvloop.run(clients(store, count, seconds, 300, 20_000))
            row(name, count, *spread(latencies, seconds))
            store.close()
    store = MemoryStore()
    row("memory engine", 1, *spread(uvloop.run(clients(store, 1, seconds, 300, 20_000)), seconds))


def logs(data: Path, seconds: float) -> None:
    head("checkpoints", "clients", "writes/s", "p50 µs", "p99 µs", "worst µs", "log MB")
    for name in ("no checkpoints", "process", "all the time", "checkpoints on the loop", "full"):
        before = checkpoints.START, checkpoints.LARGEST
        if name == "all the time":
            checkpoints.START = 64 << 10
        store = opened(data, name)
        latencies = uvloop.run(clients(store, 16, seconds * 2, 2000, 200_000))
        log = store.path.with_name("store.db-wal").stat().st_size / 1e6
        row(
            {"process": "in the background (the default)", "full": "in the background, durability full"}.get(
                name, name
            ),
            16,
            *spread(latencies, seconds * 2),
            f"{log:,.0f}",
        )
        checkpoints.START, checkpoints.LARGEST = before
        store.close()


def fastest(function: Callable[[], None], count: int, rounds: int = 7) -> float:
    """Microseconds of processor time of one call: the best of some rounds, since the machine may be shared."""
    best = 1e9
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(count):
            function()
        best = min(best, (time.process_time() - began) / count)
    return best * 1e6


def reads(data: Path, rows: int) -> None:
    head("rows of 300 B", "get µs", "get + put µs", "scan of 100 µs", "file MB")
    for count in (1000, rows):
        shutil.rmtree(data / "reads", ignore_errors=True)
        store = SqliteStore(data / "reads")
        for at in range(0, count, 100_000):
            with store.write() as tx:
                for key in range(at, min(at + 100_000, count)):
                    tx.put(ITEMS, item(key, 300))
        with store.write() as tx:
            for key in range(1000):
                tx.put(INDEXED, item(key, 300))
        store.close()
        store = SqliteStore(data / "reads")
        get, update, scan = random_calls(store, count)
        fastest(get, 20_000, 1)  # warm
        size = store.path.stat().st_size / 1e6
        cells = (f"{fastest(call, n):.1f}" for call, n in ((get, 5000), (update, 2000), (scan, 200)))
        row(f"{count:,}", *cells, f"{size:,.0f}")
        if count == 1000:
            odd(store)
        store.close()


def random_calls(store: SqliteStore, count: int) -> tuple[Callable[[], None], ...]:
    """Get, get and put, and scan 100, each at a random one of `count` keys."""
    chance = random.Random(1)

    def get() -> None:
        with store.read() as tx:
            tx.get(ITEMS, whole_key(chance.randrange(count)))

    def update() -> None:
        with store.write() as tx:
            found = tx.get(ITEMS, whole_key(chance.randrange(count)))
            assert found is not None
            tx.put(ITEMS, item(found.key, 300))

    def scan() -> None:
        with store.read() as tx:
            for _ in tx.scan(ITEMS, start=whole_key(chance.randrange(count)), limit=100):
                pass

    return get, update, scan


def odd(store: SqliteStore) -> None:
    """The same among large values; and through an index."""
    with store.write() as tx:
        for key in range(1_000_000, 1_000_500):
            tx.put(ITEMS, item(key, 100_000 if key % 2 else 300))

    def get(key: int) -> Callable[[], None]:
        def once() -> None:
            with store.read() as tx:
                tx.get(ITEMS, whole_key(key))

        return once

    def indexed() -> None:
        with store.read() as tx:
            tx.first(INDEXED, "key", ("111111111111", 7))

    def put_indexed() -> None:
        with store.write() as tx:
            tx.put(INDEXED, item(7, 300))

    row("a small one among 100 KB ones", f"{fastest(get(1_000_200), 2000):.1f}", "", "", "")
    row("one of 100 KB", f"{fastest(get(1_000_201), 500):.1f}", "", "", "")
    row("by an index; put with an index", f"{fastest(indexed, 2000):.1f}", f"{fastest(put_indexed, 2000):.1f}", "", "")


def postgres(url: str, seconds: float) -> None:
    from fogbank.store.postgres import PostgresStore

    head("PostgreSQL, threads", "writes/s", "p50 µs", "p99 µs", "worst µs", "conflicts")
    for count in CLIENTS:
        store = PostgresStore(url, connections=count)
        store.wipe()
        with store.write() as tx:
            tx.put(ITEMS, item(0, 1))
        end = time.perf_counter() + seconds
        with ThreadPoolExecutor(count) as pool:
            done = list(pool.map(partial(thread, store, end), range(count)))
        latencies = [latency for one, _ in done for latency in one]
        row(count, *spread(latencies, seconds), sum(conflicts for _, conflicts in done))
        store.close()


def thread(store: Any, end: float, number: int) -> tuple[list[float], int]:
    """One client of a networked store: its latencies, and how often it met another."""
    chance = random.Random(number)
    latencies: list[float] = []
    conflicts = 0
    while (began := time.perf_counter()) < end:
        try:
            with store.write() as tx:
                tx.put(ITEMS, item(chance.randrange(20_000), 300))
            latencies.append(time.perf_counter() - began)
        except Conflict:
            conflicts += 1
    return latencies, conflicts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--postgres", default="")
    parser.add_argument("--only", default="writes,logs,reads")
    options = parser.parse_args()
    data = options.data or Path(tempfile.mkdtemp(prefix="fogbank-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    only = options.only.split(",")
    machine(data)
    if "writes" in only:
        writes(data, options.seconds)
    if "logs" in only:
        logs(data, options.seconds)
    if "reads" in only:
        reads(data, options.rows)
    if options.postgres:
        postgres(options.postgres, options.seconds)
    if options.data is None:
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
