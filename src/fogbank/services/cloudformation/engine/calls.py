"""Calls resource handlers: retries throttled calls, cancels them when the run stops, turns errors into reasons."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fogbank.core.cfn import ResourceFailed
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, Throttling

from .failures import reason_of

log = logging.getLogger("fogbank.cloudformation")
T = TypeVar("T")
TRIES = 6


class Cancelled(Exception):
    """Raised when the run stopped while this resource's handler was still waiting."""


class Failed(Exception):
    """Raised when a handler failed; the text is the reason in the stack event."""


async def attempt(
    ctx: Context, call: Callable[[], Awaitable[T]], kind: str, logical_id: str, stop: asyncio.Event | None
) -> T:
    """The result of `call()`. Raises Failed, or Cancelled when `stop` was set meanwhile."""
    try:
        return await _race(_patient(ctx, call), stop)
    except (ServiceError, ResourceFailed, KeyError) as error:
        if isinstance(error, KeyError):
            log.warning("%s %s: a property is missing", kind, logical_id, exc_info=error)
        raise Failed(reason_of(ctx, error, kind, logical_id)) from error
    except Cancelled:
        raise
    except Exception as error:  # a bug in one type's handler must not end the run of the whole stack
        log.error("%s %s failed", kind, logical_id, exc_info=error)
        raise Failed(reason_of(ctx, error, kind, logical_id)) from error


async def _patient(ctx: Context, call: Callable[[], Awaitable[T]]) -> T:
    for tried in range(1, TRIES):
        try:
            return await call()
        except ServiceError as error:
            if not (isinstance(error, Throttling) or "Throttl" in error.code):
                raise
            await ctx.clock.sleep(2.0**tried / 4)
    return await call()


async def _race(work: Awaitable[T], stop: asyncio.Event | None) -> T:
    if stop is None:
        return await work
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Cancelled
    finally:
        stopped.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
