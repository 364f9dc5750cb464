"""Pages of IAM's lists: MaxItems, Marker, IsTruncated.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError

T = TypeVar("T")
DEFAULT = 100


def page(
    ctx: Context,
    req: dict[str, Any],
    member: str,
    found: Iterable[T],
    name: Callable[[T], str],
    shape: Callable[[T], Any],
) -> dict[str, Any]:
    """One page of `found`, which is in the order of `name`; the marker is the name of its last item."""
    scope = f"iam/{ctx.account}/{ctx.operation}"
    start = None
    if req.get("Marker"):
        try:
            start = paging.decode(ctx.app.secret, scope, req["Marker"])
        except ValueError:
            raise ValidationError("Invalid Marker.") from None
    limit = int(req.get("MaxItems") or DEFAULT)
    taken: list[T] = []
    for item in found:
        if start is not None and name(item) <= start:
            continue
        if len(taken) == limit:
            marker = paging.encode(ctx.app.secret, scope, name(taken[-1]))
            return {member: [shape(one) for one in taken], "IsTruncated": True, "Marker": marker}
        taken.append(item)
    return {member: [shape(one) for one in taken], "IsTruncated": False}
