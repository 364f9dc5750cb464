"""Matches patterns against many messages in slices, yielding to the event loop in between."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from fogbank.store.api import Reader

from .patterns import Matcher
from .reading import Found, Place, forward
from .records import Group, Stream

SLICE = 1 << 15  # bytes to match before yielding to the event loop
LONG = 1 << 14  # bytes; longer messages are matched in a thread
OVERHEAD = 200  # the fixed cost of a message, in bytes
BATCH = 1 << 20  # bytes of events to read at a time


async def each(match: Matcher, messages: Iterable[str]) -> AsyncIterator[tuple[int, dict[str, Any] | None]]:
    """Yield the index of each message with the matcher's result, in order."""
    spent = 0
    for index, message in enumerate(messages):
        if len(message) > LONG:
            yield index, await asyncio.to_thread(match, message)
            continue
        spent += len(message) + OVERHEAD
        if spent > SLICE:
            spent = 0
            await asyncio.sleep(0)
        yield index, match(message)


class Scan:
    """Reads the events of several streams in order of time, in batches. Each batch is a transaction of its own."""

    def __init__(
        self, group: Group, streams: Sequence[Stream], start_ms: int, end_ms: int, after: Place | None
    ) -> None:
        self._group, self._streams = group, streams
        self._start, self._end = start_ms, end_ms
        self._after = after
        self._begin: dict[str, int] = {}  # stream → first_ms of its earliest chunk with events still to be read

    def batch(self, tx: Reader) -> tuple[list[Found], bool]:
        """Read the next events. Returns them, and whether they are the last."""
        read: dict[str, list[tuple[int, int]]] = {stream.name: [] for stream in self._streams}
        merged = heapq.merge(*(
            forward(tx, self._group, stream, self._start, self._end, self._after, begin=self._begin.get(stream.name),
                    read=read[stream.name])
            for stream in self._streams
        ))  # fmt: skip
        found, size = [], 0
        for event in merged:
            found.append(event)
            size += len(event.message) + OVERHEAD
            if size > BATCH:
                break
        else:
            return found, True
        self._after = found[-1].place
        for name, chunks in read.items():
            if chunks:
                left = [first for first, last in chunks if last >= self._after.at]
                self._begin[name] = min(left, default=chunks[-1][0])
        return found, False
