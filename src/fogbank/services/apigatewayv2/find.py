"""The look-up of records by the identifiers in requests, and how calls are authorised.

What a URL's path names is of the caller's own account and region, by its exact identifiers. AWS's text for an API was
seen; those for its parts follow it and are not confirmed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fogbank.apis.accounts import CHANGED
from fogbank.apis.control import control_call
from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Table, Transaction

from .records import APIS, STAGES, Answer, Api, Part, Stage

call = partial(control_call, "apigatewayv2")
Scope = tuple[str, str, str]
Req = dict[str, Any]


def scope_of(api: Api) -> Scope:
    return api.account, api.region, api.id


def require_api(tx: Reader, ctx: Context, id: str) -> Api:
    found = tx.get(APIS, (ctx.account, ctx.region, id))
    if found is None:
        raise NotFound(f"Invalid API identifier specified {ctx.account}:{id}")
    return found


def require_part(tx: Reader, ctx: Context, table: Table[Part], api: str, id: str) -> Part:
    """A route, integration, authorizer or model of an API."""
    require_api(tx, ctx, api)
    found = tx.get(table, (ctx.account, ctx.region, api, id))
    if found is None:
        raise NotFound(f"Invalid {word_of(table)} identifier specified {id}")
    return found


def require_answer(tx: Reader, ctx: Context, table: Table[Answer], api: str, parent: str, id: str) -> Answer:
    """A response of a route or an integration."""
    require_api(tx, ctx, api)
    found = tx.get(table, (ctx.account, ctx.region, api, parent, id))
    if found is None:
        raise NotFound(f"Invalid {word_of(table)} identifier specified {id}")
    return found


def word_of(table: Table[Any]) -> str:
    """What AWS calls the things in a table: RouteResponse of apigatewayv2/route-response."""
    return "".join(part.capitalize() for part in table.name.partition("/")[2].split("-"))


def require_stage(tx: Reader, ctx: Context, api: str, name: str) -> Stage:
    require_api(tx, ctx, api)
    found = tx.get(STAGES, (ctx.account, ctx.region, api, name))
    if found is None:
        raise NotFound("Invalid stage identifier specified")
    return found


def changed(tx: Transaction) -> None:
    """Let the stages that are being served look again once this transaction has committed."""
    tx.signal(CHANGED)


def page(ctx: Context, req: Req, items: list[dict[str, Any]], key: str, scope: str = "") -> dict[str, Any]:
    """`{"Items": …, "NextToken": …}`: the page that a request asks for; MaxResults is a text in this API.

    Pages have at most 500 items, 100 by default (not confirmed).
    """
    given = req.get("MaxResults")
    if given is not None and not (str(given).isascii() and str(given).isdecimal() and 0 < int(given) <= 500):
        raise BadRequest("Invalid maxResults. Must be between 1 and 500")
    scope = f"{ctx.account}/{ctx.region}/{ctx.operation}/{scope}"
    pages = Pages(ctx, lambda: BadRequest("Invalid nextToken"), scope, member="NextToken")
    ordered = sorted(items, key=lambda item: str(item[key]))
    shown, more = pages.by_key(ordered, req.get("NextToken"), int(given or 100), lambda item: str(item[key]))
    return {"Items": shown, **more}
