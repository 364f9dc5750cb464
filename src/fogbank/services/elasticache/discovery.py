"""Memcached's auto-discovery: the door answers `config get cluster`, instead of the server.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoDiscovery.AddingToYourClientLibrary.html

The door must know where commands begin, since a stored value may look like one. The binary protocol has no such
command, so it is forwarded unchanged.
"""

from __future__ import annotations

from fogbank.core.context import Context

from . import hosts
from .records import CLUSTERS

_STORES = frozenset((b"set", b"add", b"replace", b"append", b"prepend", b"cas"))
_OLD_KEY = b"AmazonElastiCache:cluster"  # of engines before 1.4.14
_BINARY = 0x80
_LINE = 65536  # bytes; a longer line is not a discovery command


class Discovery:
    """One client's connection."""

    def __init__(self, ctx: Context, cluster: str) -> None:
        self._ctx, self._cluster = ctx, cluster
        self._rest = b""
        self._data = 0  # bytes of a value that have not arrived yet
        self._plain = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        if self._plain:
            return [(data, b"")]
        data = self._rest + data
        self._rest = b""
        if data[:1] == bytes([_BINARY]):
            self._plain = True
            return [(data, b"")]
        found: list[tuple[bytes, bytes]] = []
        while data:
            if self._data:
                passed, data = data[: self._data], data[self._data :]
                self._data -= len(passed)
                found.append((passed, b""))
                continue
            end = data.find(b"\n")
            if end < 0:
                if len(data) > _LINE:
                    self._plain = True
                    found.append((data, b""))
                else:
                    self._rest = data
                return found
            line, data = data[: end + 1], data[end + 1 :]
            found.append(self._command(line))
        return found

    def _command(self, line: bytes) -> tuple[bytes, bytes]:
        words = line.split()
        if words == [b"config", b"get", b"cluster"]:
            return b"", self._answer(b"CONFIG cluster")
        if words == [b"get", _OLD_KEY]:
            return b"", self._answer(b"VALUE " + _OLD_KEY)
        if words and words[0] in _STORES and len(words) > 4 and words[4].isdigit():
            self._data = int(words[4]) + 2
        elif words and words[0] == b"ms" and len(words) > 2 and words[2].isdigit():
            self._data = int(words[2]) + 2
        return line, b""

    def _answer(self, head: bytes) -> bytes:
        """The version of the configuration, then host|address|port of each node."""
        ctx = self._ctx
        with ctx.read() as tx:
            cluster = tx.get(CLUSTERS, (ctx.account, ctx.region, self._cluster))
        if cluster is None:
            return b"END\r\n"
        nodes = " ".join(
            f"{hosts.address(ctx, cluster.host, cluster.id, node.id)}|{hosts.ADDRESS}|{node.client_port}"
            for node in cluster.nodes
        )
        version = sum(node.generation for node in cluster.nodes) + len(cluster.nodes)
        text = f"{version}\n{nodes}\n".encode()
        return head + b" 0 %d\r\n" % len(text) + text + b"\r\nEND\r\n"
