"""LookupEvents: management events of the last 90 days in this region, newest first.

AWS answers two of these requests per second, account and region; Fogbank does not enforce that limit. As on AWS, an
event appears a moment after its call.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from fogbank.audit.names import resource_name
from fogbank.audit.recorder import DAYS
from fogbank.audit.records import ENTRIES, Entry
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from ..errors import (
    InvalidLookupAttributesException,
    InvalidMaxResultsException,
    InvalidNextTokenException,
    InvalidTimeRangeException,
)

MOST = 50
SLICE = 500  # entries per read


def _seconds(at: Any, default: float) -> float:
    if at is None:
        return default
    return at.timestamp() if isinstance(at, datetime) else float(at)


@operation("cloudtrail", "LookupEvents", resource="*")
async def lookup_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Find events by at most one attribute: "list can contain only one item"."""
    attributes = req.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise InvalidLookupAttributesException("You can only specify one lookup attribute.")
    limit = req.get("MaxResults") or MOST
    if not 1 <= limit <= MOST:
        raise InvalidMaxResultsException(f"MaxResults must be between 1 and {MOST}.")
    now = ctx.now()
    since = max(_seconds(req.get("StartTime"), 0.0), now - DAYS * 86400)
    until = _seconds(req.get("EndTime"), now + 1)
    if req.get("StartTime") and req.get("EndTime") and _seconds(req["StartTime"], 0) > until:
        raise InvalidTimeRangeException("The start time must be before the end time.")
    if req.get("EventCategory"):
        return {"Events": []}  # insights
    scope = f"{ctx.account}/{ctx.region}/{attributes}"
    pages = Pages(ctx, InvalidNextTokenException, scope)
    after = pages.key((ctx.account, ctx.region), None)
    if token := pages.after(req.get("NextToken")):
        after = (ctx.account, ctx.region, *token)
    found = await _find(ctx, attributes, int(since * 1_000_000), int((until + 1) // 1 * 1_000_000), after, limit + 1)
    shown, more = pages.cut(found, limit, lambda entry: (entry.at_us, entry.id))
    return {"Events": [_shape(entry) for entry in shown], **more}


async def _find(
    ctx: Context, attributes: list[dict[str, str]], since: int, until: int, after: Any, limit: int
) -> list[Entry]:
    where = (ctx.account, ctx.region)
    found: list[Entry] = []
    while True:
        page = await ctx.fetch(_page, where, since, until, after)
        found += [entry for entry in page if entry.event and not entry.data and _matches(entry, attributes)]
        if len(page) < SLICE or len(found) >= limit:
            return found[:limit]
        after = ENTRIES.key(page[-1])
        await asyncio.sleep(0)


def _page(tx: Reader, where: tuple[str, str], since: int, until: int, after: Any) -> list[Entry]:
    return tx.page(ENTRIES, where, start=(*where, since), end=(*where, until), after=after, reverse=True, limit=SLICE)


def _matches(entry: Entry, attributes: list[dict[str, str]]) -> bool:
    return all(attribute["AttributeValue"] in _values(entry, attribute["AttributeKey"]) for attribute in attributes)


def _values(entry: Entry, key: str) -> list[str]:
    match key:
        case "EventId":
            return [entry.id]
        case "EventName":
            return [entry.name]
        case "ReadOnly":
            return [str(entry.read_only).lower()]
        case "Username":
            return [entry.username]
        case "ResourceType":
            return [kind for kind, _ in entry.resources]
        case "ResourceName":
            return [name for _, arn in entry.resources for name in (resource_name(arn), arn)]
        case "EventSource":
            return [entry.source]
        case "AccessKeyId":
            return [entry.access_key]
    raise InvalidLookupAttributesException(f"{key} is not a lookup attribute.")


def _shape(entry: Entry) -> dict[str, Any]:
    return {
        "EventId": entry.id,
        "EventName": entry.name,
        "ReadOnly": str(entry.read_only).lower(),
        "AccessKeyId": entry.access_key or None,
        "EventTime": entry.at_us // 1_000_000,
        "EventSource": entry.source,
        "Username": entry.username or None,
        "Resources": [
            {"ResourceType": kind, "ResourceName": resource_name(arn)} for kind, arn in entry.resources if kind
        ],
        "CloudTrailEvent": entry.event,
    }
