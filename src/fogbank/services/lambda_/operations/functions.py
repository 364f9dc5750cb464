"""Creates, shows, lists and deletes functions."""

from __future__ import annotations

from typing import Any, TypeVar

from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Table, Transaction

from .. import function_settings, lookups, storage
from ..arns import Target, arn_of, named, qualified, read, target
from ..code import Package, loaded
from ..environments.fleet import Fleet
from ..errors import InvalidParameterValue, ResourceConflict
from ..jobs import SETTLE, sweep_later
from ..records import (
    ALIASES,
    CONCURRENCY,
    EVENT_INVOKES,
    FUNCTIONS,
    POLICIES,
    PROVISIONED,
    URLS,
    VERSIONS,
    EventInvoke,
    Function,
    Policy,
    Provisioned,
    Url,
    Version,
)
from ..shapes import configuration
from .versions import publish

Q = TypeVar("Q", Policy, EventInvoke, Provisioned, Url)
OWNER = function_settings.OWNER
LOCATION_LIFE = 600  # seconds that Code.Location works, as on AWS


@operation("lambda", "CreateFunction", resource=function_settings.configured)
async def create_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Creates a function from a package (or a container image) that runs as a role.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    """
    which = target(ctx, req["FunctionName"])
    package = req.get("PackageType") or "Zip"
    if read(ctx, req["FunctionName"]).qualifier or which.account != ctx.account:
        raise InvalidParameterValue(f"The function name must not name a version or an account: {arn_of(ctx, which)}")
    if package == "Zip" and not (req.get("Runtime") and req.get("Handler")):
        if req.get("Code", {}).get("ImageUri"):
            raise InvalidParameterValue("Please set PackageType to Image when specifying an ImageUri.")
        if not req.get("Runtime") or not str(req["Runtime"]).startswith("provided"):
            raise InvalidParameterValue(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
    function_settings.check(req)
    if await ctx.fetch(lambda tx: tx.get(FUNCTIONS, which.key)) is not None:
        raise ResourceConflict(f"Function already exist: {which.name}")
    await function_settings.check_role(ctx, req["Role"])
    if package == "Zip":
        async with loaded(ctx, req["Code"], "CreateFunction") as stored:
            return await ctx.transact(_create, ctx, req, which, stored)
    if not req["Code"].get("ImageUri"):
        raise InvalidParameterValue("Please provide a source for function code.")
    return await ctx.transact(_create, ctx, req, which, None)


def _create(
    tx: Transaction, ctx: Context, req: dict[str, Any], which: Target, stored: Package | None
) -> dict[str, Any]:
    if tx.get(FUNCTIONS, which.key) is not None:
        raise ResourceConflict(f"Function already exist: {which.name}")
    account, region, name = which.key
    version = Version(
        account=account, region=region, name=name, number=0, role=req["Role"], package=req.get("PackageType") or "Zip",
        revision=ctx.ids.uuid(), modified=ctx.now(), updating=True,
    )  # fmt: skip
    function_settings.apply(tx, ctx, version, req)
    if stored is not None:
        storage.hold(tx, ctx, (account, region), stored.size)
        ctx.blobs.publish(tx, stored.blob, OWNER)
        version.blob, version.code_sha256, version.code_size = stored.blob.id, stored.sha256, stored.size
    else:
        version.image = req["Code"]["ImageUri"]
        version.code_sha256 = version.image.rpartition("sha256:")[2] if "sha256:" in version.image else ""
    function = Function(account=account, region=region, name=name, tags=dict(req.get("Tags") or {}))
    tx.put(FUNCTIONS, function)
    tx.put(VERSIONS, version)
    ctx.later(tx, SETTLE, {"account": account, "name": name, "number": 0}, name=f"settle/{name}/0")
    if req.get("Publish"):
        first = publish(tx, ctx, function, version, "")
        return configuration(ctx, first, qualifier=first.version)
    return configuration(ctx, version)


@operation("lambda", "GetFunction", resource=qualified)
def get_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns a function's configuration, tags and reserved concurrency, and a link to its package.

    The link is valid for ten minutes.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    """
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    with ctx.read() as tx:
        function = lookups.function(tx, ctx, which)
        version = lookups.version(tx, ctx, which)
    code: dict[str, Any] = {"RepositoryType": "ECR", "ImageUri": version.image, "ResolvedImageUri": version.image}
    if version.package == "Zip":
        code = {"RepositoryType": "S3", "Location": location(ctx, version.blob, f"{version.name}.zip")}
    shown: dict[str, Any] = {
        "Configuration": configuration(ctx, version, qualifier=which.qualifier),
        "Code": code,
    }
    if function.tags:
        shown["Tags"] = function.tags
    if function.reserved is not None:
        shown["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
    return shown


def location(ctx: Context, blob: str, name: str) -> str:
    """Returns a link to a package that works without credentials, for ten minutes."""
    token = paging.encode(ctx.app.secret, "lambda/code", [blob, int(ctx.now()) + LOCATION_LIFE])
    return f"{ctx.endpoint}/_aws/lambda-url/code/{token}/{name}"


@operation("lambda", "GetFunctionConfiguration", resource=qualified)
def get_function_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html"""
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    with ctx.read() as tx:
        version = lookups.version(tx, ctx, which)
    return configuration(ctx, version, qualifier=which.qualifier)


@operation("lambda", "ListFunctions", resource="*")
def list_functions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists the functions of the account and region; with FunctionVersion ALL, every version of each.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
    """
    every = req.get("FunctionVersion") == "ALL"
    with ctx.read() as tx:
        found = [v for v in tx.scan(VERSIONS, (ctx.account, ctx.region)) if every or v.number == 0]
    shown, more = lookups.page(ctx, found, req, lambda v: (v.name, v.number))
    return {
        "Functions": [configuration(ctx, v, qualifier=v.version if every else "", listed=True) for v in shown],
        **more,
    }


@operation("lambda", "DeleteFunction", resource=qualified)
async def delete_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes a function and everything that belongs to it, or one published version.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
    """
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    if which.qualifier == "$LATEST":
        raise InvalidParameterValue("$LATEST version cannot be deleted without deleting the function.")
    await ctx.transact(_delete, ctx, which)
    ctx.app.local(Fleet).retire(which.key)
    return {"StatusCode": 204}


def _delete(tx: Transaction, ctx: Context, which: Target) -> None:
    function = lookups.function(tx, ctx, which)
    if which.qualifier:
        _delete_version(tx, ctx, which)
        return
    for version in lookups.published(tx, which):
        drop_version(tx, ctx, version)
    for alias in list(tx.scan(ALIASES, which.key)):
        tx.delete(ALIASES, (*which.key, alias.alias))
    _delete_qualified(tx, which, POLICIES)
    _delete_qualified(tx, which, EVENT_INVOKES)
    _delete_qualified(tx, which, PROVISIONED)
    _delete_qualified(tx, which, URLS)
    if function.reserved is not None:
        total = tx.get(CONCURRENCY, which.key[:2])
        if total is not None:
            total.reserved -= function.reserved
            tx.put(CONCURRENCY, total)
    tx.delete(FUNCTIONS, which.key)
    ctx.cancel(tx, SETTLE, f"settle/{which.name}/0")


def _delete_qualified(tx: Transaction, which: Target, table: Table[Q]) -> None:
    for record in list(tx.scan(table, which.key)):
        tx.delete(table, (*which.key, record.qualifier))


def _delete_version(tx: Transaction, ctx: Context, which: Target) -> None:
    if not which.qualifier.isdigit():
        raise InvalidParameterValue("Deletion of aliases is not currently supported.")
    version = lookups.version(tx, ctx, which)
    pointing = _aliases_of(tx, which)
    if pointing:
        arns = ", ".join(arn_of(ctx, Target(*which.key, alias)) for alias in pointing)
        raise ResourceConflict(f"Version is referenced by alias(es): {arns}")
    drop_version(tx, ctx, version)


def _aliases_of(tx: Reader, which: Target) -> list[str]:
    aliases = tx.scan(ALIASES, which.key)
    return [a.alias for a in aliases if which.qualifier == a.version or which.qualifier in a.weights]


def drop_version(tx: Transaction, ctx: Context, version: Version) -> None:
    """Deletes a version. Its package is deleted when nothing else refers to it."""
    if version.blob:
        ctx.blobs.release(tx, version.blob, OWNER)
    for layer in version.layers:
        ctx.blobs.release(tx, layer.blob, OWNER)
    tx.delete(VERSIONS, (version.account, version.region, version.name, version.number))
    sweep_later(tx, ctx)


@operation("lambda", "GetFunctionCodeSigningConfig", resource=named)
def get_function_code_signing_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Returns only the function's name, as AWS does for a function without code signing; Fogbank has none with it.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html
    """
    which = target(ctx, req["FunctionName"])
    with ctx.read() as tx:
        lookups.function(tx, ctx, which)
    return {"FunctionName": which.name}
