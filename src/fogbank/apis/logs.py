"""Access logs and execution logs: written to CloudWatch Logs shortly after the request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fogbank.core import arns
from fogbank.core.cache import Cache
from fogbank.core.context import Cloud, Context
from fogbank.core.errors import ServiceError
from fogbank.store.api import Conflict, Reader, StoreError

from .accounts import ACCOUNTS, CHANGED
from .acting import as_role
from .failures import GatewayError

log = logging.getLogger("fogbank.apigateway")
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)")
DELAY = 0.05  # seconds between a request and the writing of its lines
EXISTS, MISSING = "ResourceAlreadyExistsException", "ResourceNotFoundException"
EXECUTION = "API-Gateway-Execution-Logs_"
BATCH_EVENTS, BATCH_BYTES, EVENT_BYTES = 10_000, 1_048_576, 26
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""


Place = tuple[str, str, str, str]  # account, region, group, stream
Writer = Callable[[Context], Awaitable[Context | None]]  # gives the context that writes; None: nobody may


class Logs:
    """A buffer of log lines. As on AWS, logs are best effort: a killed process loses the lines in this buffer.

    One writer runs at a time. It drops lines that it cannot write, and logs a warning with their number.
    """

    def __init__(self, app: Cloud) -> None:
        self._waiting: dict[Place, tuple[Context, Writer, list[dict[str, Any]]]] = {}
        self._made: set[Place] = set()
        self._roles: Cache[tuple[str, str], str] = Cache(app, CHANGED)
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        for kept in (self._waiting, self._made):
            app.signals.on("reset", kept.clear)
        app.on_stop(self.close)

    def add(self, ctx: Context, group: str, stream: str, lines: list[str], writer: Writer | None = None) -> None:
        """Buffer lines, and schedule the writer, which is the account's role unless another one is given."""
        place = (ctx.account, ctx.region, group, stream)
        events = self._waiting.setdefault(place, (ctx, writer or self._as_account_role, []))[2]
        events += [{"timestamp": int(ctx.now() * 1000), "message": line} for line in lines]
        if self._timer is None:  # in real time: the delay only serves batching, AWS's behaviour does not depend on it
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._writing is None:  # a running writer also writes these lines before it ends
            self._writing = asyncio.ensure_future(self.flush())
            self._writing.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._writing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("API Gateway's log lines were lost", exc_info=error)
            if self._waiting:  # lines of other streams
                self._begin()

    async def close(self) -> None:
        """Write all buffered lines before the cloud stops."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await asyncio.wait({self._writing})
        await self.flush()

    async def flush(self) -> None:
        """Write the buffered lines, and those that are added meanwhile."""
        while self._waiting:
            place = next(iter(self._waiting))
            ctx, writer, events = self._waiting.pop(place)
            try:
                await self._write(await writer(ctx), place, events)
            except (ServiceError, GatewayError, Conflict, StoreError) as error:
                log.warning("API Gateway could not log %d lines to %s: %s", len(events), place[2], error)

    async def _write(self, writer: Context | None, place: Place, events: list[dict[str, Any]]) -> None:
        if writer is None:
            return
        for batch in _batches(events):
            request = {"logGroupName": place[2], "logStreamName": place[3], "logEvents": batch}
            await self._make(writer, place)
            try:
                await writer.call("logs", "PutLogEvents", request)
            except ServiceError as error:
                if error.code != MISSING:
                    raise
                self._made.discard(place)  # somebody deleted the stream
                await self._make(writer, place)
                await writer.call("logs", "PutLogEvents", request)

    async def _make(self, writer: Context, place: Place) -> None:
        """Create the stream, and the group if it is one of execution logs. Users create access logs' groups."""
        if place in self._made:
            return
        if place[2].startswith(EXECUTION):
            await _once(writer, "CreateLogGroup", {"logGroupName": place[2]})
        await _once(writer, "CreateLogStream", {"logGroupName": place[2], "logStreamName": place[3]})
        self._made.add(place)

    async def _as_account_role(self, ctx: Context) -> Context | None:
        key = (ctx.account, ctx.region)
        found = self._roles.get(key)
        if found is None:
            found = await self._roles.fill(key, ctx.fetch(_log_role, key))
        return await as_role(ctx, found, region=ctx.region) if found else None


def _log_role(tx: Reader, key: tuple[str, str]) -> str:
    record = tx.get(ACCOUNTS, key)
    return (record.shape.get("cloudwatchRoleArn") or "") if record else ""


async def _once(ctx: Context, operation: str, request: dict[str, Any]) -> None:
    try:
        await ctx.call("logs", operation, request)
    except ServiceError as error:
        if error.code != EXISTS:
            raise


def _batches(events: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Split events into batches within the limits of PutLogEvents."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        more = len(event["message"].encode()) + EVENT_BYTES
        if batch and (len(batch) >= BATCH_EVENTS or size + more > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += more
    yield batch


def stream_of(api: str, stage: str) -> str:
    return hashlib.md5(f"{api}/{stage}".encode(), usedforsecurity=False).hexdigest()


def group_of(destination: str) -> str:
    """The log group in the ARN of an access log's destination; empty for others (Firehose)."""
    return (
        arns.parse(destination).resource.removeprefix("log-group:").removesuffix(":*")
        if ":logs:" in destination
        else ""
    )


def line_of(form: str, context: dict[str, Any]) -> str:
    """Substitute the $context variables of an access log's format; `-` for those without a value."""

    def value(match: re.Match[str]) -> str:
        found: Any = context
        for name in match[1].split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return "-" if found is None or isinstance(found, dict) else str(found)

    return _VARIABLE.sub(value, form)
