"""AWS::Lambda::EventSourceMapping, EventInvokeConfig, LayerVersion, LayerVersionPermission.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfn import _given, _if_there, _tags, typed

_MAPPING = (
    "BatchSize", "MaximumBatchingWindowInSeconds", "Enabled", "FilterCriteria", "FunctionResponseTypes",
    "ScalingConfig", "KmsKeyArn", "MetricsConfig", "ParallelizationFactor", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "BisectBatchOnFunctionError", "DestinationConfig", "TumblingWindowInSeconds",
    "SourceAccessConfigurations", "LoggingConfig",
)  # fmt: skip
_MAPPING_ONCE = (
    "EventSourceArn", "StartingPosition", "Topics", "Queues", "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig",
)  # fmt: skip


@resource("AWS::Lambda::EventSourceMapping", immutable=("EventSourceArn", "StartingPosition", "SelfManagedEventSource"))
class EventSourceMapping:
    """Ref and GetAtt Id: the UUID. GetAtt: EventSourceMappingArn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = _given(properties, "FunctionName", *_MAPPING, *_MAPPING_ONCE)
        if _tags(properties):
            request["Tags"] = _tags(properties)
        try:
            made = await ctx.call("lambda", "CreateEventSourceMapping", _renamed(request))
        except ServiceError as error:
            if error.code != "ResourceConflictException":
                raise
            made = await self._earlier(ctx, properties, error)
        return _mapping(made)

    @staticmethod
    async def _earlier(ctx: Context, properties: dict[str, Any], error: ServiceError) -> dict[str, Any]:
        """What an earlier try of the same create has made."""
        asked = {"FunctionName": properties["FunctionName"], "EventSourceArn": properties.get("EventSourceArn")}
        found = (await ctx.call("lambda", "ListEventSourceMappings", asked))["EventSourceMappings"]
        if not found:
            raise error
        first: dict[str, Any] = found[0]
        return first

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = {"UUID": physical_id, **_given(new, "FunctionName", *_MAPPING)}
        for member, empty in (("FilterCriteria", {"Filters": []}), ("FunctionResponseTypes", []), ("Enabled", True)):
            if old.get(member) is not None and new.get(member) is None:
                request[member] = empty
        return _mapping(await ctx.call("lambda", "UpdateEventSourceMapping", _renamed(request)))

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await _if_there(ctx.call("lambda", "DeleteEventSourceMapping", {"UUID": physical_id}))


def _renamed(request: dict[str, Any]) -> dict[str, Any]:
    """Patterns are text in the API, and may be structures in a template; the key's name is spelled differently."""
    import msgspec

    criteria = request.get("FilterCriteria")
    if criteria:
        filters = []
        for item in criteria.get("Filters") or ():
            pattern = item.get("Pattern")
            text = pattern if isinstance(pattern, str) else msgspec.json.encode(pattern).decode()
            filters.append({"Pattern": text})
        request["FilterCriteria"] = {"Filters": filters}
    if "KmsKeyArn" in request:
        request["KMSKeyArn"] = request.pop("KmsKeyArn")
    return request


def _mapping(answer: dict[str, Any]) -> Resource:
    ident = answer["UUID"]
    return Resource(ident, {"Id": ident, "EventSourceMappingArn": answer["EventSourceMappingArn"]})


@resource("AWS::Lambda::EventInvokeConfig")
class EventInvokeConfig:
    """Ref: the function and qualifier."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        names = ("FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
        await ctx.call("lambda", "PutFunctionEventInvokeConfig", _given(properties, *names))
        return Resource(f"{properties['FunctionName']}|{properties['Qualifier']}")

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self.create(ctx, Name("", "", "", ""), new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = _given(properties, "FunctionName", "Qualifier")
        await _if_there(ctx.call("lambda", "DeleteFunctionEventInvokeConfig", request))


@resource("AWS::Lambda::LayerVersion")
class LayerVersion:
    """Ref and GetAtt LayerVersionArn: the ARN of the version."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("LayerName") or name.physical(limit=140)
        names = ("Content", "CompatibleRuntimes", "CompatibleArchitectures", "Description", "LicenseInfo")
        request = {"LayerName": chosen, **_given(properties, *names)}
        arn = (await ctx.call("lambda", "PublishLayerVersion", request))["LayerVersionArn"]
        return Resource(arn, {"LayerVersionArn": arn})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"LayerVersionArn": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        layer, _, number = physical_id.rpartition(":")
        await _if_there(ctx.call("lambda", "DeleteLayerVersion", {"LayerName": layer, "VersionNumber": int(number)}))


@resource("AWS::Lambda::LayerVersionPermission")
class LayerVersionPermission:
    """Ref: layer version and statement id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        layer, _, number = properties["LayerVersionArn"].rpartition(":")
        sid = name.physical(limit=100)
        request = {
            "LayerName": layer, "VersionNumber": int(number), "StatementId": sid,
            **typed(_given(properties, "Action", "Principal", "OrganizationId")),
        }  # fmt: skip
        request["Principal"] = str(request["Principal"])
        try:
            await ctx.call("lambda", "AddLayerVersionPermission", request)
        except ServiceError as error:
            if error.code != "ResourceConflictException":  # an earlier try added it
                raise
        return Resource(f"{properties['LayerVersionArn']}#{sid}", {"Id": sid})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id.rpartition("#")[2]})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        arn, _, sid = physical_id.rpartition("#")
        layer, _, number = arn.rpartition(":")
        request = {"LayerName": layer, "VersionNumber": int(number), "StatementId": sid}
        await _if_there(ctx.call("lambda", "RemoveLayerVersionPermission", request))
