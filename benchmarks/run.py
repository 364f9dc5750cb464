"""`make bench`: Fogbank, a bare server and the peers under the same load in one run; writes benchmarks/RESULTS.md.

Fogbank verifies signatures, enforces IAM and keeps its state; the peers run with what is on by default, none of these.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cache import cache
from load import Result, measure
from loads import Target, function, loads
from peers import free_port, peers, running

RESULTS = Path(__file__).parent / "RESULTS.md"
BIG = 100 * 1024 * 1024
ROUNDS = 3  # of each load on each server, in turn; the middle one counts
SLEEPING = ("DynamoDB GetItem", "DynamoDB PutItem", "S3 PutObject 1 KB", "SQS SendMessage")  # also with such a client
OF_BARE = ("STS GetCallerIdentity", "DynamoDB GetItem", "DynamoDB PutItem")
# (metric, peer, at least this ratio of Fogbank's throughput to the peer's)
BARS = [
    *((name, "ministack", 3.0) for name in ("STS GetCallerIdentity", "DynamoDB GetItem", "S3 GetObject 1 KB")),
    *((f"{name}{client}", "ministack", bar) for client in ("", ", client sleeps")
      for name, bar in (("S3 PutObject 1 KB", 3.3), ("DynamoDB PutItem", 3.3), ("SQS SendMessage", 4.0))),
    *((name, "moto", 15.0) for name in ("STS GetCallerIdentity", "DynamoDB GetItem", "DynamoDB PutItem",
                                       "S3 PutObject 1 KB", "S3 GetObject 1 KB")),
    ("DynamoDB Query (10 of 16)", "ministack", 10.0),
    ("DynamoDB Query (100 of 100)", "ministack", 10.0),
    ("DynamoDB GetItem", "bare", 0.2),
    ("S3 PutObject 100 MB, MB/s", "ministack", 1.0),
]  # fmt: skip


def bench(servers: dict[str, Target], seconds: float, chosen: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Requests per second and median latency of every load on every server.

    All servers are up, and take turns: a machine that becomes slower for a while does so for all of them.
    """
    table: dict[str, dict[str, Any]] = {name: {} for name in servers}
    for load, prepare, connections in loads():
        if chosen and not load.startswith(chosen):
            continue
        print(f"{load}:", flush=True)
        prepared = {name: _prepared(name, load, prepare, target) for name, target in servers.items()}
        # a client that spins would take the processor that a function's process needs
        _in_turn(load, servers, prepared, table, connections, seconds, spin=connections > 1)
        if load in SLEEPING:
            _in_turn(f"{load}, client sleeps", servers, prepared, table, connections, seconds, spin=False)
    return table


def _in_turn(
    load: str,
    servers: dict[str, Target],
    prepared: dict[str, list[bytes] | None],
    table: dict[str, dict[str, Any]],
    connections: int,
    seconds: float,
    *,
    spin: bool,
) -> None:
    """Measure one load on each server, some rounds in turn, and put the middle round into the table."""
    results: dict[str, list[Result]] = {name: [] for name, requests in prepared.items() if requests}
    for _ in range(ROUNDS):
        for name, found in results.items():
            found.append(
                measure(
                    "127.0.0.1", servers[name].port, prepared[name] or [], connections=connections,
                    seconds=seconds / ROUNDS, spin=spin,
                )
            )  # fmt: skip
    for name, found in results.items():
        middle = sorted(found, key=lambda result: result.per_second)[ROUNDS // 2]
        failed = next((result for result in found if not result.ok), None)
        print(f"  {name:10} {failed or middle}", flush=True)
        table[name][load] = None if failed else middle.per_second
        table[name][f"{load} p50 ms"] = None if failed else middle.p50


def _prepared(name: str, load: str, prepare: Callable[[Target], list[bytes]], target: Target) -> list[bytes] | None:
    """The requests of a load; None where a server lacks something, which is said."""
    if target.bare:
        return loads_of_bare(target) if load in OF_BARE else None
    try:
        return prepare(target)
    except Exception as error:
        print(f"  {name:10} failed: {type(error).__name__}: {str(error)[:120]}")
        return None


def loads_of_bare(target: Target) -> list[bytes]:
    """What a GetItem sends, to the server that answers a constant."""
    return [target.dynamodb("GetItem", {"TableName": "bench", "Key": {"pk": {"S": "p0"}, "sk": {"S": "s0"}}})]


def big_object(target: Target) -> dict[str, float | None]:
    s3 = target.client("s3")
    body = os.urandom(BIG)
    try:
        started = time.perf_counter()
        s3.put_object(Bucket="bench-objects", Key="big", Body=body)
        put = time.perf_counter() - started
        started = time.perf_counter()
        assert len(s3.get_object(Bucket="bench-objects", Key="big")["Body"].read()) == BIG
        get = time.perf_counter() - started
    except Exception as error:
        print(f"  100 MB object failed: {error}")
        return {"S3 PutObject 100 MB, MB/s": None, "S3 GetObject 100 MB, MB/s": None}
    return {"S3 PutObject 100 MB, MB/s": 100 / put, "S3 GetObject 100 MB, MB/s": 100 / get}


def cold_start(target: Target) -> dict[str, float | None]:
    """The first invocation of five functions that do nothing."""
    client = target.client("lambda")
    spans = []
    try:
        for n in range(5):
            function(target, f"cold{n}", "def handler(event, context):\n    return {}\n")
            started = time.perf_counter()
            answer = client.invoke(FunctionName=f"cold{n}", Payload=b"{}")
            if answer.get("FunctionError") or answer["Payload"].read().strip() != b"{}":
                raise RuntimeError("the function did not really run")
            spans.append((time.perf_counter() - started) * 1000)
    except Exception as error:
        print(f"  cold start failed: {error}")
        return {"Lambda cold start, ms": None}
    return {"Lambda cold start, ms": statistics.median(spans)}


def growth(port: int, items: int, seconds: float) -> dict[str, float]:
    """GetItem's throughput on a table of a thousand items against one of `items`."""
    target = Target(port)
    dynamodb = target.client("dynamodb")
    found = {}
    for name, count in (("small", 1000), ("large", items)):
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        fill(target, name, count)
        step = max(count // 4096, 1)
        gets = [
            target.dynamodb("GetItem", {"TableName": name, "Key": {"pk": {"S": f"k{n}"}}})
            for n in range(0, count, step)
        ]
        found[name] = measure("127.0.0.1", port, gets, connections=16, seconds=seconds).per_second
    return found


def fill(target: Target, name: str, count: int) -> None:
    """BatchWriteItem, 25 at a time over one connection; the next is made while the server works on the last."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port)
    connection.connect()

    def answered() -> None:
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        text = response.read()
        assert response.status == 200, text

    for first in range(0, count, 25):
        puts = [
            {"PutRequest": {"Item": {"pk": {"S": f"k{n}"}, "v": {"S": "z" * 100}}}}
            for n in range(first, min(first + 25, count))
        ]
        batch = target.dynamodb("BatchWriteItem", {"RequestItems": {name: puts}})
        if first:
            answered()
        connection.sock.sendall(batch)
    answered()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="measured per load and server")
    parser.add_argument("--growth", type=int, help="also compare GetItem on this many items with a thousand")
    parser.add_argument("--loads", nargs="*", help="these loads only: words that begin their names")
    parser.add_argument("--only", nargs="*", help="these servers only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        servers: dict[str, Target] = {}
        first: dict[str, dict[str, Any]] = {}
        for name in ("bare", "fogbank", "ministack", "moto", "fakecloud"):
            if arguments.only and name not in arguments.only:
                continue
            port = free_port()
            peer = next(peer for peer in peers(port, Path(scratch) / "data") if peer.name == name)
            server = stack.enter_context(running(peer, port))
            if server is None:
                print(f"{name} is not installed, and cannot be from here")
                continue
            servers[name] = Target(port, bare=name == "bare")
            first[name] = {"start to first answer, s": server.ready, "idle memory, MB": server.idle}
        measured = bench(servers, arguments.seconds, tuple(arguments.loads or ()))
        table = {name: first[name] | measured[name] for name in servers}
        for name, target in servers.items():
            if not target.bare and not arguments.loads:
                print(f"{name}: 100 MB object, cold starts …", flush=True)
                table[name] |= big_object(target) | cold_start(target)
        if "fogbank" in servers:
            table["fogbank"] |= cache(servers["fogbank"], arguments.seconds)
        if arguments.growth and "fogbank" in servers:
            sizes = growth(servers["fogbank"].port, arguments.growth, arguments.seconds)
            counts = {"small": 1000, "large": arguments.growth}
            table["fogbank"] |= {f"GetItem, table of {counts[k]:,}": rate for k, rate in sizes.items()}
    report = render(table)
    print(report)
    if not arguments.only and not arguments.loads:
        RESULTS.write_text(report)


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def render(table: dict[str, dict[str, Any]]) -> str:
    """The results as Markdown: figures, ratios to Fogbank, and the bars."""
    names = list(table)
    rows = list(dict.fromkeys(row for found in table.values() for row in found))
    lines = [
        "# Results",
        "",
        f"Made by `make bench` on {time.strftime('%Y-%m-%d')}: {machine()}.",
        "",
        "Requests per second over kept connections (16; 1 for Lambda and API Gateway), signed as SDKs do: all servers",
        "in turn, three rounds, the middle one. Fogbank verifies signatures, enforces IAM and keeps its state on disk;",
        "the peers run as they start by themselves, which does none of the three. MiniStack checks signatures and IAM",
        "with `AUTH=true` (and lets through what it cannot map to a permission) and saves its state with",
        "`PERSIST_STATE=1`, when it is stopped in good order; moto decides by IAM where a test asks it to.",
        "`bare` answers a constant on Fogbank's own HTTP stack: the limit. The client of the 16 connections never",
        "sleeps, so that the cost of waking it is not counted as the server's.",
        "",
        "| | " + " | ".join(names) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for row in rows:
        lines.append(f"| {row} | " + " | ".join(_figure(table[name].get(row)) for name in names) + " |")
    lines += ["", "## Bars", ""]
    for row, peer, wanted in BARS:
        mine, theirs = table.get("fogbank", {}).get(row), table.get(peer, {}).get(row)
        if mine and theirs:
            ratio = mine / theirs
            lines.append(f"- {'✓' if ratio >= wanted else '✗'} {row}: {ratio:.2f} × {peer} (at least {wanted:g})")
    fogbank = table.get("fogbank", {})
    sizes = [rate for row, rate in fogbank.items() if row.startswith("GetItem, table of")]
    if len(sizes) == 2:
        times = sizes[0] / sizes[1]
        lines.append(f"- {'✓' if times <= 1.5 else '✗'} GetItem on the large table costs {times:.2f} × (at most 1.5)")
    if fogbank:
        ready, idle = fogbank["start to first answer, s"], fogbank["idle memory, MB"]
        lines.append(f"- {'✓' if ready < 0.15 else '✗'} ready in {ready:.2f} s (under 0.15)")
        lines.append(f"- {'✓' if idle < 45 else '✗'} idle {idle:.0f} MB (under 45)")
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()
