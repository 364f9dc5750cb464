"""Continuation tokens: opaque, and useless when they were changed or came from another list."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

from .errors import InvalidArgument

_SEAL = 8


def token(position: str, scope: str) -> str:
    """A token for `position` in the list that `scope` names."""
    text = position.encode()
    return urlsafe_b64encode(_seal(text, scope) + text).decode().rstrip("=")


def open_token(text: str, scope: str) -> str:
    """The position of a token. Raises InvalidArgument for one that was not given out for this list."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        position = raw[_SEAL:]
        if raw[:_SEAL] == _seal(position, scope):
            return position.decode()
    except (binascii.Error, ValueError):
        pass
    raise InvalidArgument(
        "The continuation token provided is incorrect", ArgumentName="continuation-token", ArgumentValue=text
    )


def _seal(position: bytes, scope: str) -> bytes:
    return blake2b(position, digest_size=_SEAL, person=b"fogbank-s3", key=scope.encode()[:64]).digest()
