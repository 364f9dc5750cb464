"""PutLogEvents, GetLogEvents, FilterLogEvents.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, patterns
from ..embedded import MARK
from ..errors import InvalidParameterException
from ..groups import require_group, require_stream
from ..reading import DAY_MS, Found, Place, backward, event_id, forward
from ..records import CHUNKS, GROUPS, METRIC_FILTERS, STREAMS, SUBSCRIPTIONS, Chunk, Event, Group
from ..tokens import pages

MAX_BATCH_BYTES = 1_048_576
MAX_EVENT_BYTES = 1_048_576 - 26
OVERHEAD = 26  # bytes counted per event
OLDEST_MS = 14 * DAY_MS
NEWEST_MS = 2 * 3600 * 1000
PAGE = 10_000
PAGE_BYTES = 1_048_576
END_OF_TIME = 1 << 62


@operation("logs", "PutLogEvents", resource=arns.stream)
def put_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Append a batch: in order of time, within a day, up to 1 MiB counting 26 bytes per event.

    Events older than 14 days (or the retention) and more than 2 hours ahead are left out and reported.
    """
    events = req["logEvents"]
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > DAY_MS:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    sizes = [len(event["message"].encode()) for event in events]
    if max(sizes) > MAX_EVENT_BYTES:
        raise InvalidParameterException(f"Log event too large: {max(sizes) + OVERHEAD} bytes exceeds limit of 1048576")
    if sum(sizes) + OVERHEAD * len(sizes) > MAX_BATCH_BYTES:
        raise InvalidParameterException(
            f"Upload too large: {sum(sizes) + OVERHEAD * len(sizes)} bytes exceeds limit of {MAX_BATCH_BYTES}"
        )
    now = int(ctx.now() * 1000)
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        stream = require_stream(tx, group, req["logStreamName"])
        kept, rejected = _sift(group, times, now)
        if kept:
            accepted = [Event(events[i]["timestamp"], events[i]["message"]) for i in kept]
            chunk = Chunk(
                group_id=group.id,
                stream=stream.name,
                first_ms=accepted[0].at,
                sequence=stream.sequence,
                ingested_ms=now,
                events=accepted,
            )
            tx.put(CHUNKS, chunk)
            stream.sequence += 1
            stream.first_ms = min(stream.first_ms or accepted[0].at, accepted[0].at)
            stream.last_ms = max(stream.last_ms, accepted[-1].at)
            stream.ingested_ms = now
            tx.put(STREAMS, stream)
            group.stored_bytes += sum(sizes[i] + OVERHEAD for i in kept)
            tx.put(GROUPS, group)
            where = (ctx.account, ctx.region, group.name)
            follow = {"group": group.name, "id": group.id, "place": [chunk.stream, chunk.first_ms, chunk.sequence]}
            carries = group.log_class == "STANDARD" and any(MARK in event.message for event in accepted)
            if carries or tx.count(METRIC_FILTERS, where):
                ctx.later(tx, "logs.metrics", {**follow, "embedded": carries})
            if tx.count(SUBSCRIPTIONS, where):
                ctx.later(tx, "logs.filters", follow)
            tx.signal(f"logs/{group.id}")
    answer: dict[str, Any] = {"nextSequenceToken": f"{stream.sequence:056d}"}
    return answer | ({"rejectedLogEventsInfo": rejected} if rejected else {})


def _sift(group: Group, times: list[int], now: int) -> tuple[range, dict[str, int]]:
    """Which events are taken (a range, since they are in order), and what is said of the others."""
    first, end = 0, len(times)
    rejected = {}
    horizon = now - group.retention_days * DAY_MS if group.retention_days else 0
    expired = sum(1 for at in times if at < horizon)
    old = sum(1 for at in times if at < now - OLDEST_MS)
    if expired and expired > old:
        rejected["expiredLogEventEndIndex"] = first = expired
    if old:
        rejected["tooOldLogEventEndIndex"] = old
        first = max(first, old)
    new = sum(1 for at in times if at > now + NEWEST_MS)
    if new:
        rejected["tooNewLogEventStartIndex"] = end = len(times) - new
    return range(first, max(end, first)), rejected


@operation("logs", "GetLogEvents", resource=arns.stream)
def get_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Events of one stream. Without a token the newest page, or the oldest with startFromHead.

    At the end of a stream the forward token is the one that was sent: that is how a reader knows.
    """
    start, end = req.get("startTime", 0), req.get("endTime", END_OF_TIME)
    limit = min(req.get("limit", PAGE), PAGE)
    token = req.get("nextToken")
    with ctx.read() as tx:
        group = require_group(tx, ctx, req)
        stream = require_stream(tx, group, req["logStreamName"]).name
        scope = f"{group.id}/{stream}"
        if token:
            direction, place = _read_token(ctx, scope, token)
        else:
            direction, place = ("f" if req.get("startFromHead") else "b"), None
        if direction == "f":
            found = _page(forward(tx, group, stream, start, end, place), limit)
        else:
            found = _page(backward(tx, group, stream, start, end, place), limit)[::-1]
    events = [{"timestamp": f.place.at, "message": f.message, "ingestionTime": f.ingested_ms} for f in found]
    if found:
        forward_token = _make_token(ctx, scope, "f", found[-1].place)
        backward_token = _make_token(ctx, scope, "b", found[0].place)
    else:
        forward_token = _make_token(ctx, scope, "f", place)
        backward_token = _make_token(ctx, scope, "b", place)
    return {"events": events, "nextForwardToken": forward_token, "nextBackwardToken": backward_token}


def _page(events: Iterator[Found], limit: int) -> list[Found]:
    """Up to `limit` events and about 1 MiB."""
    page: list[Found] = []
    size = 0
    for found in islice(events, limit):
        size += len(found.message) + OVERHEAD
        if page and size > PAGE_BYTES:
            break
        page.append(found)
    return page


def _make_token(ctx: Context, scope: str, direction: str, place: Place | None) -> str:
    return f"{direction}/{pages(ctx, scope + direction).seal(place)}"


def _read_token(ctx: Context, scope: str, token: str) -> tuple[str, Place | None]:
    direction, _, sealed = token.partition("/")
    state = pages(ctx, scope + direction).open(sealed)
    return direction, Place(*state) if state else None


@operation("logs", "FilterLogEvents", resource=arns.group)
def filter_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Events of a group's streams that match a pattern, interleaved by time."""
    start, end = req.get("startTime", 0), req.get("endTime", END_OF_TIME)
    limit = min(req.get("limit", PAGE), PAGE)
    match = patterns.compile_pattern(req.get("filterPattern", ""))
    names, prefix = req.get("logStreamNames"), req.get("logStreamNamePrefix")
    if names and prefix:
        raise InvalidParameterException("logStreamNames and logStreamNamePrefix are mutually exclusive.")
    with ctx.read() as tx:
        group = require_group(tx, ctx, req)
        scope = f"{group.id}/filter/{req.get('filterPattern', '')}"
        after = None
        if req.get("nextToken"):
            after = _read_token(ctx, scope, req["nextToken"])[1]
        streams = _streams(tx, group, names, prefix)
        merged = heapq.merge(*(forward(tx, group, name, start, end) for name in streams))
        found = _page((f for f in merged if (after is None or f.place > after) and match(f.message) is not None), limit)
        more = len(found) == limit or sum(len(f.message) for f in found) > PAGE_BYTES // 2
    events = [
        {
            "logStreamName": f.place.stream,
            "timestamp": f.place.at,
            "message": f.message,
            "ingestionTime": f.ingested_ms,
            "eventId": event_id(f.place),
        }
        for f in found
    ]
    token = {"nextToken": _make_token(ctx, scope, "f", found[-1].place)} if more and found else {}
    return {"events": events, "searchedLogStreams": [], **token}


def _streams(tx: Reader, group: Group, names: list[str] | None, prefix: str | None) -> list[str]:
    if names:
        return [require_stream(tx, group, name).name for name in names]
    where = (group.id,)
    bounds = {"start": (group.id, prefix), "end": (group.id, prefix + "\U0010ffff")} if prefix else {}
    return [stream.name for stream in tx.scan(STREAMS, where, **bounds)]  # type: ignore[arg-type]
