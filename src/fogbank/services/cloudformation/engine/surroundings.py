"""What CloudFormation's own resource types know beyond the contract of core.cfn: the stack they stand in.

A handler with a method `bind(surroundings)` is asked for one bound to its place before each call. Such handlers wait
for something outside (a function's answer, signals, a nested stack), so they are cut short when the run is stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.core.cfn import Handler
from fogbank.core.context import Context

from ..records import Revision, Stack


class Surroundings(msgspec.Struct):
    """`own` is CloudFormation's context (its store, the caller's principal)."""

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
