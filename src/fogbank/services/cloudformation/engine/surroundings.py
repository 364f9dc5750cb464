"""Gives CloudFormation's own resource types more than the contract of core.cfn: the stack that they belong to.

Before each call, a handler with a method `bind(surroundings)` is replaced by the handler that `bind` returns. Such
handlers wait for something outside (a function's answer, signals, a nested stack), so they are cancelled when the run
stops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.cfn import Handler
from fogbank.core.context import Context

from ..records import Revision, Stack


class Surroundings(msgspec.Struct):
    """The stack and declaration that a handler is called for. `own`: CloudFormation's context, as the caller."""

    own: Context
    stack: Stack
    revision: Revision
    logical_id: str
    type: str
    declared: dict[str, Any]


def bound(handler: Handler, surroundings: Surroundings) -> Handler:
    bind: Callable[[Surroundings], Handler] | None = getattr(handler, "bind", None)
    return handler if bind is None else bind(surroundings)


def waits(handler: Handler) -> bool:
    return hasattr(handler, "bind")
