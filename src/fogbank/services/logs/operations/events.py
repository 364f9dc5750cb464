"""PutLogEvents, GetLogEvents, FilterLogEvents.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

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
from ..reading import Found, Place, backward, event_id, forward
from ..records import CHUNKS, DAY_MS, GROUPS, METRIC_FILTERS, STREAMS, SUBSCRIPTIONS, Chunk, Event, Group, Stream
from ..scanning import Scan, each
from ..tokens import pages

MAX_BATCH_BYTES = 1_048_576
MAX_EVENT_BYTES = 1_048_576 - 26
OVERHEAD = 26  # bytes counted per event
OLDEST_MS = 14 * DAY_MS
NEWEST_MS = 2 * 3600 * 1000
PAGE = 10_000
PAGE_BYTES = 1_048_576
END_OF_TIME = 1 << 62
MAX_LOOKED_AT = 1 << 26  # bytes of events that one FilterLogEvents call reads


@operation("logs", "PutLogEvents", resource=arns.stream, data_event=True)
def put_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Append a batch of events: in order of time, within a day, and up to 1 MiB including 26 bytes per event.

    Skips and reports events that are older than 14 days (or the retention) or more than 2 hours in the future.
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
            stream.span_ms = max(stream.span_ms, accepted[-1].at - accepted[0].at)
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
    """The range of accepted events (they are in order), and rejectedLogEventsInfo for the others."""
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


@operation("logs", "GetLogEvents", resource=arns.stream, data_event=True)
def get_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return events of one stream. Without a token: the newest page, or with startFromHead the oldest.

    At the end of a stream the forward token is the one in the request, which tells clients to stop.
    """
    start, end = req.get("startTime", 0), req.get("endTime", END_OF_TIME)
    limit = min(req.get("limit", PAGE), PAGE)
    token = req.get("nextToken")
    with ctx.read() as tx:
        group = require_group(tx, ctx, req)
        stream = require_stream(tx, group, req["logStreamName"])
        scope = f"{group.id}/{stream.name}"
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
    """Take up to `limit` events and about 1 MiB."""
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


@operation("logs", "FilterLogEvents", resource=arns.group, data_event=True)
async def filter_log_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return the events of a group's streams that match a pattern, in order of time.

    A call reads at most 64 MiB of events. So a page may be empty and still have a token, as the API reference says.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    pattern = req.get("filterPattern", "")
    match = patterns.compile_pattern(pattern)
    names, prefix = req.get("logStreamNames"), req.get("logStreamNamePrefix")
    if names and prefix:
        raise InvalidParameterException("logStreamNames and logStreamNamePrefix are mutually exclusive.")

    def streams(tx: Reader) -> tuple[Group, list[Stream]]:
        group = require_group(tx, ctx, req)
        return group, _streams(tx, group, names, prefix)

    group, chosen = await ctx.fetch(streams)
    scope = f"{group.id}/filter/{pattern}"
    after = _read_token(ctx, scope, req["nextToken"])[1] if req.get("nextToken") else None
    scan = Scan(group, chosen, req.get("startTime", 0), req.get("endTime", END_OF_TIME), after)
    found, last = await _matching(ctx, scan, match, min(req.get("limit", PAGE), PAGE))
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
    token = {"nextToken": _make_token(ctx, scope, "f", last)} if last else {}
    return {"events": events, "searchedLogStreams": [], **token}


async def _matching(ctx: Context, scan: Scan, match: patterns.Matcher, limit: int) -> tuple[list[Found], Place | None]:
    """Return a page of matching events, and the last place that was read if there may be more."""
    found: list[Found] = []
    last: Place | None = None
    size = looked_at = 0
    ended = False
    while not ended:
        batch, ended = await ctx.fetch(scan.batch)
        async for index, values in each(match, [event.message for event in batch]):
            event = batch[index]
            if values is not None:
                size += len(event.message) + OVERHEAD
                if found and size > PAGE_BYTES:
                    return found, last
                found.append(event)
            last = event.place
            if len(found) == limit:
                return found, last
            looked_at += len(event.message) + OVERHEAD
        if looked_at > MAX_LOOKED_AT:
            return found, last
    return found, last if size > PAGE_BYTES // 2 else None


def _streams(tx: Reader, group: Group, names: list[str] | None, prefix: str | None) -> list[Stream]:
    if names:
        return [require_stream(tx, group, name) for name in names]
    where = (group.id,)
    bounds = {"start": (group.id, prefix), "end": (group.id, prefix + "\U0010ffff")} if prefix else {}
    return list(tx.scan(STREAMS, where, **bounds))  # type: ignore[arg-type]
