"""Memcached's auto-discovery: the door answers `config get cluster`, instead of the server.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoDiscovery.AddingToYourClientLibrary.html

The door must know where commands begin, since a stored value may look like one. The binary protocol has no such
command, so it is forwarded unchanged.
"""

from __future__ import annotations

import re

from fogbank.core.context import Context

from . import hosts
from .records import CLUSTERS

_STORES = frozenset((b"set", b"add", b"replace", b"append", b"prepend", b"cas"))
_OLD_KEY = b"AmazonElastiCache:cluster"  # of engines before 1.4.14
_LOOKED_AT = re.compile(rb"^ *(?:%b|ms|config|get +%b)\b" % (b"|".join(sorted(_STORES)), _OLD_KEY), re.MULTILINE)
_BINARY = b"\x80"
_DIGITS = 10  # of a value's size
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
        if data[:1] == _BINARY and not self._rest and not self._data:
            self._plain = True
            return [(data, b"")]
        data, self._rest = self._rest + data, b""
        found: list[tuple[bytes, bytes]] = []
        begin = at = 0  # of what is still to be forwarded, and of what is still to be looked at
        while at < len(data):
            if self._data:
                passed = min(self._data, len(data) - at)
                self._data -= passed
                at += passed
                continue
            match = _LOOKED_AT.search(data, at)
            at = max(at, match.start() if match else data.rfind(b"\n") + 1)
            end = data.find(b"\n", at) + 1
            if match is None or not end:
                break
            answer = self._command(data[at:end])
            if answer:
                found.append((data[begin:at], answer))
                begin = end
            at = end
        if len(data) - at > _LINE:
            self._plain = True
        else:
            data, self._rest = data[:at], data[at:]
        if data[begin:]:
            found.append((data[begin:], b""))
        return found

    def _command(self, line: bytes) -> bytes:
        """The answer to a command that is ours; of any other, how much of a value follows it."""
        words = line.split()
        if words == [b"config", b"get", b"cluster"]:
            return self._answer(b"CONFIG cluster")
        if words == [b"get", _OLD_KEY]:
            return self._answer(b"VALUE " + _OLD_KEY)
        size = b""
        if len(words) > 4 and words[0] in _STORES:
            size = words[4]
        elif len(words) > 2 and words[0] == b"ms":
            size = words[2]
        if size.isdigit() and len(size) <= _DIGITS:  # the server refuses any other, and takes no value
            self._data = int(size) + 2
        return b""

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
