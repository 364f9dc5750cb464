"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns
from ..errors import AlreadyExistsException, InvalidMarkerException, LimitExceededException
from ..keys import ALIAS, require
from ..records import ALIASES, Alias, Key

ALIASES_PER_KEY = "L-340F62FB"  # a quota


def _refuse_more(tx: Reader, ctx: Context, key: Key) -> None:
    limit = ctx.quota("kms", ALIASES_PER_KEY, tx)
    if sum(1 for _ in tx.scan_index(ALIASES, "key", (key.account, key.region, key.id))) >= limit:
        raise LimitExceededException


@operation("kms", "CreateAlias", resource=arns.new_alias)
def create_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A name for a key."""
    with ctx.write() as tx:
        key = require(tx, ctx, req["TargetKeyId"])
        if ALIAS.find(tx, ctx, req["AliasName"]) is not None:
            arn = ctx.arn("kms", req["AliasName"])
            raise AlreadyExistsException(f"An alias with the name {arn} already exists")
        _refuse_more(tx, ctx, key)
        now = ctx.now()
        tx.put(
            ALIASES,
            Alias(
                account=ctx.account,
                region=ctx.region,
                name=req["AliasName"],
                key_id=key.id,
                created=now,
                updated=now,
            ),
        )
    return {}


@operation("kms", "UpdateAlias", resource=arns.moved_alias)
def update_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Point an alias at another key."""
    with ctx.write() as tx:
        alias = ALIAS.require(tx, ctx, req["AliasName"])
        alias.key_id = require(tx, ctx, req["TargetKeyId"]).id
        alias.updated = ctx.now()
        tx.put(ALIASES, alias)
    return {}


@operation("kms", "DeleteAlias", resource=arns.dropped_alias)
def delete_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove the name; the key stays."""
    with ctx.write() as tx:
        alias = ALIAS.require(tx, ctx, req["AliasName"])
        tx.delete(ALIASES, (alias.account, alias.region, alias.name))
    return {}


@operation("kms", "ListAliases", resource=arns.listed_aliases)
def list_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Every alias, or those of one key."""
    with ctx.read() as tx:
        if req.get("KeyId"):
            key = require(tx, ctx, req["KeyId"])
            found = list(tx.scan_index(ALIASES, "key", (key.account, key.region, key.id)))
        else:
            found = list(tx.scan(ALIASES, (ctx.account, ctx.region)))

    def shape(alias: Alias) -> dict[str, Any]:
        return {
            "AliasName": alias.name,
            "AliasArn": ctx.arn("kms", alias.name),
            "TargetKeyId": alias.key_id,
            "CreationDate": alias.created,
            "LastUpdatedDate": alias.updated,
        }

    found.sort(key=lambda alias: alias.name)
    return lists.page(ctx, req, found, key=lambda alias: alias.name, shape=shape, size=50,
                      refused=InvalidMarkerException, scope=req.get("KeyId") or "")  # fmt: skip
