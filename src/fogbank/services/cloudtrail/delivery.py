"""Delivers the new events of one region: as files in the bucket, events in the log group, and notifications.

A file is written before its delivery is recorded. So after a crash events may be delivered twice, but are never lost,
as on AWS.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.audit.recorder import EVERY
from fogbank.audit.records import ENTRIES, Entry
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Key, Reader, Transaction

from . import destinations
from .records import PROGRESS, TRAILS, LogFile, Progress, Trail
from .selectors import wants

PAGE = 500  # entries per read
FILE = 1000  # events per file
BATCH = 900_000  # bytes of one PutLogEvents, counting 26 for each event
LARGEST = 256 * 1024 - 26  # bytes of an event of CloudWatch Logs
SETTLED = 5.0  # seconds after which other nodes have written the calls they gathered
HOUR = 3600


class Place(msgspec.Struct, frozen=True):
    """A trail in one region."""

    account: str
    home: str
    name: str
    region: str

    @property
    def trail(self) -> tuple[str, str, str]:
        return self.account, self.home, self.name

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.account, self.home, self.name, self.region


async def deliver(ctx: Context, place: Place) -> bool:
    """Deliver the waiting events. Returns whether to run again: delivery was refused, or events remain."""
    await ctx.app.audit.flush()
    now = ctx.now() if ctx.app.store.embedded else ctx.now() - SETTLED
    trail, progress = await ctx.fetch(_read, place)
    if trail is None:
        return False
    since = max(progress.until_us, _us(trail.started))
    if since > _us(now):  # the clock was put back: begin with what this job was asked for
        since = _us(now - EVERY)
    until = _us(now) if trail.logging else min(_us(now), _us(trail.stopped))
    async for entries, reached in _wanted(ctx, place, trail, since, until):
        file = await _put(ctx, trail, place.region, entries)
        if file is None:
            return True
        topic = await _notify(ctx, trail, file)
        lines = await _log(ctx, trail, place.region, entries)
        await ctx.transact(_delivered, ctx, place, file, reached, topic | lines)
    await ctx.transact(_reach, place, until)
    return await ctx.fetch(_left, place, until, _us(ctx.now()))


def _us(at: float) -> int:
    return int(at * 1_000_000)


def _read(tx: Reader, place: Place) -> tuple[Trail | None, Progress]:
    return tx.get(TRAILS, place.trail), _progress(tx, place)


def _progress(tx: Reader, place: Place) -> Progress:
    return tx.get(PROGRESS, place.key) or Progress(
        account=place.account, home=place.home, name=place.name, region=place.region
    )


async def _wanted(
    ctx: Context, place: Place, trail: Trail, since: int, until: int
) -> AsyncIterator[tuple[list[Entry], int]]:
    """The events that a trail wants, one file at a time, each with the time of the next event."""
    where = (place.account, place.region)
    after: Any = None
    gathered: list[Entry] = []
    while True:
        page = await ctx.fetch(_page, where, since, until, after)
        gathered += [entry for entry in page if entry.event and wants(trail, entry)]
        if len(page) < PAGE:
            break
        after = ENTRIES.key(page[-1])
        if len(gathered) >= FILE:
            yield gathered, page[-1].at_us  # other events of the same microsecond may be delivered twice
            gathered = []
        await asyncio.sleep(0)
    if gathered:
        yield gathered, until


def _page(tx: Reader, where: tuple[str, str], since: int, until: int, after: Any) -> list[Entry]:
    return tx.page(ENTRIES, where, start=(*where, since), end=(*where, until), after=after, limit=PAGE)


def _left(tx: Reader, place: Place, until: int, now: int) -> bool:
    """Whether events remain that CloudTrail did not cause itself."""
    where = (place.account, place.region)
    found = tx.scan(ENTRIES, where, start=(*where, until), end=(*where, now), limit=PAGE)
    return any(entry.event and not entry.own for entry in found)


# -- S3 --------------------------------------------------------------------------------------------------------------


async def _put(ctx: Context, trail: Trail, region: str, entries: list[Entry]) -> LogFile | None:
    """Write a log file and return it. None if the bucket refuses it."""
    text = '{"Records":[' + ",".join(entry.event for entry in entries) + "]}"
    at = datetime.fromtimestamp(ctx.now(), UTC)
    key = (
        f"{destinations.folder(trail, 'CloudTrail')}/{region}/{at:%Y/%m/%d}/"
        f"{trail.account}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{ctx.ids.alnum(16)}.json.gz"
    )
    packed, digest = await asyncio.to_thread(_pack, text.encode())
    request = destinations.put_request(trail, key, packed, {})
    try:
        await destinations.itself(ctx, trail).call("s3", "PutObject", request)
    except ServiceError as error:
        await ctx.transact(_note, TRAILS.key(trail), {**_attempt(ctx, False), "LatestDeliveryError": error.code})
        return None
    times = [entry.at_us / 1_000_000 for entry in entries]
    return LogFile(bucket=trail.bucket, key=key, sha256=digest, oldest=min(times), newest=max(times))


def _pack(text: bytes) -> tuple[bytes, str]:
    return gzip.compress(text, mtime=0), hashlib.sha256(text).hexdigest()


def _attempt(ctx: Context, succeeded: bool) -> dict[str, Any]:
    at = stamp(ctx.now())
    return {"LatestDeliveryAttemptTime": at, "LatestDeliveryAttemptSucceeded": at if succeeded else ""}


def stamp(at: float) -> str:
    """A time in the format of GetTrailStatus's texts and of digest files."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _note(tx: Transaction, key: Key, status: dict[str, Any]) -> None:
    trail = tx.get(TRAILS, key)
    if trail is not None:
        trail.status = trail.status | status
        tx.put(TRAILS, trail)


def _delivered(tx: Transaction, ctx: Context, place: Place, file: LogFile, until: int, status: dict[str, Any]) -> None:
    """Record how far the trail was delivered, and schedule the digest file that names the new log file."""
    trail, progress = _read(tx, place)
    if trail is None:
        return
    progress.until_us = until
    if trail.validation:
        progress.files.append(file)
        due = (ctx.now() // HOUR + 1) * HOUR
        payload = {"name": place.name, "home": place.home, "end": due}
        ctx.later(tx, "cloudtrail.digest", payload, delay=due - ctx.now(), name=f"{place.home}/{place.name}")
    tx.put(PROGRESS, progress)
    at = {"LatestDeliveryTime": ctx.now(), "LatestDeliveryError": "", **_attempt(ctx, True)}
    _note(tx, place.trail, at | status)


def _reach(tx: Transaction, place: Place, until: int) -> None:
    progress = _progress(tx, place)
    if tx.get(TRAILS, place.trail) is not None and until > progress.until_us:
        progress.until_us = until
        tx.put(PROGRESS, progress)


# -- SNS and CloudWatch Logs -----------------------------------------------------------------------------------------


async def _notify(ctx: Context, trail: Trail, file: LogFile) -> dict[str, Any]:
    """Notify the topic of a file. Returns what that adds to the trail's status.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html
    """
    if not trail.topic_arn:
        return {}
    at = stamp(ctx.now())
    message = json.dumps({"s3Bucket": file.bucket, "s3ObjectKey": [file.key]}, separators=(",", ":"))
    request = {"TopicArn": trail.topic_arn, "Message": message}
    try:
        await destinations.itself(ctx, trail).call("sns", "Publish", request)
    except ServiceError as error:
        return {"LatestNotificationError": error.code, "LatestNotificationAttemptTime": at,
                "LatestNotificationAttemptSucceeded": ""}  # fmt: skip
    return {"LatestNotificationTime": ctx.now(), "LatestNotificationError": "", "LatestNotificationAttemptTime": at,
            "LatestNotificationAttemptSucceeded": at}  # fmt: skip


async def _log(ctx: Context, trail: Trail, region: str, entries: list[Entry]) -> dict[str, Any]:
    """Write the events to the log group, as the trail's role. Returns what that adds to the trail's status."""
    if not trail.group_arn:
        return {}
    where = {"logGroupName": destinations.group_name(trail), "logStreamName": destinations.stream_name(trail, region)}
    try:
        role = await destinations.assumed(ctx, trail)
        try:
            await role.call("logs", "CreateLogStream", where)
        except ServiceError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
        for batch in _batches(entries):
            await role.call("logs", "PutLogEvents", {**where, "logEvents": batch})
    except ServiceError as error:
        return {"LatestCloudWatchLogsDeliveryError": error.message or error.code}
    return {"LatestCloudWatchLogsDeliveryTime": ctx.now(), "LatestCloudWatchLogsDeliveryError": ""}


def _batches(entries: list[Entry]) -> list[list[dict[str, Any]]]:
    batches: list[list[dict[str, Any]]] = [[]]
    size = 0
    for entry in sorted(entries, key=lambda entry: entry.at_us):
        length = len(entry.event.encode()) + 26
        if length > LARGEST:
            continue  # "CloudTrail doesn't send an event that exceeds 256 KB to CloudWatch Logs"
        if size + length > BATCH and batches[-1]:
            batches.append([])
            size = 0
        batches[-1].append({"timestamp": entry.at_us // 1000, "message": entry.event})
        size += length
    return [batch for batch in batches if batch]
