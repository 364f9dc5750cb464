"""Continuation tokens: opaque, and useless when they were changed or came from another list."""

from __future__ import annotations

from fogbank.core import paging
from fogbank.core.context import Context

from .errors import InvalidArgument


def token(ctx: Context, position: str, scope: str) -> str:
    """A token for `position` in the list that `scope` names."""
    return paging.encode(ctx.app.secret, scope, position)


def open_token(ctx: Context, text: str, scope: str) -> str:
    """The position of a token. Raises InvalidArgument for one that was not given out for this list."""
    try:
        return str(paging.decode(ctx.app.secret, scope, text))
    except ValueError:
        raise InvalidArgument(
            "The continuation token provided is incorrect", ArgumentName="continuation-token", ArgumentValue=text
        )
