"""A function's configuration: checks it in requests, and applies it to a Version.

CreateFunction and UpdateFunctionConfiguration share this.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError, ValidationError
from fogbank.core.operation import Access
from fogbank.network import placement
from fogbank.store.api import Reader, Transaction

from .archives import UNZIPPED_LIMIT
from .arns import LAMBDA, named, service_of
from .environments.variables import RESERVED
from .errors import AccessDeniedByRole, InvalidParameterValue
from .layers import VERSION_BY_ARN
from .records import LayerUse, Version

OWNER = "lambda"
ENVIRONMENT_LIMIT = 4096  # bytes of all variables as JSON
RETURNED = ("DeadLetterConfig", "FileSystemConfigs", "DurableConfig", "CapacityProviderConfig", "TenancyConfig")
NOT_ASSUMABLE = "The role defined for the function cannot be assumed by Lambda."


def configured(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Returns the accesses that both operations require: to the function, its tags, the layers and the role.

    https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
    """
    function = named(ctx, req)
    layers = [VERSION_BY_ARN.name(ctx, arn) for arn in req.get("Layers") or ()]
    conditions = {"lambda:Layer": [str(layer) for layer in layers]} if layers else {}
    needed = [Access("", function, conditions), *(Access("lambda:GetLayerVersion", layer) for layer in layers)]
    if req.get("Tags"):
        needed.append(Access("lambda:TagResource", function))
    if req.get("Role"):
        needed.append(roles.passed(ctx, req["Role"], LAMBDA))
    return needed


def check(req: dict[str, Any]) -> None:
    """Checks the rules that AWS's model does not contain. Raises ValidationError or InvalidParameterValue."""
    for member, name, least, most in (("Timeout", "timeout", 1, 900), ("MemorySize", "memorySize", 128, 10240)):
        value = req.get(member)
        if value is not None and not least <= value <= most:
            bound = f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
            raise ValidationError(
                f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must "
                f"have value {bound}"
            )
    variables = (req.get("Environment") or {}).get("Variables")
    if variables:
        _check_variables(variables)
    if len(req.get("Layers") or ()) > 5:
        raise InvalidParameterValue("Cannot reference more than 5 layers.")
    size = (req.get("EphemeralStorage") or {}).get("Size")
    if size is not None and not 512 <= size <= 10240:
        raise ValidationError(
            f"1 validation error detected: Value '{size}' at 'ephemeralStorage.size' failed to satisfy constraint: "
            "Member must have value between 512 and 10240"
        )


def _check_variables(variables: dict[str, str]) -> None:
    used = sorted(RESERVED & variables.keys())
    prefix = "Lambda was unable to configure your environment variables because the environment variables you have "
    if used:
        raise InvalidParameterValue(
            f"{prefix}provided contains reserved keys that are currently not supported for modification. Reserved "
            f"keys used in this request: {', '.join(used)}"
        )
    text = msgspec.json.encode(variables)
    if len(text) > ENVIRONMENT_LIMIT:
        raise InvalidParameterValue(f"{prefix}provided exceeded the 4KB limit. String measured: {text.decode()}")


async def check_role(ctx: Context, role: str) -> None:
    """Checks, by assuming the role as Lambda does, that it exists and trusts Lambda.

    Raises InvalidParameterValue or AccessDenied.
    """
    if roles.account_of(role, ctx.partition) not in ("", ctx.account):
        raise AccessDeniedByRole("Cross-account pass role is not allowed.")
    try:
        await ctx.assume(role, by=LAMBDA, session="awslambda")
    except ServiceError:
        raise InvalidParameterValue(NOT_ASSUMABLE) from None


def apply(tx: Transaction, ctx: Context, version: Version, req: dict[str, Any]) -> None:
    """Applies the members of a request to the version; leaves the rest unchanged."""
    plain = {
        "Role": "role", "Runtime": "runtime", "Handler": "handler", "Description": "description", "Timeout": "timeout",
        "MemorySize": "memory", "KMSKeyArn": "kms_key", "Architectures": "architectures",
    }  # fmt: skip
    for member, field in plain.items():
        if req.get(member) is not None:
            setattr(version, field, req[member])
    if "Environment" in req:
        variables = (req["Environment"] or {}).get("Variables")
        version.environment = dict(variables) if variables else None
    nested = (("TracingConfig", "Mode", "tracing"), ("EphemeralStorage", "Size", "ephemeral"),
              ("SnapStart", "ApplyOn", "snap_start"))  # fmt: skip
    for member, inner, field in nested:
        if (req.get(member) or {}).get(inner) is not None:
            setattr(version, field, req[member][inner])
    if req.get("LoggingConfig"):
        version.logging = _logging(req["LoggingConfig"])
    if req.get("ImageConfig"):
        version.extras = {**version.extras, "ImageConfigResponse": {"ImageConfig": req["ImageConfig"]}}
    _apply_structures(tx, ctx, version, req)
    if "Layers" in req:
        set_layers(tx, ctx, version, req["Layers"] or [])
    only_kept = {
        "KMSKeyArn": req.get("KMSKeyArn"),
        "VpcConfig": (req.get("VpcConfig") or {}).get("SubnetIds"),
        "FileSystemConfigs": req.get("FileSystemConfigs"),
        "TracingConfig": (req.get("TracingConfig") or {}).get("Mode") == "Active",
        "SnapStart": (req.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions",
    }
    ctx.recorded(*(member for member, asked in only_kept.items() if asked))


def _logging(config: dict[str, str]) -> dict[str, str]:
    """Returns LoggingConfig as responses show it: JSON logs have levels, INFO by default."""
    if config.get("LogFormat") != "JSON":
        if config.get("ApplicationLogLevel") or config.get("SystemLogLevel"):
            raise InvalidParameterValue("To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON.")
        return dict(config)
    return {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **config}


def _vpc(tx: Transaction, ctx: Context, subnets: list[str], groups: list[str]) -> str:
    """The VPC of a function. The text of several VPCs is not confirmed; the others quote EC2, as Lambda does."""
    try:
        return placement.vpc_of(tx, ctx, subnets, groups)
    except ServiceError as error:
        asked = "SecurityGroups" if "Group" in error.code else "Subnets"
        raise InvalidParameterValue(
            f"Error occurred while Describe{asked}. EC2 Error Code: {error.code}. EC2 Error Message: {error.message}"
        ) from None


def _apply_structures(tx: Transaction, ctx: Context, version: Version, req: dict[str, Any]) -> None:
    extras = dict(version.extras)
    vpc = req.get("VpcConfig")
    if vpc is not None:
        subnets, groups = vpc.get("SubnetIds") or [], vpc.get("SecurityGroupIds") or []
        if bool(subnets) != bool(groups):
            raise InvalidParameterValue("SubnetIds and SecurityIds must coexist or be both empty list.")
        extras["VpcConfig"] = {
            "SubnetIds": subnets,
            "SecurityGroupIds": groups,
            "VpcId": _vpc(tx, ctx, subnets, groups) if subnets else "",
            "Ipv6AllowedForDualStack": bool(vpc.get("Ipv6AllowedForDualStack")),
        }
    for member in RETURNED:
        if req.get(member) is not None:
            extras[member] = req[member]
    if "DeadLetterConfig" in extras:
        letters = extras["DeadLetterConfig"].get("TargetArn")
        if not letters:
            del extras["DeadLetterConfig"]
        elif service_of(ctx, letters) not in ("sqs", "sns"):
            raise InvalidParameterValue(f"The provided DeadLetterConfig is invalid: {letters}")
    if extras.get("FileSystemConfigs") == []:
        del extras["FileSystemConfigs"]
    version.extras = extras


def set_layers(tx: Transaction, ctx: Context, version: Version, arns: list[str]) -> None:
    """Sets a version's layers, in this order. Raises when a layer version does not exist, or a layer occurs twice."""
    before = list(version.layers)
    version.layers = [find_layer(tx, ctx, arn) for arn in arns]
    names = [arn.rsplit(":", 1)[0] for arn in arns]
    for name in names:
        if names.count(name) > 1:
            raise InvalidParameterValue(f"Two different versions of the same layer are not allowed to be referenced in "
                                        f"the same function. {name}")  # fmt: skip
    for layer in version.layers:
        ctx.blobs.share(tx, layer.blob, OWNER)
    for layer in before:
        ctx.blobs.release(tx, layer.blob, OWNER)


def find_layer(tx: Reader, ctx: Context, arn: str) -> LayerUse:
    found = VERSION_BY_ARN.find(tx, ctx, arn)
    if found is None:
        raise InvalidParameterValue(f"Layer version {arn} does not exist.")
    return LayerUse(arn, found.size, found.blob)


def check_unzipped(total: int) -> None:
    """Raises InvalidParameterValue when a function's code and layers together exceed the unzipped limit."""
    if total > UNZIPPED_LIMIT:
        raise InvalidParameterValue(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_LIMIT} bytes. The "
            f"actual size is {total} bytes."
        )
