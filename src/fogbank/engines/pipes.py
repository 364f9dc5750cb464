"""The output of children: pipes read on the event loop, split into lines or into Lambda telemetry frames."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Callable
from typing import Protocol

CHUNK = 65536
FRAME = struct.Struct(">IIQ")  # type, length of the message, microseconds since the epoch (0: unknown)
FRAME_TYPE = 0xA55A0003
MAGIC = FRAME_TYPE.to_bytes(4, "big")


class Splitter(Protocol):
    def feed(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class Lines:
    """Splits bytes into lines of text without newlines. Cuts a line longer than `limit` bytes into pieces."""

    def __init__(self, sink: Callable[[str], None], limit: int = 262144 - 26) -> None:
        self._sink, self._limit = sink, limit
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._emit(line)
        while len(self._rest) > self._limit:
            head, self._rest = self._rest[: self._limit], self._rest[self._limit :]
            self._emit(head)

    def finish(self) -> None:
        if self._rest:
            rest, self._rest = self._rest, b""
            self._emit(rest)

    def _emit(self, line: bytes) -> None:
        for start in range(0, max(len(line), 1), self._limit):
            self._sink(line[start : start + self._limit].decode("utf-8", "replace"))


class Events:
    """Splits a stream of lines mixed with framed messages, in order. A framed message may contain newlines.

    A frame is a header of type, length and time, and the message. Its type begins with bytes that cannot occur in
    UTF-8.
    """

    def __init__(self, sink: Callable[[str], None], limit: int = 262144 - 26) -> None:
        self._sink = sink
        self._lines = Lines(sink, limit)
        self._rest = b""

    def feed(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        while data:
            at = data.find(MAGIC)
            if at < 0:
                keep = next((n for n in (3, 2, 1) if data.endswith(MAGIC[:n])), 0)
                self._lines.feed(data[: len(data) - keep])
                self._rest = data[len(data) - keep :]
                return
            if at:
                self._lines.feed(data[:at])
                data = data[at:]
            if len(data) < FRAME.size or len(data) < FRAME.size + FRAME.unpack_from(data)[1]:
                self._rest = data
                return
            self._lines.finish()
            end = FRAME.size + FRAME.unpack_from(data)[1]
            self._sink(data[FRAME.size : end].decode("utf-8", "replace"))
            data = data[end:]
        self._rest = b""

    def finish(self) -> None:
        self._lines.feed(self._rest)
        self._rest = b""
        self._lines.finish()


class Pipe:
    """The reading end of a child's output. `inner` is the end for the child; close it once the child is spawned."""

    def __init__(self, splitter: Splitter) -> None:
        self._splitter = splitter
        self._outer, self.inner = os.pipe()
        os.set_blocking(self._outer, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._outer, self._readable)
        self._open = True

    def _readable(self) -> None:
        """Read one chunk per turn, so that a child with much output does not block the loop."""
        try:
            data = os.read(self._outer, CHUNK)
        except BlockingIOError:
            return
        if data:
            self._splitter.feed(data)
        else:
            self.close()

    def drain(self, most: int = 64) -> None:
        """Read all output written so far (at most `most` chunks), at once."""
        for _ in range(most):
            if not self._open:
                return
            try:
                data = os.read(self._outer, CHUNK)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self._splitter.feed(data)

    def close_inner(self) -> None:
        if self.inner >= 0:
            os.close(self.inner)
            self.inner = -1

    def close(self) -> None:
        self.close_inner()
        if self._open:
            self._open = False
            with contextlib.suppress(RuntimeError):  # the loop may be closed already
                self._loop.remove_reader(self._outer)
            os.close(self._outer)
            self._splitter.finish()
