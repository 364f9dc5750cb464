"""Pages of lists, with Marker and MaxRecords.

"MaxRecords: Default: 100. Constraints: minimum 20; maximum 100."
https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheClusters.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.core.context import Context
from fogbank.core.paging import Pages

from .errors import InvalidParameterValue

T = TypeVar("T")
MOST = 100


def page(
    ctx: Context, req: dict[str, Any], items: list[T], key: Callable[[T], Any], *, least: int = 20
) -> tuple[list[T], dict[str, str]]:
    """One page of a list, in the order of `key`, and the response's Marker."""
    limit = MOST if req.get("MaxRecords") is None else req["MaxRecords"]
    if not least <= limit <= MOST:
        raise InvalidParameterValue(f"The parameter MaxRecords must be between {least} and {MOST}.")
    pages = Pages(ctx, lambda: InvalidParameterValue("The parameter Marker is invalid."), member="Marker")
    return pages.by_key(items, req.get("Marker"), limit, key)


def tokens(
    ctx: Context, req: dict[str, Any], items: list[T], key: Callable[[T], Any]
) -> tuple[list[T], dict[str, str]]:
    """The same for newer operations, with NextToken and MaxResults, at most 50."""
    limit = req.get("MaxResults") or 50
    pages = Pages(ctx, lambda: InvalidParameterValue("The parameter NextToken is invalid."))
    return pages.by_key(items, req.get("NextToken"), limit, key)
