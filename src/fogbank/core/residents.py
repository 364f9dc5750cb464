"""Declares residents, which are background tasks: pollers, schedules, sweeps, engines.

@resident("lambda.poller")
async def keep(ctx, id): ...            # runs for as long as its row exists

ctx.reside(tx, "lambda.poller", id, generation=3)      # in the transaction that makes the thing
ctx.leave(tx, "lambda.poller", id)                     # in the transaction that deletes it

The package `residents` starts them, restarts them when they fail, and stops them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from .context import Context

F = TypeVar("F", bound=Callable[..., Any])


class Resident(msgspec.Struct, frozen=True):
    kind: str
    call: Callable[[Context, str], Awaitable[None]]


def resident(kind: str) -> Callable[[F], F]:
    """Mark `async def keep(ctx, id)` to run for as long as there is a row of `kind` ("service.name") and `id`.

    It is cancelled when its row is deleted or gets another generation, when the cloud stops, and before a reset or a
    snapshot. It must stop what it started before it lets the cancellation through. When it raises or returns, it is
    restarted after 1, 2, 4, … 60 seconds of real time, and after 1 again once it has run for a minute. Its context has
    the account and the region of the row, and acts as the service.
    """

    def mark(function: F) -> F:
        function.__fogbank__ = Resident(kind, function)  # type: ignore[attr-defined]
        return function

    return mark
