"""A load client: raw requests over kept connections from one process, one at a time on each, no pipelining.

    python benchmarks/load.py http://127.0.0.1:4599/ [--connections 16] [--seconds 5] [--warmup 1] [--requests FILE]

As a library, `measure(host, port, requests, …)` runs the load in a process of its own and returns a Result, so that the
caller's work does not slow the client. `requests` is a sequence of complete raw requests (already signed, say), which
all connections take from in turn, around and around.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from fogbank.gateway.loop import run


@dataclass
class Result:
    """One measurement. Latencies in milliseconds; `seconds` is the measured time, warm-up left out."""

    requests: int
    seconds: float
    per_second: float
    p50: float
    p90: float
    p99: float
    worst: float
    statuses: dict[int, int] = field(default_factory=dict)
    first_error: str = ""  # the first response with an unexpected status, or a broken connection

    @property
    def ok(self) -> bool:
        return not self.first_error

    def __str__(self) -> str:
        statuses = " ".join(f"{status}:{count}" for status, count in sorted(self.statuses.items()))
        line = (
            f"{self.per_second:10,.0f} req/s   p50 {self.p50:.2f} ms  p90 {self.p90:.2f}  p99 {self.p99:.2f}  "
            f"worst {self.worst:.1f}   [{statuses}]"
        )
        return line + (f"\n  first error: {self.first_error}" if self.first_error else "")


class Load:
    """The state that all connections of one run share."""

    def __init__(self, requests: Iterable[bytes], expected: frozenset[int]) -> None:
        self.next: Iterator[bytes] = cycle(requests)
        self.expected = expected
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.first_error = ""
        self.running = True
        self.counting = False
        self._tasks: set[asyncio.Task[Any]] = set()

    def reconnect(self, client: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        task = asyncio.ensure_future(asyncio.get_running_loop().create_connection(client, host, port))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Client(asyncio.Protocol):
    """Sends the next request when the response to the last one is complete; connects anew where the server closes."""

    def __init__(self, load: Load, ended: asyncio.Future[None]) -> None:
        self.load = load
        self.ended = ended
        self.held = b""
        self.missing = 0  # bytes of the current response still to come, once its head has been read
        self.sent = 0.0
        self.closing = False  # the server said that it will close this connection
        self.write: Any = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.write = transport.write
        self.send()

    def send(self) -> None:
        if not self.load.running:
            self.transport.close()
            return
        request = next(self.load.next)
        self.sent = time.perf_counter()
        self.write(request)

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
            if self.missing <= 0:
                self.complete()
            return
        if self.held:
            data = self.held + data
            self.held = b""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.held = data
            return
        head = data[:end].lower()
        status = int(head[9:12])
        if status == 100:
            self.held = b""
            if rest := data[end + 4 :]:
                self.data_received(rest)
            return
        at = head.find(b"content-length:")
        if at < 0 and b"transfer-encoding: chunked" in head:
            if not data.endswith(b"0\r\n\r\n"):
                self.held = data
                return
            length = len(data) - end - 4
        else:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        self.closing = b"connection: close" in head or (head[:8] == b"http/1.0" and b"keep-alive" not in head)
        load = self.load
        load.statuses[status] += load.counting
        if status not in load.expected and not load.first_error:
            load.first_error = data[:600].decode("latin-1")
        self.missing = end + 4 + length - len(data)
        if self.missing <= 0:
            self.complete()

    def complete(self) -> None:
        self.missing = 0
        if self.load.counting:
            self.load.latencies.append(time.perf_counter() - self.sent)
        if self.closing:
            self.transport.close()
        else:
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if self.load.running and self.closing and not self.missing:
            peer = self.transport.get_extra_info("peername")
            self.load.reconnect(lambda: Client(self.load, self.ended), *peer[:2])
            return
        if self.load.running and not self.load.first_error:
            self.load.first_error = f"a connection was closed: {error}"
        if not self.ended.done():
            self.ended.set_result(None)


async def drive(
    host: str,
    port: int,
    requests: Iterable[bytes],
    *,
    connections: int = 16,
    seconds: float = 5.0,
    warmup: float = 1.0,
    expected: Iterable[int] = (200,),
    spin: bool = True,
) -> Result:
    """Run the load in this process.

    With `spin` the client never sleeps: it asks for responses all the time. Waking a process that sleeps on another
    processor takes the server's time with every response it sends (in a virtual machine 30 microseconds, a third of
    what a GetItem takes), which says nothing about the server.
    """
    loop = asyncio.get_running_loop()
    load = Load(requests, frozenset(expected))
    ends: list[asyncio.Future[None]] = []
    for _ in range(connections):
        ended: asyncio.Future[None] = loop.create_future()
        ends.append(ended)
        await loop.create_connection(lambda ended=ended: Client(load, ended), host, port)

    def ask() -> None:
        if load.running:
            loop.call_soon(ask)

    if spin:
        ask()
    await asyncio.sleep(warmup)
    load.counting = True
    started = time.perf_counter()
    await asyncio.wait(ends, timeout=seconds)
    load.counting = False
    took = time.perf_counter() - started
    load.running = False
    await asyncio.wait(ends, timeout=5)
    latencies = sorted(load.latencies) or [0.0]

    def at(share: float) -> float:
        return round(latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000, 3)

    count = len(load.latencies)
    return Result(count, took, count / took, at(0.5), at(0.9), at(0.99), at(1.0), dict(load.statuses), load.first_error)


def _worker(answer: Any, host: str, port: int, requests: list[bytes], options: dict[str, Any]) -> None:
    answer.send(run(drive(host, port, requests, **options)))


def measure(host: str, port: int, requests: Iterable[bytes], **options: Any) -> Result:
    """Run the load in a new process; options as of `drive`."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_worker, args=(sender, host, port, list(requests), options), daemon=True)
    worker.start()
    sender.close()
    try:
        result: Result = receiver.recv()
    except EOFError:
        raise RuntimeError("the load client ended without a result") from None
    finally:
        worker.join()
    return result


def request(method: str, target: str, host: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """One raw request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


# the head of a GetItem call as boto3 sends it: what a request to measure the bare server with should look like
GET_ITEM_HEADERS = (
    ("Accept-Encoding", "identity"),
    ("X-Amz-Target", "DynamoDB_20120810.GetItem"),
    ("Content-Type", "application/x-amz-json-1.0"),
    ("User-Agent", "Boto3/1.44.8 md/Botocore#1.44.8 ua/2.0 os/linux md/arch#x86_64 lang/python#3.11 md/pyimpl#CPython"),
    ("X-Amz-Date", "20260101T000000Z"),
    (
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
    ),
    ("amz-sdk-invocation-id", "00000000-0000-4000-8000-000000000000"),
    ("amz-sdk-request", "attempt=1"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--warmup", type=float, default=1.0)
    parser.add_argument("--expect", type=int, action="append", default=[], help="an expected status (default: 200)")
    parser.add_argument("--requests", help="a JSON file: a list of raw requests as latin-1 text")
    parser.add_argument("--sleep", action="store_true", help="let the client sleep until a response comes")
    parser.add_argument("--aws", action="store_true", help="send what boto3 sends for a DynamoDB GetItem")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    url = urlsplit(given.url)
    host, port = url.hostname or "127.0.0.1", url.port or 80
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if given.requests:
        with open(given.requests) as file:
            requests = [text.encode("latin-1") for text in json.load(file)]
    elif given.aws:
        body = b'{"TableName":"t","Key":{"pk":{"S":"a"}}}'
        requests = [request("POST", target, url.netloc, body, GET_ITEM_HEADERS)]
    else:
        requests = [request("GET", target, url.netloc)]
    result = run(
        drive(
            host,
            port,
            requests,
            connections=given.connections,
            seconds=given.seconds,
            warmup=given.warmup,
            expected=given.expect or (200,),
            spin=not given.sleep,
        )
    )
    print(json.dumps(asdict(result)) if given.json else result)
    raise SystemExit(0 if result.ok else 1)


if __name__ == "__main__":
    main()
