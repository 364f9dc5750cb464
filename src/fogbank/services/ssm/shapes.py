"""How parameters look in responses."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .arns import arn_of
from .records import Parameter


def shape(ctx: Context, parameter: Parameter, chosen: str) -> dict[str, Any]:
    """A `Parameter`; `chosen` is the selector it was asked by."""
    shown = {
        "Name": parameter.name,
        "Type": parameter.type,
        "Value": parameter.value,
        "Version": parameter.version,
        "LastModifiedDate": parameter.modified,
        "ARN": arn_of(ctx, parameter.name),
        "DataType": parameter.data_type,
    }
    return {**shown, "Selector": chosen} if chosen else shown


def metadata(ctx: Context, parameter: Parameter) -> dict[str, Any]:
    """A `ParameterMetadata`: everything but the value."""
    shown = {
        "Name": parameter.name,
        "ARN": arn_of(ctx, parameter.name),
        "Type": parameter.type,
        "LastModifiedDate": parameter.modified,
        "LastModifiedUser": parameter.user,
        "Version": parameter.version,
        "Tier": parameter.tier,
        "Policies": [],
        "DataType": parameter.data_type,
    }
    return shown | _optional(parameter)


def history(parameter: Parameter) -> dict[str, Any]:
    """A `ParameterHistory`."""
    shown = {
        "Name": parameter.name,
        "Type": parameter.type,
        "Value": parameter.value,
        "LastModifiedDate": parameter.modified,
        "LastModifiedUser": parameter.user,
        "Version": parameter.version,
        "Labels": parameter.labels,
        "Tier": parameter.tier,
        "Policies": [],
        "DataType": parameter.data_type,
    }
    return shown | _optional(parameter)


def _optional(parameter: Parameter) -> dict[str, Any]:
    """Members that are absent, not empty, when unset: deploy tools compare."""
    found = {
        "Description": parameter.description,
        "AllowedPattern": parameter.allowed_pattern,
        "KeyId": parameter.key_id,
    }
    return {key: value for key, value in found.items() if value}
