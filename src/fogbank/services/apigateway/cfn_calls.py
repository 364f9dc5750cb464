"""Helpers of API Gateway's handlers: create only once despite retries, delete what may be gone, change tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.cfn import Name
from fogbank.core.cfn_calls import create_once, unless
from fogbank.core.cfn_tables import Tags, change_tags
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

GONE = "NotFoundException"


def _arn(ctx: Context, path: str) -> str:
    return f"arn:{ctx.partition}:apigateway:{ctx.region}::{path}"


_TAGS = Tags(
    untag=("UntagResource", lambda ctx, path, keys: {"resourceArn": _arn(ctx, path), "tagKeys": keys}),
    tag=("TagResource", lambda ctx, path, tags: {"resourceArn": _arn(ctx, path), "tags": tags}),
)


async def gone(ctx: Context, operation: str, request: dict[str, Any]) -> None:
    """Call a deleting operation, and ignore NotFoundException."""
    await unless(ctx.call("apigateway", operation, request), GONE)


async def retag(ctx: Context, path: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Change a resource's tags to those of the new properties."""
    await change_tags(ctx, "apigateway", _TAGS, path, old, new)


async def made_once(
    ctx: Context,
    name: Name,
    operation: str,
    request: dict[str, Any],
    table: Table[Any],
    *where: str,
    fits: Callable[[Any], bool] | None = None,
) -> str:
    """Call a creating operation, unless an earlier try of this creation has done so. Returns the thing's id.

    `fits` recognises the record of an earlier try; by default it compares name and description with the request. A
    record without a creation time also counts if no other resource owns it.
    """

    def same(record: Any) -> bool:
        return all(record.shape.get(key) == request.get(key) for key in ("name", "description"))

    def look(tx: Reader) -> str | None:
        records = filter(fits or same, tx.scan(table, (ctx.account, ctx.region, *where)))
        ours = (record.id for record in records if name.made(getattr(record, "created", name.began), record.id))
        return next(ours, None)

    async def make() -> str:
        return str((await ctx.call("apigateway", operation, request))["id"])

    return await create_once(name, make, lambda: ctx.fetch(look))
