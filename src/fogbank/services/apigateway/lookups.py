"""Finding records, with AWS's errors for what is not there, and paging through lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from fogbank.apis.accounts import CHANGED
from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table, Transaction

from .records import APIS, RESOURCES, STAGES, Api, Resource, Stage

T = TypeVar("T")


def require_api(tx: Reader, ctx: Context, api: str) -> Api:
    found = tx.get(APIS, (ctx.account, ctx.region, api))
    if found is None:
        raise NotFound("Invalid API identifier specified " + f"{ctx.account}:{api}")
    return found


def require_resource(tx: Reader, ctx: Context, api: str, resource: str) -> Resource:
    require_api(tx, ctx, api)
    found = tx.get(RESOURCES, (ctx.account, ctx.region, api, resource))
    if found is None:
        raise NotFound("Invalid Resource identifier specified")
    return found


def require_method(resource: Resource, method: str) -> dict[str, Any]:
    found = resource.methods.get(method)
    if found is None:
        raise NotFound("Invalid Method identifier specified")
    return found


def require_integration(resource: Resource, method: str) -> dict[str, Any]:
    found: dict[str, Any] | None = require_method(resource, method).get("methodIntegration")
    if found is None:
        raise NotFound("Invalid Integration identifier specified")
    return found


def require_stage(tx: Reader, ctx: Context, api: str, name: str) -> Stage:
    require_api(tx, ctx, api)
    found = tx.get(STAGES, (ctx.account, ctx.region, api, name))
    if found is None:
        raise NotFound("Invalid stage identifier specified")
    return found


def require_part(tx: Reader, ctx: Context, table: Table[Any], api: str, part: str, text: str) -> Any:
    """A record of `table` in an API; NotFound with `text`."""
    require_api(tx, ctx, api)
    found = tx.get(table, (ctx.account, ctx.region, api, part))
    if found is None:
        raise NotFound(text)
    return found


def require_item(tx: Reader, ctx: Context, table: Table[Any], item: str, text: str) -> Any:
    """A record of `table` in the account; NotFound with `text`."""
    found = tx.get(table, (ctx.account, ctx.region, item))
    if found is None:
        raise NotFound(text)
    return found


def changed(tx: Transaction) -> None:
    """Stages that are being served look again once this transaction has committed."""
    tx.signal(CHANGED)


def page(ctx: Context, req: dict[str, Any], scope: str, found: Sequence[T], default: int = 25) -> dict[str, Any]:
    """`{"items": …, "position": …}`: a slice of `found`, which is in a stable order.

    Limits: https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html (25 by default, at most 500).
    """
    limit = req.get("limit")
    limit = default if limit is None else limit
    if not 1 <= limit <= 500:
        raise BadRequest("Invalid limit value. Must be between 1 and 500")
    start = 0
    scope = f"{scope}/{ctx.account}/{ctx.region}"
    if req.get("position"):
        try:
            start = int(paging.decode(ctx.app.secret, scope, req["position"]))
        except ValueError:
            raise BadRequest("Invalid position parameter") from None
    answer: dict[str, Any] = {"items": found[start : start + limit]}
    if start + limit < len(found):
        answer["position"] = paging.encode(ctx.app.secret, scope, start + limit)
    return answer
