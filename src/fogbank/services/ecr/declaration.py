"""Declares operations that both APIs have, from one function.

check_private, check_public = both("BatchCheckLayerAvailability", __name__, _check)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Resource, operation

from . import find

Call = Callable[[Context, dict[str, Any]], Any]


def both(name: str, module: str, call: Call, resource: Resource = find.repository) -> tuple[Call, Call]:
    """The operation of the private and of the public API; to be kept under names of the `module`."""
    return _declared("ecr", name, module, call, resource), _declared("ecr-public", name, module, call, resource)


def _declared(service: str, name: str, module: str, call: Call, resource: Resource) -> Call:
    made: Call
    if inspect.iscoroutinefunction(call):

        async def waiting(ctx: Context, req: dict[str, Any]) -> Any:
            return await call(ctx, req)

        made = waiting
    else:

        def plain(ctx: Context, req: dict[str, Any]) -> Any:
            return call(ctx, req)

        made = plain
    made.__module__, made.__name__, made.__qualname__, made.__doc__ = module, name, name, call.__doc__
    return operation(service, name, resource=resource)(made)
