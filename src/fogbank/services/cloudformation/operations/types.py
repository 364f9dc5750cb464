"""The registry of types: AWS's own types, and the configurations of extensions, which are only kept.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/registry.html

Private and third-party extensions cannot be registered or activated, so lists of them are empty.
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Record, Table
from fogbank.wire import resource_schemas
from fogbank.wire.resource_schemas import Definition, ResourceSchema

from .describing import page


class TypeNotFound(ServiceError):
    code = "TypeNotFoundException"
    status = 404


class TypeConfiguration(Record):
    """The configuration of an extension, as SetTypeConfiguration got it."""

    account: str
    region: str
    type_arn: str
    alias: str
    configuration: str
    updated: float
    type_name: str = ""


CONFIGURATIONS = Table(
    "cloudformation/typeconfiguration",
    TypeConfiguration,
    key=lambda c: (c.account, c.region, c.type_arn, c.alias),
)


def _arn(ctx: Context, type_name: str, word: str = "resource") -> str:
    return ctx.arn("cloudformation", f"type/{word}/{type_name.replace('::', '-')}", account="")


@operation("cloudformation", "ListTypes", resource="*")
def list_types(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List AWS's resource types (Visibility PUBLIC); the account has none of its own.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListTypes.html
    """
    filters = req.get("Filters") or {}
    public = req.get("Visibility") == "PUBLIC" and req.get("Type", "RESOURCE") == "RESOURCE"
    theirs = filters.get("Category", "AWS_TYPES") == "AWS_TYPES" and req.get("DeprecatedStatus", "LIVE") == "LIVE"
    found = []
    if public and theirs:
        prefix, wanted = filters.get("TypeNamePrefix") or "", req.get("ProvisioningType")
        found = [name for name in resource_schemas.all_types() if name.startswith(prefix)]
        if wanted:
            found = [name for name in found if _provisioning(name) == wanted]
    shown, token = page(ctx, sorted(found), req, lambda name: name, size=int(req.get("MaxResults") or 100))
    summaries = [
        {"Type": "RESOURCE", "TypeName": name, "TypeArn": _arn(ctx, name), "IsActivated": True} for name in shown
    ]
    return {"TypeSummaries": summaries, **token}


def _provisioning(type_name: str) -> str:
    schema = resource_schemas.find(type_name)
    if schema is None or schema.classic:
        return "NON_PROVISIONABLE"
    writable = set(schema.properties) - set(schema.read_only)
    return "IMMUTABLE" if writable <= set(schema.create_only) else "FULLY_MUTABLE"


@operation("cloudformation", "DescribeType", resource="*")
def describe_type(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Describe one of AWS's resource types, with as much of its schema as Fogbank has.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html
    """
    name = req.get("TypeName") or (req.get("Arn") or "").rpartition("/")[2].replace("-", "::")
    if not name:
        raise ValidationError("Either Arn or TypeName and Type must be specified")
    schema = resource_schemas.find(name)
    if schema is None:
        raise TypeNotFound(f"The type '{name}' cannot be found.")
    return {
        "Arn": _arn(ctx, name),
        "Type": "RESOURCE",
        "TypeName": name,
        "IsDefaultVersion": True,
        "Schema": json.dumps(published(name, schema), separators=(",", ":")),
        "ProvisioningType": _provisioning(name),
        "DeprecatedStatus": "LIVE",
        "Visibility": "PUBLIC",
        "IsActivated": True,
    }


def published(type_name: str, schema: ResourceSchema) -> dict[str, Any]:
    """A type's schema in the form that AWS publishes, without descriptions, bounds and patterns."""
    found: dict[str, Any] = {
        "typeName": type_name,
        "properties": _members(schema.properties),
        "additionalProperties": False,
        "primaryIdentifier": [_pointer(path) for path in schema.id],
    }
    optional = {
        "definitions": {name: _definition(each) for name, each in schema.definitions.items()},
        "required": list(schema.required),
        "createOnlyProperties": [_pointer(path) for path in schema.create_only],
        "conditionalCreateOnlyProperties": [_pointer(path) for path in schema.conditional_create_only],
        "readOnlyProperties": [_pointer(path) for path in schema.read_only],
        "writeOnlyProperties": [_pointer(path) for path in schema.write_only],
        "tagging": {"taggable": True, "tagProperty": _pointer(schema.tags)} if schema.tags else {},
        "handlers": {name: {"permissions": [action]} for name, action in schema.actions.items()},
    }
    return found | {name: value for name, value in optional.items() if value}


def _pointer(path: str) -> str:
    return f"/properties/{path}"


def _members(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: _kind(kind) for name, kind in properties.items()}


def _definition(definition: Definition) -> dict[str, Any]:
    found = {"type": "object", "properties": _members(definition.properties), "additionalProperties": definition.open}
    return found | ({"required": list(definition.required)} if definition.required else {})


def _kind(kind: Any) -> dict[str, Any]:
    if kind == "json":
        return {"type": ["object", "array", "string"]}
    if isinstance(kind, list):
        return {"type": "array", "items": _kind(kind[0])}
    if isinstance(kind, dict):
        return {"type": "object", "patternProperties": {".*": _kind(kind["*"])}}
    return {"$ref": f"#/definitions/{kind[1:]}"} if kind.startswith("#") else {"type": kind}


# -- what nothing in this cloud has ------------------------------------------------------------------------------------


@operation("cloudformation", "ListTypeVersions", resource="*")
def list_type_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the versions of an extension; no extension is registered here, and AWS's types have none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListTypeVersions.html
    """
    return {"TypeVersionSummaries": []}


@operation("cloudformation", "ListTypeRegistrations", resource="*")
def list_type_registrations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListTypeRegistrations.html"""
    return {"RegistrationTokenList": []}


@operation("cloudformation", "ListHookResults", resource="*")
def list_hook_results(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the results of hooks; there are no hooks.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListHookResults.html
    """
    target = {name: req[name] for name in ("TargetType", "TargetId") if req.get(name)}
    return {**target, "HookResults": []}


# -- configurations ----------------------------------------------------------------------------------------------------


@operation("cloudformation", "SetTypeConfiguration", resource="*", fidelity="recorded")
def set_type_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep the configuration of an extension.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetTypeConfiguration.html
    """
    try:
        json.loads(req["Configuration"])
    except ValueError:
        raise ValidationError("Configuration is not valid JSON") from None
    kept = TypeConfiguration(
        account=ctx.account,
        region=ctx.region,
        type_arn=_type_arn(ctx, req),
        alias=req.get("ConfigurationAlias") or "default",
        configuration=req["Configuration"],
        updated=ctx.now(),
        type_name=req.get("TypeName") or "",
    )
    with ctx.write() as tx:
        tx.put(CONFIGURATIONS, kept)
    return {"ConfigurationArn": _configuration_arn(ctx, kept)}


def _type_arn(ctx: Context, identifier: dict[str, Any]) -> str:
    """The type's ARN, from the members that name it. Raises ValidationError."""
    if identifier.get("TypeArn"):
        return str(identifier["TypeArn"])
    if identifier.get("TypeConfigurationArn"):
        return str(identifier["TypeConfigurationArn"]).rpartition("/")[0].replace(":type-configuration/", ":type/")
    if not identifier.get("TypeName"):
        raise ValidationError("Either TypeArn or TypeName and Type must be specified")
    return _arn(ctx, identifier["TypeName"], (identifier.get("Type") or "RESOURCE").lower())


def _configuration_arn(ctx: Context, kept: TypeConfiguration) -> str:
    return f"{kept.type_arn.replace(':type/', ':type-configuration/')}/{kept.alias}"


@operation("cloudformation", "BatchDescribeTypeConfigurations", resource="*", fidelity="recorded")
def batch_describe_type_configurations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_BatchDescribeTypeConfigurations.html"""
    found, errors = [], []
    with ctx.read() as tx:
        for each in req["TypeConfigurationIdentifiers"]:
            alias = each.get("TypeConfigurationAlias") or "default"
            kept = tx.get(CONFIGURATIONS, (ctx.account, ctx.region, _type_arn(ctx, each), alias))
            if kept is None:
                code, message = "TypeConfigurationNotFoundException", "The type configuration cannot be found."
                errors.append({"ErrorCode": code, "ErrorMessage": message, "TypeConfigurationIdentifier": each})
                continue
            found.append(
                {
                    "Arn": _configuration_arn(ctx, kept),
                    "Alias": kept.alias,
                    "Configuration": kept.configuration,
                    "LastUpdated": kept.updated,
                    "TypeArn": kept.type_arn,
                    "IsDefaultConfiguration": kept.alias == "default",
                    **({"TypeName": kept.type_name} if kept.type_name else {}),
                }
            )
    return {"TypeConfigurations": found, "Errors": errors, "UnprocessedTypeConfigurations": []}
