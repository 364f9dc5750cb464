"""Identifiers in the shapes AWS gives them."""

from __future__ import annotations

import os
import random
import string

_ALNUM_LOWER = string.digits + string.ascii_lowercase
_ALNUM = string.digits + string.ascii_letters
_BASE32 = string.ascii_uppercase + "234567"


class Ids:
    """A source of identifiers; seeded, it repeats itself (tests), else it draws from the system's entropy."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)
        self._seeded = seed is not None
        self._pool = b""  # of the system's entropy: one call for many ids
        self._used = 0

    def bytes(self, n: int) -> bytes:
        if self._seeded:
            return self._random.randbytes(n)
        start = self._used
        self._used = end = start + n
        if end > len(self._pool):
            self._pool, start = os.urandom(max(4096, n)), 0
            self._used = end = n
        return self._pool[start:end]

    def uuid(self) -> str:
        """A version 4 UUID."""
        h = self.bytes(16).hex()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"

    def hex(self, n: int) -> str:
        """`n` lower-case hexadecimal digits."""
        return self.bytes((n + 1) // 2).hex()[:n]

    def lower(self, n: int) -> str:
        """`n` characters of [0-9a-z], as API Gateway's ids."""
        return "".join(self._random.choices(_ALNUM_LOWER, k=n))

    def alnum(self, n: int) -> str:
        """`n` characters of [0-9A-Za-z]."""
        return "".join(self._random.choices(_ALNUM, k=n))

    def base32(self, n: int) -> str:
        """`n` characters of [A-Z2-7], as IAM's unique ids."""
        return "".join(self._random.choices(_BASE32, k=n))

    def digits(self, n: int) -> str:
        return "".join(self._random.choices(string.digits, k=n))
