"""Signing keys of version 4, cached: deriving one costs four HMACs, and a client uses one key for a whole day."""

from __future__ import annotations

import calendar
from hashlib import sha256
from hmac import digest
from typing import Any

import msgspec

_INNER = bytes(n ^ 0x36 for n in range(256))
_OUTER = bytes(n ^ 0x5C for n in range(256))


class SigningKey(msgspec.Struct, frozen=True):
    """A derived key. Keeps both halves of the HMAC initialised: copying them costs a third of starting anew."""

    key: bytes
    midnight: int  # the epoch second at which the scope's date begins
    inner: Any
    outer: Any

    def sign(self, text: bytes) -> str:
        """The HMAC-SHA256 of `text`, in hex (RFC 2104)."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        digest: str = outer.hexdigest()
        return digest

    @classmethod
    def of(cls, key: bytes, midnight: int) -> SigningKey:
        block = key.ljust(64, b"\0")
        return cls(key, midnight, sha256(block.translate(_INNER)), sha256(block.translate(_OUTER)))


class SigningKeys:
    """Keys by (secret, date, region, service). One per process, owned by the pipeline."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._keys: dict[tuple[str, str, str, str], SigningKey] = {}

    def get(self, secret: str, date: str, region: str, service: str) -> SigningKey:
        """The key of a scope. Raises ValueError when `date` is not of the form YYYYMMDD."""
        name = (secret, date, region, service)
        found = self._keys.get(name)
        if found is None:
            found = SigningKey.of(derive(secret, date, region, service), epoch_of_date(date))
            if len(self._keys) >= self._capacity:
                self._keys.clear()
            self._keys[name] = found
        return found


def derive(secret: str, date: str, region: str, service: str) -> bytes:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, "Calculate"."""
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key


def epoch_of_date(date: str) -> int:
    """The first second of a YYYYMMDD day, UTC. Raises ValueError when it is no date."""
    if len(date) != 8 or not date.isdecimal():
        raise ValueError(date)
    year, month, day = int(date[:4]), int(date[4:6]), int(date[6:])
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        raise ValueError(date)
    return calendar.timegm((year, month, day, 0, 0, 0))
