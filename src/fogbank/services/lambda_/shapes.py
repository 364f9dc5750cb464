"""Converts records to the structures of responses."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from fogbank.core.context import Context

from .arns import function_arn, mapping_arn
from .layers import layer_arn
from .records import Alias, EventInvoke, Layer, Mapping, Version
from .runtimes import wanted


def stamp(seconds: float) -> str:
    """Formats a time as Lambda does: 2024-01-31T10:20:30.000+0000."""
    whole = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{int(seconds * 1000) % 1000:03d}+0000"


def runtime_version_arn(ctx: Context, runtime: str) -> str:
    digest = hashlib.sha256(runtime.encode()).hexdigest()
    return ctx.arn("lambda", f"runtime:{digest}", account="")


def configuration(
    ctx: Context, version: Version, *, qualifier: str = "", listed: bool = False, invokable: bool = True
) -> dict[str, Any]:
    """Builds a FunctionConfiguration. `qualifier` ends the ARN; a listing omits the states.

    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    """
    shown: dict[str, Any] = {
        "FunctionName": version.name,
        "FunctionArn": function_arn(ctx, version.account, version.name, qualifier),
        "Role": version.role,
        "CodeSize": version.code_size,
        "Description": version.description,
        "Timeout": version.timeout,
        "MemorySize": version.memory,
        "LastModified": stamp(version.modified),
        "CodeSha256": version.code_sha256,
        "Version": version.version,
        "TracingConfig": {"Mode": version.tracing},
        "RevisionId": version.revision,
        "PackageType": version.package,
        "Architectures": version.architectures,
        "EphemeralStorage": {"Size": version.ephemeral},
        "SnapStart": {"ApplyOn": version.snap_start, "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{version.name}", **version.logging},
        **version.extras,
    }
    if version.package == "Zip":
        shown |= {"Runtime": version.runtime, "Handler": version.handler}
    if version.environment is not None:
        shown["Environment"] = {"Variables": version.environment}
    if version.kms_key:
        shown["KMSKeyArn"] = version.kms_key
    if version.layers:
        shown["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.size} for layer in version.layers]
    if not listed:
        shown["State"] = version.state
        if version.state == "Pending":
            shown |= {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
        shown["LastUpdateStatus"] = "InProgress" if version.updating else "Successful"
        if version.updating:
            shown["LastUpdateStatusReason"] = "The function is being updated."
            shown["LastUpdateStatusReasonCode"] = "Creating" if version.state == "Pending" else "Updating"
        if wanted(version.runtime):
            shown["RuntimeVersionConfig"] = {"RuntimeVersionArn": runtime_version_arn(ctx, version.runtime)}
    return shown


def alias_shape(ctx: Context, alias: Alias) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "AliasArn": function_arn(ctx, alias.account, alias.name, alias.alias),
        "Name": alias.alias,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    }
    if alias.weights:
        shown["RoutingConfig"] = {"AdditionalVersionWeights": alias.weights}
    return shown


def layer_item(ctx: Context, layer: Layer) -> dict[str, Any]:
    """Builds a LayerVersionsListItem."""
    shown: dict[str, Any] = {
        "LayerVersionArn": layer_arn(ctx, layer.account, layer.name, layer.number),
        "Version": layer.number,
        "CreatedDate": stamp(layer.created),
    }
    if layer.description:
        shown["Description"] = layer.description
    if layer.runtimes:
        shown["CompatibleRuntimes"] = layer.runtimes
    if layer.architectures:
        shown["CompatibleArchitectures"] = layer.architectures
    if layer.license:
        shown["LicenseInfo"] = layer.license
    return shown


def event_invoke_shape(ctx: Context, config: EventInvoke) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LastModified": config.modified,
        "FunctionArn": function_arn(ctx, config.account, config.name, config.qualifier or "$LATEST"),
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
            "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
        },
    }
    if config.retries is not None:
        shown["MaximumRetryAttempts"] = config.retries
    if config.age is not None:
        shown["MaximumEventAgeInSeconds"] = config.age
    return shown


def mapping_shape(ctx: Context, mapping: Mapping) -> dict[str, Any]:
    """Builds an EventSourceMappingConfiguration."""
    return {
        "UUID": mapping.id,
        "EventSourceMappingArn": mapping_arn(ctx, (mapping.account, mapping.region, mapping.id)),
        "EventSourceArn": mapping.source,
        "FunctionArn": function_arn(ctx, mapping.account, mapping.function, mapping.qualifier),
        "BatchSize": mapping.batch,
        "MaximumBatchingWindowInSeconds": mapping.window,
        "State": mapping.state,
        "StateTransitionReason": "USER_INITIATED",
        "LastModified": mapping.modified,
        "LastProcessingResult": mapping.result,
        "FunctionResponseTypes": [],
        **mapping.extras,
    }
