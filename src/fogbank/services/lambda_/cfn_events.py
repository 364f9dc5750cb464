"""AWS::Lambda::EventSourceMapping, EventInvokeConfig, LayerVersion, LayerVersionPermission.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import create_once, given, text, unless
from fogbank.core.cfn_tables import Call, Named, Tags, change_tags, table, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .cfn import GONE, TAKEN
from .records import LAYERS

_MAPPING = (
    "BatchSize", "MaximumBatchingWindowInSeconds", "Enabled", "FilterCriteria", "FunctionResponseTypes",
    "ScalingConfig", "KmsKeyArn", "MetricsConfig", "ParallelizationFactor", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "BisectBatchOnFunctionError", "DestinationConfig", "TumblingWindowInSeconds",
    "SourceAccessConfigurations", "LoggingConfig", "ProvisionedPollerConfig", "DocumentDBEventSourceConfig",
)  # fmt: skip
_MAPPING_ONCE = (
    "EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "Topics", "Queues", "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig",
)  # fmt: skip


_TAGS = Tags(
    untag=("UntagResource", lambda ctx, arn, keys: {"Resource": arn, "TagKeys": keys}),
    tag=("TagResource", lambda ctx, arn, tags: {"Resource": arn, "Tags": tags}),
)


@resource("AWS::Lambda::EventSourceMapping")
class EventSourceMapping:
    """Ref and GetAtt Id: the UUID. GetAtt: EventSourceMappingArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = given(properties, "FunctionName", *_MAPPING, *_MAPPING_ONCE)
        if tags_of(properties):
            request["Tags"] = tags_of(properties)

        async def found() -> dict[str, Any] | None:
            """Finds the mapping of an earlier try.

            Mappings have no creation time, but a source and a function have at most one.
            """
            asked = given(properties, "FunctionName", "EventSourceArn")
            kept = (await ctx.call("lambda", "ListEventSourceMappings", asked))["EventSourceMappings"]
            return next((dict(mapping) for mapping in kept if name.claim(mapping["UUID"])), None)

        made = await create_once(name, lambda: ctx.call("lambda", "CreateEventSourceMapping", _renamed(request)), found)
        return _mapping(made)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = {"UUID": physical_id, **given(new, "FunctionName", *_MAPPING)}
        for member, empty in (("FilterCriteria", {"Filters": []}), ("FunctionResponseTypes", []), ("Enabled", True)):
            if old.get(member) is not None and new.get(member) is None:
                request[member] = empty
        made = _mapping(await ctx.call("lambda", "UpdateEventSourceMapping", _renamed(request)))
        await change_tags(ctx, "lambda", _TAGS, made.attributes["EventSourceMappingArn"], old, new)
        return made

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("lambda", "DeleteEventSourceMapping", {"UUID": physical_id}), GONE)


def _renamed(request: dict[str, Any]) -> dict[str, Any]:
    """Converts a template's request to the API's: patterns become text, and KmsKeyArn becomes KMSKeyArn."""
    criteria = request.get("FilterCriteria")
    if criteria:
        patterns = [{"Pattern": text(item.get("Pattern"))} for item in criteria.get("Filters") or ()]
        request["FilterCriteria"] = {"Filters": patterns}
    if "KmsKeyArn" in request:
        request["KMSKeyArn"] = request.pop("KmsKeyArn")
    return request


def _mapping(answer: dict[str, Any]) -> Resource:
    ident = answer["UUID"]
    return Resource(ident, {"Id": ident, "EventSourceMappingArn": answer["EventSourceMappingArn"]})


_INVOKED = ("FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
EVENT_INVOKE_CONFIG = table(
    "AWS::Lambda::EventInvokeConfig",  # Ref: the function and qualifier
    Named(
        "lambda",
        generate=lambda name, properties: f"{properties['FunctionName']}|{properties['Qualifier']}",
        create=Call("PutFunctionEventInvokeConfig", lambda name, properties: given(properties, *_INVOKED)),
        delete=Call("DeleteFunctionEventInvokeConfig", lambda name, properties: given(properties, *_INVOKED[:2])),
        gone=(GONE,),
    ),
)


@resource("AWS::Lambda::LayerVersion")
class LayerVersion:
    """Ref and GetAtt LayerVersionArn: the ARN of the version."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("LayerName") or name.physical(limit=140)
        names = ("Content", "CompatibleRuntimes", "CompatibleArchitectures", "Description", "LicenseInfo")
        request = {"LayerName": chosen, **given(properties, *names)}

        async def publish() -> str:
            return str((await ctx.call("lambda", "PublishLayerVersion", request))["LayerVersionArn"])

        arn = await create_once(name, publish, lambda: ctx.fetch(_layer_made, ctx, name, chosen))
        return Resource(arn, {"LayerVersionArn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"LayerVersionArn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        layer, number = _layer_version(physical_id)
        request = {"LayerName": layer, "VersionNumber": number}
        await unless(ctx.call("lambda", "DeleteLayerVersion", request), GONE)


def _layer_version(arn: str) -> tuple[str, int]:
    """The layer and the version that an ARN names; the text of one that does not is not confirmed."""
    layer, _, number = arn.rpartition(":")
    if not re.fullmatch("[0-9]{1,10}", number):
        raise ResourceFailed(f"{arn} is not the ARN of a layer version")
    return layer, int(number)


def _layer_made(tx: Reader, ctx: Context, name: Name, layer: str) -> str | None:
    versions = tx.scan(LAYERS, (ctx.account, ctx.region, layer))
    arns = ((ctx.arn("lambda", f"layer:{layer}:{version.number}"), version.created) for version in versions)
    return next((arn for arn, created in arns if name.made(created, arn)), None)


@resource("AWS::Lambda::LayerVersionPermission")
class LayerVersionPermission:
    """Ref: layer version and statement id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        layer, number = _layer_version(properties["LayerVersionArn"])
        sid = name.physical(limit=100)
        request = {
            "LayerName": layer,
            "VersionNumber": number,
            "StatementId": sid,
            **given(properties, "Action", "Principal", "OrganizationId"),
        }
        call = ctx.call("lambda", "AddLayerVersionPermission", request)
        # the statement id is this resource's own: when it is taken, an earlier try added it
        await unless(call, TAKEN)
        return Resource(f"{properties['LayerVersionArn']}#{sid}", {"Id": sid})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id.rpartition("#")[2]})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        arn, _, sid = physical_id.rpartition("#")
        layer, number = _layer_version(arn)
        request = {"LayerName": layer, "VersionNumber": number, "StatementId": sid}
        await unless(ctx.call("lambda", "RemoveLayerVersionPermission", request), GONE)
