"""`make bench`: Fogbank, a bare server and the peers under the same load in one run; writes benchmarks/RESULTS.md.

Fogbank verifies signatures, enforces IAM and keeps its state; the peers do none of the three.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from load import measure
from loads import Target, function, loads
from peers import Server, free_port, peers, running

RESULTS = Path(__file__).parent / "RESULTS.md"
BIG = 100 * 1024 * 1024
# (metric, peer, at least this ratio of Fogbank's throughput to the peer's)
BARS = [
    *((name, "ministack", 3.0) for name in ("STS GetCallerIdentity", "DynamoDB GetItem", "DynamoDB PutItem",
                                           "S3 PutObject 1 KB", "S3 GetObject 1 KB")),
    *((name, "moto", 15.0) for name in ("STS GetCallerIdentity", "DynamoDB GetItem", "DynamoDB PutItem",
                                       "S3 PutObject 1 KB", "S3 GetObject 1 KB")),
    ("DynamoDB Query (10 of 16)", "ministack", 10.0),
    ("DynamoDB Query (100 of 100)", "ministack", 10.0),
    ("DynamoDB GetItem", "bare", 0.2),
]  # fmt: skip


def bench(server: Server, port: int, seconds: float) -> dict[str, Any]:
    """Every metric of one server: requests per second by load, and seconds or MB for the others."""
    target = Target(port)
    found: dict[str, Any] = {"start to first answer, s": server.ready, "idle memory, MB": server.idle}
    if server.peer.name == "bare":
        prepared = loads_of_bare(target)
        for name in ("STS GetCallerIdentity", "DynamoDB GetItem", "DynamoDB PutItem"):
            found[name] = measure("127.0.0.1", port, prepared, connections=16, seconds=seconds).per_second
        return found
    for name, prepare, connections in loads():
        print(f"  {name} …", end=" ", flush=True)
        try:
            requests = prepare(target)
            # a client that spins would take the processor that a function's process needs
            result = measure(
                "127.0.0.1", port, requests, connections=connections, seconds=seconds, spin=connections > 1
            )
        except Exception as error:  # a peer that lacks something is said so, not hidden
            print(f"failed: {type(error).__name__}: {str(error)[:120]}")
            found[name] = None
            continue
        print(result)
        found[name] = result.per_second if result.ok else None
        found[f"{name} p50 ms"] = result.p50
    found |= big_object(target) | cold_start(target)
    return found


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
    parser.add_argument("--seconds", type=float, default=4.0, help="measured per load")
    parser.add_argument("--growth", type=int, help="also compare GetItem on this many items with a thousand")
    parser.add_argument("--only", nargs="*", help="these servers only")
    arguments = parser.parse_args()
    table: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        port = free_port()
        for peer in peers(port, Path(scratch) / "data"):
            if arguments.only and peer.name not in arguments.only:
                continue
            print(f"{peer.name}:", flush=True)
            with running(peer, port) as server:
                if server is None:
                    print("  could not be installed")
                    continue
                table[peer.name] = bench(server, port, arguments.seconds)
                if arguments.growth and peer.name == "fogbank":
                    sizes = growth(port, arguments.growth, arguments.seconds)
                    counts = {"small": 1000, "large": arguments.growth}
                    table[peer.name] |= {f"GetItem, table of {counts[k]:,}": rate for k, rate in sizes.items()}
    report = render(table)
    print(report)
    if not arguments.only:
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
        "Requests per second over kept connections (16; 1 for Lambda and API Gateway), signed as SDKs do, in one run,",
        "one server after the other. Fogbank verifies signatures, enforces IAM and keeps its state on disk; the peers",
        "do none of the three. `bare` answers a constant on Fogbank's own HTTP stack: the limit. The client of the 16",
        "connections never sleeps, so that the cost of waking it is not counted as the server's.",
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
        lines.append(f"- {'✓' if ready < 0.4 else '✗'} ready in {ready:.2f} s (under 0.4)")
        lines.append(f"- {'✓' if idle < 80 else '✗'} idle {idle:.0f} MB (under 80)")
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()
