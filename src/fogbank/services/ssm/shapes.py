"""Converts parameters to response shapes."""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.context import Context

from . import policies
from .arns import arn_of_record
from .records import Parameter


def shape(ctx: Context, parameter: Parameter, chosen: str, asked: str = "") -> dict[str, Any]:
    """A `Parameter`. `chosen` is the selector of the request, `asked` the name in it."""
    shown = {**_common(parameter), "Value": parameter.value, "ARN": arn_of_record(ctx, parameter)}
    if asked and not asked.startswith("arn:"):
        shown["Name"] = asked.partition(":")[0]
    return {**shown, "Selector": chosen} if chosen else shown


def metadata(ctx: Context, parameter: Parameter) -> dict[str, Any]:
    """A `ParameterMetadata`: everything but the value."""
    return {**_described(parameter), "ARN": arn_of_record(ctx, parameter)}


def history(parameter: Parameter) -> dict[str, Any]:
    """A `ParameterHistory`."""
    return {**_described(parameter), "Value": parameter.value, "Labels": parameter.labels}


def _common(parameter: Parameter) -> dict[str, Any]:
    return {
        "Name": parameter.name,
        "Type": parameter.type,
        "Version": parameter.version,
        "LastModifiedDate": parameter.modified,
        "DataType": parameter.data_type,
    }


def _described(parameter: Parameter) -> dict[str, Any]:
    found = policies.read(parameter.policies) if parameter.policies else []
    shown = {
        "LastModifiedUser": parameter.user,
        "Tier": parameter.tier,
        "Policies": [
            {"PolicyText": json.dumps(policy), "PolicyType": policy["Type"], "PolicyStatus": "Pending"}
            for policy in found
        ],
    }
    return {**_common(parameter), **shown, **_optional(parameter)}


def _optional(parameter: Parameter) -> dict[str, Any]:
    """Members that are absent when unset, not empty: deployment tools compare them."""
    found = {
        "Description": parameter.description,
        "AllowedPattern": parameter.allowed_pattern,
        "KeyId": parameter.key_id,
    }
    return {key: value for key, value in found.items() if value}
