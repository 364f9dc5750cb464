"""Paging over a list that is short enough to be read at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.core import paging
from fogbank.core.context import Context

from .errors import InvalidNextToken

T = TypeVar("T")


def page(
    ctx: Context, items: list[T], req: dict[str, Any], default: int, key: Callable[[T], str]
) -> tuple[list[T], dict[str, str]]:
    """The next MaxResults items after the request's NextToken, and {"NextToken": …} when more follow."""
    scope = f"{ctx.account}/{ctx.region}/{ctx.service}/{ctx.operation}"
    if req.get("NextToken"):
        try:
            after = paging.decode(ctx.app.secret, scope, req["NextToken"])
        except ValueError:
            raise InvalidNextToken from None
        items = [item for item in items if key(item) > after]
    limit = req.get("MaxResults", default)
    if len(items) <= limit:
        return items, {}
    return items[:limit], {"NextToken": paging.encode(ctx.app.secret, scope, key(items[limit - 1]))}
