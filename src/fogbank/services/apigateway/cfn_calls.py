"""What API Gateway's handlers do alike: find what an earlier try made, delete what may be gone, change tags."""

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
    """Delete; what is not there any more is fine."""
    await unless(ctx.call("apigateway", operation, request), GONE)


async def retag(ctx: Context, path: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Make a resource's tags those of the template."""
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
    """The id of what an operation makes, or what an earlier try of this creation has made: a record that fits.

    Without `fits` it has the request's name and description. Where records do not say when they were made, it is enough
    that no other resource has it.
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
