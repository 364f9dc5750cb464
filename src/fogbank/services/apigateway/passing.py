"""Roles that patch operations give to API Gateway, and those that an API has."""

from __future__ import annotations

from typing import Any

from fogbank.apis.control import Also
from fogbank.apis.passing import passed
from fogbank.core.context import Context
from fogbank.core.operation import Access

from . import patching
from .records import AUTHORIZERS, RESOURCES, Api


def patched(name: str) -> Also:
    """The roles that patch operations put at /name."""

    def also(ctx: Context, req: dict[str, Any]) -> list[Access]:
        return passed(ctx, [op.get("value") for op in patching.setting(req, name)])

    return also


def of_api(ctx: Context, api: Api) -> list[Access]:
    """The roles that an API has, for who copies it."""
    scope = (api.account, api.region, api.id)
    with ctx.read() as tx:
        methods = [method for resource in tx.scan(RESOURCES, scope) for method in resource.methods.values()]
        found = [(method.get("methodIntegration") or {}).get("credentials") for method in methods]
        found += [part.shape.get("authorizerCredentials") for part in tx.scan(AUTHORIZERS, scope)]
    return passed(ctx, found)
