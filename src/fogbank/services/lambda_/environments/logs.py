"""Sends an environment's log to CloudWatch Logs: in batches, in the background, as the execution role.

A role without permissions logs nothing, as on AWS. Log events may be lost, since they are not acknowledged data.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fogbank.core.errors import ServiceError

log = logging.getLogger("fogbank.lambda")

Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
PAUSE = 0.05  # seconds that events wait, so that they form a batch
BATCH = 1000  # events; PutLogEvents accepts 10,000
BATCH_BYTES = 1_000_000
OVERHEAD = 26  # bytes that CloudWatch Logs counts for each event
BACKLOG = 100_000  # events that are kept while CloudWatch Logs is slow; beyond it the oldest are dropped


class LogStream:
    """The log stream of an environment. `call(operation, request)` calls CloudWatch Logs as the execution role."""

    def __init__(self, group: str, name: str, call: Call) -> None:
        self.group, self.name = group, name
        self._call = call
        self._pending: list[tuple[int, str]] = []
        self._task: asyncio.Task[None] | None = None
        self._created = False
        self._refused = False

    def write(self, timestamp_ms: int, message: str) -> None:
        if self._refused:
            return
        self._pending.append((timestamp_ms, message))
        if len(self._pending) > BACKLOG:
            del self._pending[: BACKLOG // 10]
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    @property
    def busy(self) -> bool:
        """Whether events are still to be sent."""
        return self._task is not None

    async def flush(self) -> None:
        """Waits until everything written so far has been sent or refused."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            await asyncio.sleep(PAUSE)
            while self._pending and not self._refused:
                await self._send(self._take())
        except ServiceError as error:
            self._refused = error.code_for("json") in ("AccessDeniedException", "NotImplemented")
            log.info("log stream %s %s: %s", self.group, self.name, error)
        finally:
            self._task = None

    def _take(self) -> list[dict[str, Any]]:
        """Removes and returns the next batch, in order of time and within PutLogEvents' limits."""
        size = 0
        events: list[dict[str, Any]] = []
        for timestamp, message in self._pending[:BATCH]:
            size += len(message.encode("utf-8", "replace")) + OVERHEAD
            if events and size > BATCH_BYTES:
                break
            events.append({"timestamp": timestamp, "message": message or " "})
        del self._pending[: len(events)]
        events.sort(key=lambda event: event["timestamp"])
        return events

    async def _send(self, events: list[dict[str, Any]]) -> None:
        names = {"logGroupName": self.group, "logStreamName": self.name}
        if not self._created:
            await self._create(names)
        try:
            await self._call("PutLogEvents", {**names, "logEvents": events})
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            await self._create(names)  # the log group or stream was deleted meanwhile
            await self._call("PutLogEvents", {**names, "logEvents": events})

    async def _create(self, names: dict[str, str]) -> None:
        try:
            await self._create_stream(names)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            try:
                await self._call("CreateLogGroup", {"logGroupName": self.group})
            except ServiceError as problem:
                if problem.code != "ResourceAlreadyExistsException":
                    raise
            await self._create_stream(names)
        self._created = True

    async def _create_stream(self, names: dict[str, str]) -> None:
        try:
            await self._call("CreateLogStream", names)
        except ServiceError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
