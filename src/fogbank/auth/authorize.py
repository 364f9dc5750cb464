"""May they: first thin version, roots only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.context import Cloud, Context
from fogbank.core.errors import AccessDenied
from fogbank.core.operation import Operation, ResourcePolicy


class Authorizer:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def authorize(
        self,
        ctx: Context,
        operation: Operation,
        request: dict[str, Any],
        resource_policy_of: Callable[[str], ResourcePolicy | None],
    ) -> None:
        if operation.resource is not None:
            operation.resource(ctx, request)
        if ctx.principal.kind not in ("root", "service"):
            raise AccessDenied
