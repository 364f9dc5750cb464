"""Pages of IAM's lists: MaxItems, Marker, IsTruncated.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.paging import Pages

T = TypeVar("T")
DEFAULT = 100


def page(
    ctx: Context,
    req: dict[str, Any],
    member: str,
    found: Iterable[T],
    name: Callable[[T], Any],
    shape: Callable[[T], Any],
) -> dict[str, Any]:
    """One page of `found`, which is in the order of `name`; the marker is the name of its last item."""
    pages = Pages(
        ctx, lambda: ValidationError("Invalid Marker."), f"iam/{ctx.account}/{ctx.operation}", member="Marker"
    )
    shown, more = pages.by_key(found, req.get("Marker"), int(req.get("MaxItems") or DEFAULT), name)
    return {member: [shape(one) for one in shown], "IsTruncated": bool(more), **more}
