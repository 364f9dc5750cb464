"""Paging: the items after a token, and the token of the next page."""

from __future__ import annotations

from typing import Any, TypeVar

from fogbank.core import paging
from fogbank.core.context import Context

from .errors import InvalidNextToken

T = TypeVar("T")


def scope(ctx: Context) -> str:
    return f"{ctx.account}/{ctx.region}/{ctx.service}/{ctx.operation}"


def state(ctx: Context, req: dict[str, Any]) -> Any:
    """What the request's NextToken carries, None without one; InvalidNextToken."""
    if not req.get("NextToken"):
        return None
    try:
        return paging.decode(ctx.app.secret, scope(ctx), req["NextToken"])
    except ValueError:
        raise InvalidNextToken from None


def token(ctx: Context, state: Any) -> dict[str, str]:
    return {"NextToken": paging.encode(ctx.app.secret, scope(ctx), state)}


def page(ctx: Context, items: list[T], req: dict[str, Any], limit: int) -> tuple[list[T], dict[str, str]]:
    """By position in a list whose order holds between calls."""
    begin = state(ctx, req) or 0
    shown = items[begin : begin + limit]
    return shown, token(ctx, begin + limit) if begin + limit < len(items) else {}
