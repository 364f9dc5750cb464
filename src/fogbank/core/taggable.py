"""What a service declares of its tags; `core/inventory.py` uses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from fogbank.store.api import Reader

    from .context import Context

Each = Callable[["Reader", "Context"], Iterable[tuple[str, Mapping[str, str]]]]


class Taggable(msgspec.Struct, frozen=True):
    """What a service says of its tags beside what Kinds and models tell.

    `each(tx, ctx)` gives the ARNs and tags of what no Kind describes. `naming(ctx, arn)` gives the members by which
    requests name a resource, where that is not its ARN. `tag` and `untag` do what no single operation does.
    """

    each: Each | None = None
    naming: Callable[[Context, str], dict[str, Any]] | None = None
    tag: Callable[[Context, str, Mapping[str, str]], Awaitable[None]] | None = None
    untag: Callable[[Context, str, list[str]], Awaitable[None]] | None = None
