"""Declares the operations of EC2. All of them take DryRun, and all find a region with its default VPC.

    @action("CreateSubnet", resource=access.creates(SUBNET, (VPC, "VpcId")))
    def create_subnet(ctx, req): ...

"Checks whether you have the required permissions for the action, without actually making the request":
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal

from fogbank.core.context import Context
from fogbank.core.operation import Fidelity, Resource, operation
from fogbank.network import defaults

from . import tags
from .errors import DryRunOperation

Request = dict[str, Any]
Answer = dict[str, Any]
Call = Callable[[Context, Request], Any]


def action(name: str, *, resource: Resource | Literal["*"], fidelity: Fidelity = "real") -> Callable[[Call], Call]:
    """Mark a function as an operation of EC2. A dry run ends after authorization."""

    def mark(function: Call) -> Call:
        @wraps(function)
        def call(ctx: Context, req: Request) -> Any:
            _begin(ctx, req)
            return function(ctx, req)

        @wraps(function)
        async def call_async(ctx: Context, req: Request) -> Any:
            await ctx.app.run(lambda: _begin(ctx, req))
            return await function(ctx, req)

        chosen = call_async if inspect.iscoroutinefunction(function) else call
        return operation("ec2", name, resource=resource, fidelity=fidelity)(chosen)

    return mark


def _begin(ctx: Context, req: Request) -> None:
    if req.get("DryRun"):
        raise DryRunOperation
    if not ctx.principal.via:
        tags.check_reserved(req)
    defaults.ensure(ctx)
