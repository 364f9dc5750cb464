"""The storage quota for packages of functions and layers.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import math

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import CodeStorageExceeded
from .records import LAYERS, VERSIONS

QUOTA = "L-2ACBD22F"  # quota code: gigabytes per account and region
GIGABYTE = 1024**3


def used(tx: Reader, here: tuple[str, str]) -> int:
    """Returns the bytes of all function and layer versions in an account and region."""
    size = sum(version.code_size for version in tx.scan(VERSIONS, here))
    return size + sum(layer.size for layer in tx.scan(LAYERS, here))


def hold(tx: Reader, ctx: Context, here: tuple[str, str], more: int) -> None:
    """Raises CodeStorageExceeded when `more` bytes do not fit into the quota."""
    limit = ctx.quota("lambda", QUOTA, tx, account=here[0])
    if limit < math.inf and used(tx, here) + more > limit * GIGABYTE:
        raise CodeStorageExceeded
