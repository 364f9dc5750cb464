"""Reads events in order of time, from chunks that may overlap."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from fogbank.store.api import Reader

from .records import CHUNKS, Chunk, Group, Stream


class Place(NamedTuple):
    """The position of an event in its group. Defines the order of results, and is stored in page tokens."""

    at: int
    stream: str
    first_ms: int
    sequence: int
    nth: int


class Found(NamedTuple):
    place: Place
    ingested_ms: int
    message: str


def forward(
    tx: Reader,
    group: Group,
    stream: Stream,
    start_ms: int,
    end_ms: int,
    after: Place | None = None,
    *,
    begin: int | None = None,
    read: list[tuple[int, int]] | None = None,
) -> Iterator[Found]:
    """Yield the events of a stream with start <= time < end, oldest first, that follow `after`.

    A chunk that begins before `start` may contain later events, so reading begins earlier by the stream's longest
    chunk, or at `begin` if the caller knows better. Appends (first, last) time of each chunk that it reads to `read`.
    """
    floor = max(start_ms, after.at if after else 0)
    heap: list[Found] = []
    first = floor - stream.span_ms if begin is None else begin
    where = (group.id, stream.name)
    chunks = tx.scan(CHUNKS, where, start=(*where, first), end=(*where, end_ms))
    for chunk in chunks:
        if read is not None:
            read.append((chunk.first_ms, chunk.events[-1].at))
        while heap and heap[0].place.at < chunk.first_ms:
            yield heapq.heappop(heap)
        for found in _events(chunk):
            inside = floor <= found.place.at < end_ms
            if inside and (after is None or found.place > after):
                heapq.heappush(heap, found)
    while heap:
        yield heapq.heappop(heap)


def backward(
    tx: Reader, group: Group, stream: Stream, start_ms: int, end_ms: int, before: Place | None = None
) -> Iterator[Found]:
    """Yield the events of a stream with start <= time < end, newest first, that precede `before`."""
    heap: list[tuple[tuple[int, ...], Found]] = []
    ceiling = min(end_ms, before.at + 1) if before else end_ms
    where = (group.id, stream.name)
    chunks = tx.scan(CHUNKS, where, start=(*where, start_ms - stream.span_ms), end=(*where, ceiling), reverse=True)
    for chunk in chunks:
        # this chunk and older ones may contain events up to span_ms after this chunk's first
        while heap and -heap[0][0][0] > chunk.first_ms + stream.span_ms:
            yield heapq.heappop(heap)[1]
        for found in _events(chunk):
            place = found.place
            if start_ms <= place.at < ceiling and (before is None or place < before):
                heapq.heappush(heap, ((-place.at, -place.first_ms, -place.sequence, -place.nth), found))
    while heap:
        yield heapq.heappop(heap)[1]


def _events(chunk: Chunk) -> Iterator[Found]:
    for index, event in enumerate(chunk.events):
        place = Place(event.at, chunk.stream, chunk.first_ms, chunk.sequence, index)
        yield Found(place, chunk.ingested_ms, event.message)


def event_id(place: Place) -> str:
    """A 56-digit id that sorts in the order of the events, as AWS's ids do."""
    return f"{place.at:020d}{place.sequence:018d}{place.nth:018d}"
