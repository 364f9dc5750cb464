"""GET on a Valkey cluster of ElastiCache: on the engine's own port, and through the door that terminates TLS."""

from __future__ import annotations

import asyncio
import ssl
import time

from loads import Target

CONNECTIONS = 16
SET = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$200\r\n" + b"v" * 200 + b"\r\n"
GET = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
ANSWER = len(b"$200\r\n") + 200 + 2


def cache(target: Target, seconds: float) -> dict[str, float | None]:
    """Operations per second of both."""
    client = target.client("elasticache")
    found: dict[str, float | None] = {}
    for row, name, tls in (("ElastiCache GET", "bench", False), ("ElastiCache GET through the TLS door", "tls", True)):
        try:
            client.create_replication_group(
                ReplicationGroupId=name, ReplicationGroupDescription="bench", Engine="valkey",
                CacheNodeType="cache.t3.micro", NumCacheClusters=1, TransitEncryptionEnabled=tls,
            )  # fmt: skip
            client.get_waiter("replication_group_available").wait(
                ReplicationGroupId=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
            group = client.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
            endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
            found[row] = asyncio.run(_measure(endpoint["Address"], endpoint["Port"], tls, seconds))
        except Exception as error:
            print(f"  {row} failed: {type(error).__name__}: {str(error)[:120]}")
            found[row] = None
    return found


async def _measure(host: str, port: int, tls: bool, seconds: float) -> float:
    context = None
    if tls:
        context = ssl.create_default_context()  # the CA of this run is in no list: who answers is not in question
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    streams = [await asyncio.open_connection(host, port, ssl=context) for _ in range(CONNECTIONS)]
    streams[0][1].write(SET)
    await streams[0][0].readline()
    ends = time.perf_counter() + seconds
    started = time.perf_counter()
    counts = await asyncio.gather(*(_ask(reader, writer, ends) for reader, writer in streams))
    return sum(counts) / (time.perf_counter() - started)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ends: float) -> int:
    count = 0
    while time.perf_counter() < ends:
        writer.write(GET)
        await reader.readexactly(ANSWER)
        count += 1
    writer.close()
    return count
