"""The operations that are the same for the parts of an API: get one, get all, delete one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.core.context import Context
from fogbank.store.api import Table, Transaction

from .find import Req, call, changed, page, require_answer, require_api, require_part
from .records import Answer, Api, Part
from .snapshots import redeploy

Call = Callable[[Context, Req], dict[str, Any]]
F = TypeVar("F", bound=Call)


def _as(module: str, name: str, text: str, function: F) -> F:
    function.__module__, function.__name__, function.__qualname__, function.__doc__ = module, name, name, text
    return function


def part_operations(
    module: str,
    table: Table[Part],
    one: str,
    all: str,
    path: str,
    check: Callable[[Transaction, Api, Part], None] | None = None,
) -> tuple[Call, Call, Call]:
    """Get, list and delete of parts that lie at `path` of an API; `check` refuses to delete what is in use.

    They are to be kept under names of `module`. `one` and `all` are what operations call them: Route, Routes.
    """
    id = f"{one}Id"
    item = f"{path}/{{{id}}}"

    def get(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.read() as tx:
            return require_part(tx, ctx, table, req["ApiId"], req[id]).shape

    def get_all(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.read() as tx:
            api = require_api(tx, ctx, req["ApiId"])
            found = [part.shape for part in tx.scan(table, (ctx.account, ctx.region, api.id))]
        return page(ctx, req, found, id, api.id)

    def delete(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.write() as tx:
            api = require_api(tx, ctx, req["ApiId"])
            part = require_part(tx, ctx, table, api.id, req[id])
            if check is not None:
                check(tx, api, part)
            tx.delete(table, table.key(part))
            redeploy(tx, ctx, api)
            changed(tx)
        return {}

    for function, name, text in (
        (get, f"Get{one}", f"One {one.lower()}."),
        (get_all, f"Get{all}", "A page of them."),
        (delete, f"Delete{one}", f"Remove a {one.lower()}."),
    ):
        _as(module, name, text, function)
    call(f"Get{one}", "GET", item)(get)
    call(f"Get{all}", "GET", path)(get_all)
    call(f"Delete{one}", "DELETE", item)(delete)
    return get, get_all, delete


def answer_operations(
    module: str, table: Table[Answer], parents: Table[Part], one: str, path: str, parent: str
) -> tuple[Call, Call, Call]:
    """The same for the responses of routes and integrations; `parent` is the member with the id of what they are of."""
    id = f"{one}Id"
    item = f"{path}/{{{id}}}"

    def get(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.read() as tx:
            return require_answer(tx, ctx, table, req["ApiId"], req[parent], req[id]).shape

    def get_all(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.read() as tx:
            of = require_part(tx, ctx, parents, req["ApiId"], req[parent])
            found = [answer.shape for answer in tx.scan(table, (ctx.account, ctx.region, of.api, of.id))]
        return page(ctx, req, found, id, f"{of.api}/{of.id}")

    def delete(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.write() as tx:
            api = require_api(tx, ctx, req["ApiId"])
            answer = require_answer(tx, ctx, table, api.id, req[parent], req[id])
            tx.delete(table, table.key(answer))
            redeploy(tx, ctx, api)
            changed(tx)
        return {}

    for function, name, text in (
        (get, f"Get{one}", "One response."),
        (get_all, f"Get{one}s", "A page of them."),
        (delete, f"Delete{one}", "Remove a response."),
    ):
        _as(module, name, text, function)
    call(f"Get{one}", "GET", item)(get)
    call(f"Get{one}s", "GET", path)(get_all)
    call(f"Delete{one}", "DELETE", item)(delete)
    return get, get_all, delete
