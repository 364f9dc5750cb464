"""Changes the code or the configuration of $LATEST."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import function_settings, lookups, storage
from ..arns import Target, named, target
from ..code import Package, loaded
from ..errors import InvalidParameterValue
from ..jobs import SETTLE, sweep_later
from ..records import FUNCTIONS, VERSIONS, Version
from ..shapes import configuration
from .versions import publish


@operation("lambda", "UpdateFunctionCode", resource=named)
async def update_function_code(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replaces the package of $LATEST. DryRun checks the package and changes nothing.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
    """
    which = target(ctx, req["FunctionName"])
    current = await ctx.fetch(lookups.latest, ctx, which)
    lookups.check_revision(current.revision, req.get("RevisionId"))
    lookups.check_settled(ctx, current)
    if current.package == "Image":
        if not req.get("ImageUri"):
            raise InvalidParameterValue("Please provide ImageUri when updating a function with packageType Image.")
        if req.get("DryRun"):
            return configuration(ctx, current)
        return await ctx.transact(_update_code, ctx, req, which, None)
    if req.get("ImageUri"):
        raise InvalidParameterValue("Please don't provide ImageUri when updating a function with packageType Zip.")
    async with loaded(ctx, req, "UpdateFunctionCode") as stored:
        if not req.get("DryRun"):
            return await ctx.transact(_update_code, ctx, req, which, stored)
        await ctx.blobs.discard(stored.blob)
        return configuration(ctx, msgspec.structs.replace(current, code_sha256=stored.sha256, code_size=stored.size))


def _update_code(
    tx: Transaction, ctx: Context, req: dict[str, Any], which: Target, stored: Package | None
) -> dict[str, Any]:
    version = lookups.latest(tx, ctx, which)
    lookups.check_revision(version.revision, req.get("RevisionId"))
    lookups.check_settled(ctx, version)
    if stored is not None:
        storage.hold(tx, ctx, which.key[:2], stored.size - version.code_size)
        ctx.blobs.publish(tx, stored.blob, function_settings.OWNER)
        ctx.blobs.release(tx, version.blob, function_settings.OWNER)
        version.blob, version.code_sha256, version.code_size = stored.blob.id, stored.sha256, stored.size
        sweep_later(tx, ctx)
    else:
        version.image = req["ImageUri"]
    if req.get("Architectures"):
        version.architectures = req["Architectures"]
    return _changed(tx, ctx, version, publish_it=bool(req.get("Publish")))


@operation("lambda", "UpdateFunctionConfiguration", resource=function_settings.configured)
async def update_function_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Changes the settings that the request names and keeps the others.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
    """
    which = target(ctx, req["FunctionName"])
    function_settings.check(req)
    current = await ctx.fetch(lookups.latest, ctx, which)
    lookups.check_revision(current.revision, req.get("RevisionId"))
    lookups.check_settled(ctx, current)
    if req.get("Role") and req["Role"] != current.role:
        await function_settings.check_role(ctx, req["Role"])
    return await ctx.transact(_update_configuration, ctx, req, which)


def _update_configuration(tx: Transaction, ctx: Context, req: dict[str, Any], which: Target) -> dict[str, Any]:
    version = lookups.latest(tx, ctx, which)
    lookups.check_revision(version.revision, req.get("RevisionId"))
    lookups.check_settled(ctx, version)
    function_settings.apply(tx, ctx, version, req)
    return _changed(tx, ctx, version, publish_it=False)


def _changed(tx: Transaction, ctx: Context, version: Version, *, publish_it: bool) -> dict[str, Any]:
    version.revision, version.modified, version.updating = ctx.ids.uuid(), ctx.now(), True
    tx.put(VERSIONS, version)
    payload = {"account": version.account, "name": version.name, "number": 0}
    ctx.later(tx, SETTLE, payload, name=f"settle/{version.name}/0")
    if publish_it:
        function = tx.get(FUNCTIONS, (version.account, version.region, version.name))
        assert function is not None
        made = publish(tx, ctx, function, version, "")
        return configuration(ctx, made, qualifier=made.version)
    return configuration(ctx, version)
