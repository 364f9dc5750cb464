"""Pagination tokens: opaque to clients, useless when altered or used where they were not given.

    token = encode(secret, "sqs/ListQueues/000000000000/us-east-1", ["queue-0100"])
    state = decode(secret, "sqs/ListQueues/000000000000/us-east-1", token)

AWS documents its tokens as opaque strings that must be sent back unchanged; a service answers an altered one with an
error of its own (InvalidNextToken, ValidationException, …), so `decode` raises ValueError and the operation words it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec

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
