"""Declaring what has to run when nobody asks: pollers, schedules, sweeps, engines.

@resident("lambda.poller")
async def keep(ctx, id): ...            # runs for as long as its row stands

ctx.reside(tx, "lambda.poller", id, generation=3)      # in the transaction that makes the thing
ctx.leave(tx, "lambda.poller", id)                     # in the one that deletes it

The room `residents` starts it, starts it again when it fails, and ends it.
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
    """Mark `async def keep(ctx, id)` as what runs for as long as a row of `kind` ("service.name") and `id` stands.

    It is cancelled when the row goes or gets another generation, when the cloud stops, and before a reset or a
    snapshot; it ends what it started before it lets the cancellation through. When it raises or returns it is started
    again: after 1, 2, 4, … 60 seconds of real time, after 1 again once it has run for a minute. Its context has the
    account and the region of the row, and acts as the service.
    """

    def mark(function: F) -> F:
        function.__fogbank__ = Resident(kind, function)  # type: ignore[attr-defined]
        return function

    return mark
