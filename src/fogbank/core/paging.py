"""Pagination tokens: opaque and tamper-evident. A client can hold one, not read or forge it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec

_MAC = 12  # bytes; enough against guessing through an API


def encode(secret: bytes, scope: str, state: Any) -> str:
    """Seal `state` (msgpack-able) for `scope`, the one listing that may continue from it."""
    body = msgspec.msgpack.encode(state)
    mac = hmac.digest(secret, scope.encode() + b"\0" + body, hashlib.sha256)[:_MAC]
    return base64.urlsafe_b64encode(mac + body).decode().rstrip("=")


def decode(secret: bytes, scope: str, token: str) -> Any:
    """The state sealed in `token`; ValueError when it is not one of this scope's."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not a token") from None
    mac, body = raw[:_MAC], raw[_MAC:]
    if not hmac.compare_digest(mac, hmac.digest(secret, scope.encode() + b"\0" + body, hashlib.sha256)[:_MAC]):
        raise ValueError("not a token of this listing")
    return msgspec.msgpack.decode(body)
