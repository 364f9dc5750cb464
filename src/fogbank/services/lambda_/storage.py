"""How much the packages of functions and layers take, and may take.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import math

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import CodeStorageExceeded
from .records import LAYERS, VERSIONS

QUOTA = "L-2ACBD22F"  # in gigabytes, for an account and region
GIGABYTE = 1024**3


def used(tx: Reader, here: tuple[str, str]) -> int:
    """Bytes of all versions of functions and layers in an account and region."""
    size = sum(version.code_size for version in tx.scan(VERSIONS, here))
    return size + sum(layer.size for layer in tx.scan(LAYERS, here))


def hold(tx: Reader, ctx: Context, here: tuple[str, str], more: int) -> None:
    """Raise CodeStorageExceeded unless there is room for so many bytes more."""
    limit = ctx.quota("lambda", QUOTA, tx, account=here[0])
    if limit < math.inf and used(tx, here) + more > limit * GIGABYTE:
        raise CodeStorageExceeded
