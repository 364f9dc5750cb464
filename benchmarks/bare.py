"""The bare server: Fogbank's HTTP stack answering a constant. What a request costs before any of it is AWS.

    python benchmarks/bare.py [--port 4599] [--tls DIR]

Prints its port when it listens, serves until it is interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

from fogbank.core.http import Request, Response
from fogbank.gateway.loop import run
from fogbank.gateway.server import Server

BODY = b'{"Item":{"pk":{"S":"a"},"n":{"N":"1"}}}'
HEADERS = [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")]


def answer(request: Request) -> Response:
    return Response(200, HEADERS, BODY)


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=0)
    given = arguments.parse_args()
    server = Server(answer, port=given.port)
    await server.start()
    print(server.port, flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop(1.0)


if __name__ == "__main__":
    run(main())
