"""CreateLogStream, DeleteLogStream, DescribeLogStreams."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns
from ..errors import InvalidParameterException, ResourceAlreadyExistsException
from ..groups import group_arn, require_group, require_stream
from ..records import CHUNKS, GROUPS, STREAMS, Stream
from ..tokens import pages


@operation("logs", "CreateLogStream", resource=arns.stream)
def create_log_stream(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a stream in a group."""
    name = req["logStreamName"]
    if ":" in name or "*" in name:
        raise InvalidParameterException(
            f"1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [^:*]*"
        )
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        if tx.get(STREAMS, (group.id, name)):
            raise ResourceAlreadyExistsException("The specified log stream already exists")
        now = int(ctx.now() * 1000)
        tx.put(
            STREAMS,
            Stream(account=ctx.account, region=ctx.region, group_id=group.id, name=name, created_ms=now, span_ms=0),
        )
    return {}


@operation("logs", "DeleteLogStream", resource=arns.stream)
def delete_log_stream(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a stream and its events."""
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        stream = require_stream(tx, group, req["logStreamName"])
        for chunk in list(tx.scan(CHUNKS, (group.id, stream.name))):
            tx.delete(CHUNKS, (group.id, stream.name, chunk.first_ms, chunk.sequence))
            group.stored_bytes -= sum(len(event.message.encode()) + 26 for event in chunk.events)
        tx.delete(STREAMS, (group.id, stream.name))
        group.stored_bytes = max(group.stored_bytes, 0)
        tx.put(GROUPS, group)
    return {}


@operation("logs", "DescribeLogStreams", resource=arns.group)
def describe_log_streams(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List streams by name, or by the time of their last event (then without a prefix)."""
    by_time = req.get("orderBy") == "LastEventTime"
    prefix = req.get("logStreamNamePrefix", "")
    if by_time and prefix:
        raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
    limit, reverse = req.get("limit", 50), req.get("descending", False)
    with ctx.read() as tx:
        group = require_group(tx, ctx, req)
        scope = f"{group.id}/{by_time}/{reverse}/{prefix}"
        listed = pages(ctx, scope)
        after = listed.after(req.get("nextToken"))
        if by_time:
            place = ((group.id, after[0]), (group.id, after[1])) if after else None
            found = list(tx.scan_index(STREAMS, "last", (group.id,), reverse=reverse, after=place, limit=limit + 1))
        else:
            found = list(
                tx.scan(
                    STREAMS,
                    (group.id,),
                    start=(group.id, prefix),
                    end=(group.id, prefix + "\U0010ffff"),
                    reverse=reverse,
                    after=(group.id, after[1]) if after else None,
                    limit=limit + 1,
                )
            )
    shown, more = listed.cut(found, limit, lambda stream: (stream.last_ms, stream.name))
    return {"logStreams": [_shape(ctx, group.name, stream) for stream in shown], **more}


def _shape(ctx: Context, group: str, stream: Stream) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": f"{group_arn(ctx, group)}:log-stream:{stream.name}",
        "storedBytes": 0,  # always 0 since 2019, says API_LogStream
    }
    if stream.ingested_ms:
        shown |= {
            "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms,
            "lastIngestionTime": stream.ingested_ms,
            "uploadSequenceToken": f"{stream.sequence:056d}",
        }
    return shown
