"""Aliases: names for versions. An alias may send a share of its traffic to a second version.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from .. import lookups
from ..arns import Target, arn_of, named, number_of, target
from ..errors import InvalidParameterValue, ResourceConflict, ResourceNotFound
from ..records import ALIASES, LATEST, POLICIES, VERSIONS, Alias
from ..shapes import alias_shape


@operation("lambda", "CreateAlias", resource=named)
def create_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html"""
    which = _alias_target(ctx, req)
    if number_of(which.qualifier) is not None:
        raise InvalidParameterValue(f"Alias name cannot be a number: {which.qualifier}")
    with ctx.write() as tx:
        lookups.function(tx, ctx, which)
        if tx.get(ALIASES, (*which.key, which.qualifier)) is not None:
            raise ResourceConflict(f"Alias already exists: {arn_of(ctx, which)}")
        alias = Alias(
            account=which.account, region=which.region, name=which.name, alias=which.qualifier, version="",
            revision=ctx.ids.uuid(),
        )  # fmt: skip
        _point(tx, ctx, alias, req)
    return alias_shape(ctx, alias)


@operation("lambda", "UpdateAlias", resource=named)
def update_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html"""
    which = _alias_target(ctx, req)
    with ctx.write() as tx:
        alias = _require(tx, ctx, which)
        lookups.check_revision(alias.revision, req.get("RevisionId"))
        alias.revision = ctx.ids.uuid()
        _point(tx, ctx, alias, req)
    return alias_shape(ctx, alias)


def _point(tx: Transaction, ctx: Context, alias: Alias, req: dict[str, Any]) -> None:
    """Applies a request to an alias. Raises ResourceNotFound when a version of it does not exist."""
    key = (alias.account, alias.region, alias.name)
    if req.get("FunctionVersion"):
        alias.version = req["FunctionVersion"]
    if req.get("Description") is not None:
        alias.description = req["Description"]
    if req.get("RoutingConfig") is not None:
        alias.weights = dict(req["RoutingConfig"].get("AdditionalVersionWeights") or {})
    if len(alias.weights) > 1:
        raise InvalidParameterValue("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for version in (alias.version, *alias.weights):
        number = number_of(version)
        if number is None or tx.get(VERSIONS, (*key, number)) is None:
            raise ResourceNotFound(f"Function not found: {arn_of(ctx, Target(*key, version))}")
    for version, weight in alias.weights.items():
        if version == alias.version:
            raise InvalidParameterValue(f"Invalid function version {version}. Function version {version} is already "
                                        "included in routing configuration.")  # fmt: skip
        if LATEST in (version, alias.version):
            raise InvalidParameterValue("$LATEST is not supported for an alias pointing to more than 1 version")
        if not 0.0 <= weight <= 1.0:
            raise InvalidParameterValue(f"Value '{weight}' at 'routingConfig' must be between 0.0 and 1.0")
    tx.put(ALIASES, alias)


@operation("lambda", "GetAlias", resource=named)
def get_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html"""
    which = _alias_target(ctx, req)
    with ctx.read() as tx:
        return alias_shape(ctx, _require(tx, ctx, which))


@operation("lambda", "DeleteAlias", resource=named)
def delete_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Deletes an alias and its permissions; succeeds also when there is none.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html
    """
    which = _alias_target(ctx, req)
    with ctx.write() as tx:
        lookups.function(tx, ctx, which)
        tx.delete(ALIASES, (*which.key, which.qualifier))
        tx.delete(POLICIES, (*which.key, which.qualifier))
    return {}


@operation("lambda", "ListAliases", resource=named)
def list_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists the aliases of a function, or only those that point at one version.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html
    """
    which = target(ctx, req["FunctionName"])
    asked = req.get("FunctionVersion")
    with ctx.read() as tx:
        lookups.function(tx, ctx, which)
        found = [a for a in tx.scan(ALIASES, which.key) if not asked or asked == a.version or asked in a.weights]
    shown, more = lookups.page(ctx, found, req, lambda a: a.alias)
    return {"Aliases": [alias_shape(ctx, alias) for alias in shown], **more}


def _alias_target(ctx: Context, req: dict[str, Any]) -> Target:
    which = target(ctx, req["FunctionName"])
    return Target(*which.key, req["Name"])


def _require(tx: Reader, ctx: Context, which: Target) -> Alias:
    lookups.function(tx, ctx, which)
    alias = tx.get(ALIASES, (*which.key, which.qualifier))
    if alias is None:
        raise ResourceNotFound(f"Cannot find alias arn: {arn_of(ctx, which)}")
    return alias
