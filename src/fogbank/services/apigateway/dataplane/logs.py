"""Access logs and execution logs: written to CloudWatch Logs as the account's role, shortly after the request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Iterator
from typing import Any

from fogbank.core import arns
from fogbank.core.cache import Cache
from fogbank.core.context import Cloud, Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.store.api import Conflict, Reader, StoreError

from ..records import ACCOUNTS, CHANGED
from .answers import GatewayError
from .exchange import Exchange
from .lambda_proxy import as_role

log = logging.getLogger("fogbank.apigateway")
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)")
DELAY = 0.05  # seconds between a request and the writing of its lines
EXISTS, MISSING = "ResourceAlreadyExistsException", "ResourceNotFoundException"
EXECUTION = "API-Gateway-Execution-Logs_"
BATCH_EVENTS, BATCH_BYTES, EVENT_BYTES = 10_000, 1_048_576, 26
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""


Place = tuple[str, str, str, str]  # account, region, group, stream


class Logs:
    """A buffer of log lines. As on AWS, logs are best effort: a killed process loses the lines in this buffer.

    One writer runs at a time. It drops lines that it cannot write, and logs a warning with their number.
    """

    def __init__(self, app: Cloud) -> None:
        self._waiting: dict[Place, tuple[Context, list[dict[str, Any]]]] = {}
        self._made: set[Place] = set()
        self._roles: Cache[tuple[str, str], str] = Cache(app, CHANGED)
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        for kept in (self._waiting, self._made):
            app.signals.on("reset", kept.clear)
        app.on_stop(self.close)

    def add(self, ctx: Context, group: str, stream: str, lines: list[str]) -> None:
        """Buffer lines, and schedule the writer."""
        place = (ctx.account, ctx.region, group, stream)
        events = self._waiting.setdefault(place, (ctx, []))[1]
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
            ctx, events = self._waiting.pop(place)
            try:
                await self._write(ctx, place, events)
            except (ServiceError, GatewayError, Conflict, StoreError) as error:
                log.warning("API Gateway could not log %d lines to %s: %s", len(events), place[2], error)

    async def _write(self, ctx: Context, place: Place, events: list[dict[str, Any]]) -> None:
        role = await self._role(ctx)
        if not role:
            return
        writer = await as_role(ctx, role, region=place[1])
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

    async def _role(self, ctx: Context) -> str:
        key = (ctx.account, ctx.region)
        if key in self._roles:
            return self._roles[key]
        return await self._roles.fill(key, ctx.fetch(_log_role, key))


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


def stream_of(exchange: Exchange) -> str:
    return hashlib.md5(f"{exchange.running.api}/{exchange.running.stage}".encode(), usedforsecurity=False).hexdigest()


def write(exchange: Exchange, response: Response, seconds: float) -> None:
    """Log a request, to the logs that its stage has enabled."""
    running = exchange.running
    access = running.shape.get("accessLogSettings") or {}
    destination = access.get("destinationArn") or ""
    if access.get("format") and ":logs:" in destination:
        group = arns.parse(destination).resource.removeprefix("log-group:").removesuffix(":*")
        line = access_line(exchange, response, seconds, access["format"])
        exchange.app.local(Logs).add(exchange.ctx, group, stream_of(exchange), [line])
    level = running.setting(exchange.route, "loggingLevel") if exchange.route else None
    if level == "INFO" or (level == "ERROR" and response.status >= 400):
        group = f"{EXECUTION}{running.api}/{running.stage}"
        lines = execution_lines(exchange, response, seconds)
        exchange.app.local(Logs).add(exchange.ctx, group, stream_of(exchange), lines)


def access_line(exchange: Exchange, response: Response, seconds: float, form: str) -> str:
    """Substitute the $context variables of the access log's format; `-` for those without a value."""
    context = exchange.context()
    length = len(response.body) if isinstance(response.body, bytes) else 0
    integration = int(exchange.integration_seconds * 1000)
    context |= {
        "status": response.status,
        "responseLength": length,
        "responseLatency": int(seconds * 1000),
        "integrationLatency": integration or None,
        "integration": {"latency": integration or None, "status": exchange.integration_status or None},
        "integrationStatus": exchange.integration_status or None,
        "error": {
            "message": exchange.error[0] or None,
            "messageString": f'"{exchange.error[0]}"' if exchange.error[0] else None,
            "responseType": exchange.error[1] or None,
        },
    }

    def value(match: re.Match[str]) -> str:
        found: Any = context
        for name in match[1].split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return "-" if found is None or isinstance(found, dict) else str(found)

    return _VARIABLE.sub(value, form)


def execution_lines(exchange: Exchange, response: Response, seconds: float) -> list[str]:
    """The lines of a request in the execution log."""
    ident, request = exchange.ctx.request_id, exchange.request
    lines = [
        f"Extended Request Id: {exchange.extended_id}",
        f"Starting execution for request: {ident}",
        f"HTTP Method: {request.method}, Resource Path: {exchange.path}",
    ]
    if exchange.failure:
        lines.append(exchange.failure)
    elif exchange.integration_seconds:
        lines.append(f"Received response. Integration latency: {int(exchange.integration_seconds * 1000)} ms")
    if exchange.error[1]:
        lines.append(f"Gateway response type: {exchange.error[1]} with status code: {response.status}")
    else:
        lines.append("Successfully completed execution")
    lines.append(f"Method completed with status: {response.status}")
    lines.append(f"AWS Integration Endpoint RequestId : {ident}")
    return [f"({ident}) {line}" for line in lines]
