"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation

from .. import arns
from ..errors import AlreadyExistsException, InvalidAliasNameException, NotFoundException
from ..keys import require
from ..records import ALIASES, Alias

_NAME = re.compile(r"alias/[a-zA-Z0-9/_-]+")


def _check(name: str) -> None:
    if not name.startswith("alias/"):
        raise ValidationError("Invalid identifier")
    if name.startswith("alias/aws/"):
        raise InvalidAliasNameException("Alias names that begin with alias/aws/ are reserved for AWS managed keys.")
    if not _NAME.fullmatch(name):
        raise InvalidAliasNameException(f"{name} contains invalid characters.")


def _arn(ctx: Context, name: str) -> str:
    return ctx.arn("kms", name)


@operation("kms", "CreateAlias", resource=arns.alias_and_key)
def create_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A name for a key."""
    _check(req["AliasName"])
    if req["TargetKeyId"].startswith("alias/"):
        raise ValidationError("Aliases must refer to keys. Not aliases")
    with ctx.write() as tx:
        key = require(tx, ctx, req["TargetKeyId"])
        if tx.get(ALIASES, (ctx.account, ctx.region, req["AliasName"])):
            arn = _arn(ctx, req["AliasName"])
            raise AlreadyExistsException(f"An alias with the name {arn} already exists")
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


@operation("kms", "UpdateAlias", resource=arns.alias_and_key)
def update_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Point an alias at another key."""
    _check(req["AliasName"])
    with ctx.write() as tx:
        alias = tx.get(ALIASES, (ctx.account, ctx.region, req["AliasName"]))
        if alias is None:
            raise NotFoundException(f"Alias {_arn(ctx, req['AliasName'])} is not found.")
        alias.key_id = require(tx, ctx, req["TargetKeyId"]).id
        alias.updated = ctx.now()
        tx.put(ALIASES, alias)
    return {}


@operation("kms", "DeleteAlias", resource=arns.alias)
def delete_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove the name; the key stays."""
    _check(req["AliasName"])
    with ctx.write() as tx:
        if not tx.delete(ALIASES, (ctx.account, ctx.region, req["AliasName"])):
            raise NotFoundException(f"Alias {_arn(ctx, req['AliasName'])} is not found.")
    return {}


@operation("kms", "ListAliases", resource="*")
def list_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Every alias, or those of one key."""
    with ctx.read() as tx:
        if req.get("KeyId"):
            key = require(tx, ctx, req["KeyId"])
            found = list(tx.scan_index(ALIASES, "key", (ctx.account, ctx.region, key.id)))
        else:
            found = list(tx.scan(ALIASES, (ctx.account, ctx.region)))
    shown = [
        {
            "AliasName": alias.name,
            "AliasArn": _arn(ctx, alias.name),
            "TargetKeyId": alias.key_id,
            "CreationDate": alias.created,
            "LastUpdatedDate": alias.updated,
        }
        for alias in found
    ]
    return {"Aliases": shown, "Truncated": False}
