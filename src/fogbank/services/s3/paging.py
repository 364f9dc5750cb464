"""Continuation tokens: opaque to clients, and rejected when altered or used with another list."""

from __future__ import annotations

from fogbank.core import paging
from fogbank.core.context import Context

from .errors import InvalidArgument


def token(ctx: Context, position: str, scope: str) -> str:
    """Makes a token for `position` in the list named `scope`."""
    return paging.encode(ctx.app.secret, scope, position)


def open_token(ctx: Context, text: str, scope: str) -> str:
    """Returns the position in a token. Raises InvalidArgument unless the token was issued for this list."""
    try:
        return str(paging.decode(ctx.app.secret, scope, text))
    except ValueError:
        raise InvalidArgument(
            "The continuation token provided is incorrect", ArgumentName="continuation-token", ArgumentValue=text
        )
