"""Random identifiers in the formats that AWS uses."""

from __future__ import annotations

import os
import random
import re
import string

_ALNUM_LOWER = string.digits + string.ascii_lowercase
_ALNUM = string.digits + string.ascii_letters
_UUID = re.compile(r"(.{8})(.{4}).(.{3}).(.{3})(.{12})")
_BASE32 = string.ascii_uppercase + "234567"


class Ids:
    """A source of identifiers: reproducible with a seed (for tests), else from the system's entropy."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)
        self._seeded = seed is not None
        self._pool = b""  # buffered entropy: one system call for many ids
        self._used = 0
        self._uuids: list[str] = []  # made in advance, many at a time

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
        try:
            return self._uuids.pop()
        except IndexError:
            made = _UUID.sub(r"\1-\2-4\3-a\4-\5 ", self.bytes(16 * 256).hex()).split()
            self._uuids = made[:-1]
            return made[-1]

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
