"""Parameter groups and their parameters.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import labels, names, nodes, parameters
from ..errors import InvalidParameterGroupState, InvalidParameterValue, ParameterGroupAlreadyExists
from ..listing import page
from ..names import PARAMETERS
from ..records import CLUSTERS, PARAMETER_GROUPS, ParameterGroup

Request = dict[str, Any]
MEMBER = "CacheParameterGroupName"


def _shape(ctx: Context, group: ParameterGroup) -> dict[str, Any]:
    return {
        "CacheParameterGroupName": group.name,
        "CacheParameterGroupFamily": group.family,
        "Description": group.description,
        "IsGlobal": False,
        "ARN": names.arn(ctx, PARAMETERS, group.name),
    }


@operation("elasticache", "CreateCacheParameterGroup", resource=names.new(PARAMETERS, MEMBER))
def create_cache_parameter_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Create a group with the defaults of its family."""
    name = names.identifier(MEMBER, req[MEMBER], 255)
    parameters.of_family(req["CacheParameterGroupFamily"])
    with ctx.write() as tx:
        if parameters.kept(tx, ctx, name) is not None:
            raise ParameterGroupAlreadyExists(f"Cache parameter group {name} already exists.")
        group = ParameterGroup(
            account=ctx.account,
            region=ctx.region,
            name=name,
            family=req["CacheParameterGroupFamily"],
            description=req["Description"],
            tags=labels.given(req),
        )
        tx.put(PARAMETER_GROUPS, group)
    return {"CacheParameterGroup": _shape(ctx, group)}


@operation("elasticache", "DescribeCacheParameterGroups", resource=names.listed(PARAMETERS, MEMBER))
def describe_cache_parameter_groups(ctx: Context, req: Request) -> dict[str, Any]:
    """Describe one group, or all, including AWS's default groups."""
    with ctx.read() as tx:
        if req.get(MEMBER):
            found = [parameters.named(tx, ctx, req[MEMBER])]
        else:
            found = [*parameters.all_built_in(ctx), *tx.scan(PARAMETER_GROUPS, (ctx.account, ctx.region))]
    found, more = page(ctx, req, sorted(found, key=lambda g: g.name), lambda group: group.name)
    return {"CacheParameterGroups": [_shape(ctx, group) for group in found], **more}


@operation("elasticache", "DeleteCacheParameterGroup", resource=names.of(PARAMETERS, MEMBER))
def delete_cache_parameter_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Delete a group that no cluster uses."""
    with ctx.write() as tx:
        group = parameters.named(tx, ctx, req[MEMBER])
        _own(group)
        used = (c for c in tx.scan(CLUSTERS, (ctx.account, ctx.region)) if c.settings.parameter_group == group.name)
        if next(used, None) is not None:
            raise InvalidParameterGroupState(f"One or more cache clusters are still members of this parameter group "
                                             f"{group.name}, so the group cannot be deleted.")  # fmt: skip
        tx.delete(PARAMETER_GROUPS, (ctx.account, ctx.region, group.name))
    return {}


def _own(group: ParameterGroup) -> None:
    if group.name.startswith("default."):
        raise InvalidParameterValue(f"The default parameter group {group.name} cannot be modified or deleted.")


@operation("elasticache", "ModifyCacheParameterGroup", resource=names.of(PARAMETERS, MEMBER))
def modify_cache_parameter_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Set parameters. Running nodes get those that need no reboot at once."""
    with ctx.write() as tx:
        group = parameters.named(tx, ctx, req[MEMBER])
        _own(group)
        group.values = group.values | parameters.check(group, req["ParameterNameValues"])
        tx.put(PARAMETER_GROUPS, group)
        tx.signal(nodes.topic(ctx))
    return {"CacheParameterGroupName": group.name}


@operation("elasticache", "ResetCacheParameterGroup", resource=names.of(PARAMETERS, MEMBER))
def reset_cache_parameter_group(ctx: Context, req: Request) -> dict[str, Any]:
    """Reset parameters to their defaults, those named or all."""
    with ctx.write() as tx:
        group = parameters.named(tx, ctx, req[MEMBER])
        _own(group)
        named = {item.get("ParameterName") for item in req.get("ParameterNameValues") or ()}
        if not named and not req.get("ResetAllParameters"):
            raise InvalidParameterValue("Either ResetAllParameters or ParameterNameValues must be provided.")
        group.values = {} if req.get("ResetAllParameters") else {
            name: value for name, value in group.values.items() if name not in named
        }  # fmt: skip
        tx.put(PARAMETER_GROUPS, group)
        tx.signal(nodes.topic(ctx))
    return {"CacheParameterGroupName": group.name}


def _parameters(family: str, values: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for name, known in sorted(parameters.of_family(family).items()):
        shape = {
            "ParameterName": name,
            "ParameterValue": values.get(name, known.value),
            "Description": known.text,
            "Source": "user" if name in values else "system",
            "DataType": known.kind,
            "AllowedValues": known.allowed,
            "IsModifiable": known.modifiable,
            "MinimumEngineVersion": f"{known.since or 2}.0.0",
            "ChangeType": "requires-reboot" if known.reboot else "immediate",
        }
        found.append(shape)
    return found


@operation("elasticache", "DescribeCacheParameters", resource=names.of(PARAMETERS, MEMBER))
def describe_cache_parameters(ctx: Context, req: Request) -> dict[str, Any]:
    """The parameters of a group."""
    with ctx.read() as tx:
        group = parameters.named(tx, ctx, req[MEMBER])
    found = _parameters(group.family, group.values)
    if req.get("Source"):
        found = [parameter for parameter in found if parameter["Source"] == req["Source"]]
    found, more = page(ctx, req, found, lambda parameter: parameter["ParameterName"])
    return {"Parameters": found, "CacheNodeTypeSpecificParameters": [], **more}


@operation("elasticache", "DescribeEngineDefaultParameters", resource="*")
def describe_engine_default_parameters(ctx: Context, req: Request) -> dict[str, Any]:
    """The parameters of a family."""
    family = req["CacheParameterGroupFamily"]
    found, more = page(ctx, req, _parameters(family, {}), lambda parameter: parameter["ParameterName"])
    defaults = {"CacheParameterGroupFamily": family, "Parameters": found, "CacheNodeTypeSpecificParameters": []}
    return {"EngineDefaults": {**defaults, **more}}
