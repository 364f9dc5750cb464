"""Pages of lists, and their tokens: opaque to clients, useless when altered or used where they were not given.

    token = encode(secret, "sqs/ListQueues/000000000000/us-east-1", ["queue-0100"])
    state = decode(secret, "sqs/ListQueues/000000000000/us-east-1", token)

AWS documents its tokens as opaque strings that must be sent back unchanged; a service answers an altered one with an
error of its own (InvalidNextToken, ValidationException, …), so `decode` raises ValueError and the operation words it.
A list does that with `Pages`:

    pages = Pages(ctx, InvalidNextToken)
    with ctx.read() as tx:
        after = pages.key(where, req.get("NextToken"))
        found = list(tx.scan(TOPICS, where, after=after, limit=limit + 1))
    shown, more = pages.cut(found, limit, lambda topic: topic.name)
    return {"Topics": [_shape(topic) for topic in shown], **more}
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

import msgspec

from .context import Context
from .errors import ServiceError

T = TypeVar("T")
_MARK = 12  # bytes of the authentication code
_MAX = 8192  # characters of a token; longer ones are not looked at


def _code(secret: bytes, scope: str, payload: bytes) -> bytes:
    text = scope.encode()
    return hmac.digest(secret, len(text).to_bytes(4, "big") + text + payload, hashlib.sha256)[:_MARK]


def encode(secret: bytes, scope: str, state: Any) -> str:
    """A token for `state` (plain msgpack-like data: str, bytes, int, float, bool, None, lists, dicts).

    `scope` names what the token is for: operation, account, region, and whatever else of the request must be the same
    on the next call (a filter, a prefix). The token is of URL-safe base64 characters.
    """
    payload = msgspec.msgpack.encode(state)
    return base64.urlsafe_b64encode(_code(secret, scope, payload) + payload).decode().rstrip("=")


def decode(secret: bytes, scope: str, token: str) -> Any:
    """What `encode` was given; ValueError for any other text, and for a token of another scope or cloud."""
    if not token or len(token) > _MAX or not token.isascii():
        raise ValueError("not a pagination token")
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not a pagination token") from error
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
        raise ValueError("not a pagination token")  # bits that base64 ignores were altered
    mark, payload = raw[:_MARK], raw[_MARK:]
    if not hmac.compare_digest(mark, _code(secret, scope, payload)):
        raise ValueError("a pagination token of something else")
    return msgspec.msgpack.decode(payload)


class Pages:
    """The pages of one list.

    `refused` makes the service's error for a token that was not given out for this list. `scope` says which list it is
    (see `encode`; the operation's, in this account and region, unless told otherwise); `member` is what the answer
    calls its token.
    """

    def __init__(
        self, ctx: Context, refused: Callable[[], ServiceError], scope: str = "", *, member: str = "NextToken"
    ) -> None:
        self._secret = ctx.app.secret
        self._refused = refused
        self._scope = scope or f"{ctx.account}/{ctx.region}/{ctx.service}/{ctx.operation}"
        self._member = member

    def seal(self, state: Any) -> str:
        return encode(self._secret, self._scope, state)

    def open(self, token: str) -> Any:
        """What was sealed; sequences come back as tuples, which is what keys are."""
        try:
            state = decode(self._secret, self._scope, token)
        except ValueError:
            raise self._refused() from None
        return tuple(state) if isinstance(state, list) else state

    def after(self, token: str | None) -> Any:
        """What the request's token carries, None without one (AWS takes an empty one for none)."""
        return self.open(token) if token else None

    def key(self, where: tuple[str, ...], token: str | None) -> tuple[Any, ...] | None:
        """The key to scan on after, where the token carries the last part of it."""
        return (*where, self.open(token)) if token else None

    def more(self, state: Any) -> dict[str, str]:
        """The answer's member with the token of the next page."""
        return {self._member: self.seal(state)}

    def cut(self, found: list[T], limit: int, state: Callable[[T], Any]) -> tuple[list[T], dict[str, str]]:
        """The first `limit` of `found`, and `more` when it holds others: read one more than the page takes."""
        return (found, {}) if len(found) <= limit else (found[:limit], self.more(state(found[limit - 1])))

    def by_key(
        self, items: Iterable[T], token: str | None, limit: int, key: Callable[[T], Any]
    ) -> tuple[list[T], dict[str, str]]:
        """The page after the token of what is in the order of `key`: it may change between calls."""
        after = self.after(token)
        left = (item for item in items if after is None or key(item) > after)
        return self.cut(list(islice(left, limit + 1)), limit, key)

    def by_position(self, items: list[T], token: str | None, limit: int) -> tuple[list[T], dict[str, str]]:
        """The page after the token of a whole list whose order holds between calls."""
        begin = self.after(token) or 0
        end = begin + limit
        return items[begin:end], self.more(end) if end < len(items) else {}
