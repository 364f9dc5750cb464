"""AWS::ApiGateway::RestApi, Deployment and Stage, which SAM makes of AWS::Serverless::Api.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ApiGateway.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.apis.definitions import document_of
from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import create_once, text, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfn_calls import GONE, gone, made_once, retag
from .cfn_values import camel, patches
from .records import APIS, DEPLOYMENTS, STAGES


@resource("AWS::ApiGateway::RestApi", unbuilt=("BodyS3Location/ETag",))
class RestApi:
    """Ref and GetAtt RestApiId: the id. GetAtt RootResourceId."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        document = await document_of(ctx, properties)
        request = self._request(properties)
        request["name"] = request.get("name") or name.logical_id  # PutRestApi replaces it by the document's title
        found = await made_once(ctx, name, "CreateRestApi", request, APIS)
        if document is not None:
            await self._put(ctx, found, properties, document, mode="overwrite")
        return await self._made(ctx, found)

    @staticmethod
    def _request(properties: dict[str, Any]) -> dict[str, Any]:
        request = camel(
            properties,
            ("Name", "Description", "BinaryMediaTypes", "ApiKeySourceType", "MinimumCompressionSize",
             "DisableExecuteApiEndpoint", "SecurityPolicy", "EndpointAccessMode", "Version"),
        )  # fmt: skip
        if "apiKeySourceType" in request:
            request["apiKeySource"] = request.pop("apiKeySourceType")
        if properties.get("CloneFrom"):
            request["cloneFrom"] = properties["CloneFrom"]
        if properties.get("Policy"):
            policy = properties["Policy"]
            request["policy"] = policy if isinstance(policy, str) else json.dumps(policy)
        configuration = properties.get("EndpointConfiguration")
        if isinstance(configuration, dict):
            request["endpointConfiguration"] = camel(configuration, ("Types", "VpcEndpointIds", "IpAddressType"))
        if properties.get("Tags"):
            request["tags"] = tags_of(properties)
        return request

    @staticmethod
    async def _put(ctx: Context, api: str, properties: dict[str, Any], document: bytes, *, mode: str) -> None:
        request: dict[str, Any] = {"restApiId": api, "body": document, "mode": properties.get("Mode") or mode}
        if properties.get("Parameters"):
            request["parameters"] = {k: str(v) for k, v in properties["Parameters"].items()}
        if properties.get("FailOnWarnings"):
            request["failOnWarnings"] = True
        await ctx.call("apigateway", "PutRestApi", request)
        # the template's own settings win over the document's
        given = RestApi._request(properties)
        operations = patches({}, given, ("name", "description", "policy", "minimumCompressionSize", "apiKeySource"))
        operations += [
            {"op": "add", "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"}
            for kind in given.get("binaryMediaTypes") or ()
        ]
        if operations:
            await ctx.call("apigateway", "UpdateRestApi", {"restApiId": api, "patchOperations": operations})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = self._request(old), self._request(new)
        operations = patches(
            before, after, ("name", "description", "policy", "minimumCompressionSize", "apiKeySource",
                            "disableExecuteApiEndpoint"),
        )  # fmt: skip
        for kind in before.get("binaryMediaTypes") or ():
            if kind not in (after.get("binaryMediaTypes") or ()):
                operations.append({"op": "remove", "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"})
        for kind in after.get("binaryMediaTypes") or ():
            operations.append({"op": "add", "path": f"/binaryMediaTypes/{kind.replace('/', '~1')}"})
        types = (after.get("endpointConfiguration") or {}).get("types")
        if types and types != (before.get("endpointConfiguration") or {}).get("types"):
            operations.append({"op": "replace", "path": "/endpointConfiguration/types/0", "value": types[0]})
        if operations:
            await ctx.call("apigateway", "UpdateRestApi", {"restApiId": physical_id, "patchOperations": operations})
        document = await document_of(ctx, new)
        if document is not None:
            await self._put(ctx, physical_id, new, document, mode="overwrite")
        await retag(ctx, f"/restapis/{physical_id}", old, new)
        return await self._made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteRestApi", {"restApiId": physical_id})

    @staticmethod
    async def _made(ctx: Context, api: str) -> Resource:
        shown = await ctx.call("apigateway", "GetRestApi", {"restApiId": api})
        return Resource(api, {"RestApiId": api, "RootResourceId": shown["rootResourceId"]})


_SETTINGS = {
    "LoggingLevel": "logging/loglevel", "DataTraceEnabled": "logging/dataTrace", "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit", "ThrottlingRateLimit": "throttling/rateLimit",
    "CachingEnabled": "caching/enabled", "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CacheDataEncrypted": "caching/dataEncrypted",
}  # fmt: skip


def stage_settings(given: dict[str, Any], *more: dict[str, Any]) -> list[dict[str, Any]]:
    """The patch operations for a stage's method settings (and `more` of them) and its access log."""
    operations: list[dict[str, Any]] = []
    for setting in [*(given.get("MethodSettings") or ()), *more]:
        path = str(setting.get("ResourcePath") or "/*").removeprefix("/")
        path = "~1" + path.replace("~1", "/").strip("/").replace("/", "~1") if path not in ("*", "~1") else path
        for name, place in _SETTINGS.items():
            if setting.get(name) is not None:
                where = f"/{path}/{setting.get('HttpMethod') or '*'}/{place}"
                operations.append({"op": "replace", "path": where, "value": text(setting[name])})
    log = given.get("AccessLogSetting") or {}
    for name, place in (("DestinationArn", "destinationArn"), ("Format", "format")):
        if log.get(name):
            operations.append({"op": "replace", "path": f"/accessLogSettings/{place}", "value": log[name]})
    return operations


_CANARY = ("DeploymentId", "PercentTraffic", "StageVariableOverrides", "UseStageCache")


@resource(
    "AWS::ApiGateway::Deployment",
    unbuilt=(
        "StageDescription/CanarySetting",
        "StageDescription/ClientCertificateId",
        "StageDescription/DocumentationVersion",
    ),
)
class Deployment:
    """Ref and GetAtt DeploymentId: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request: dict[str, Any] = {"restApiId": properties["RestApiId"]}
        described = properties.get("StageDescription") or {}
        if properties.get("Description"):
            request["description"] = properties["Description"]
        if properties.get("StageName"):
            request["stageName"] = properties["StageName"]
            if described.get("Variables"):
                request["variables"] = {k: str(v) for k, v in described["Variables"].items()}
            if described.get("Description"):
                request["stageDescription"] = described["Description"]
            request |= camel(described, ("TracingEnabled", "CacheClusterEnabled", "CacheClusterSize"))
        if properties.get("DeploymentCanarySettings"):
            request["canarySettings"] = camel(properties["DeploymentCanarySettings"], _CANARY)
        made = await made_once(
            ctx,
            name,
            "CreateDeployment",
            request,
            DEPLOYMENTS,
            properties["RestApiId"],
            fits=lambda kept: kept.description == request.get("description", ""),
        )
        if properties.get("StageName"):
            await self._describe(ctx, properties["RestApiId"], properties["StageName"], described)
        return Resource(made, {"DeploymentId": made})

    @staticmethod
    async def _describe(ctx: Context, api: str, stage: str, described: dict[str, Any]) -> None:
        """Apply the parts of StageDescription that CreateDeployment does not accept.

        Settings next to MethodSettings apply to every method.
        """
        operations = stage_settings(described, described)
        if operations:
            request = {"restApiId": api, "stageName": stage, "patchOperations": operations}
            await ctx.call("apigateway", "UpdateStage", request)
        await retag(ctx, f"/restapis/{api}/stages/{stage}", {}, described)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        if new.get("StageName") and new.get("StageName") != old.get("StageName"):
            raise ResourceFailed("Deployment stage name cannot be changed")
        if new.get("Description") != old.get("Description"):
            operations = [{"op": "replace", "path": "/description", "value": new.get("Description") or ""}]
            request = {"restApiId": new["RestApiId"], "deploymentId": physical_id, "patchOperations": operations}
            await ctx.call("apigateway", "UpdateDeployment", request)
        return Resource(physical_id, {"DeploymentId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the deployment, and the stage that it created itself if that still uses it."""
        api = properties["RestApiId"]
        stage = properties.get("StageName")
        if stage:
            held = await unless(ctx.call("apigateway", "GetStage", {"restApiId": api, "stageName": stage}), GONE)
            if held is not None and held.get("deploymentId") == physical_id:
                await gone(ctx, "DeleteStage", {"restApiId": api, "stageName": stage})
        try:
            await gone(ctx, "DeleteDeployment", {"restApiId": api, "deploymentId": physical_id})
        except ServiceError as error:
            if "Active stages" not in error.message:
                raise


_STAGE = ("DeploymentId", "Description", "CacheClusterEnabled", "CacheClusterSize", "DocumentationVersion",
          "TracingEnabled")  # fmt: skip


def _canary_changes(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The patch operations that replace a stage's old canary by the new one."""
    if old == new:
        return []
    operations: list[dict[str, Any]] = [{"op": "remove", "path": "/canarySettings"}] if old else []
    for name, value in camel(new or {}, _CANARY).items():
        values = {f"{name}/{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
        operations += [
            {"op": "replace", "path": f"/canarySettings/{path}", "value": text(each)} for path, each in values.items()
        ]
    return operations


@resource("AWS::ApiGateway::Stage", unbuilt=("ClientCertificateId",))
class Stage:
    """Ref: the stage's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        stage = properties.get("StageName") or name.physical(limit=128)
        request = camel(properties, _STAGE)
        request |= {"restApiId": properties["RestApiId"], "stageName": stage}
        if properties.get("Variables"):
            request["variables"] = {k: str(v) for k, v in properties["Variables"].items()}
        if properties.get("CanarySetting"):
            request["canarySettings"] = camel(properties["CanarySetting"], _CANARY)
        if properties.get("Tags"):
            request["tags"] = tags_of(properties)

        async def found() -> dict[str, Any] | None:
            kept = await ctx.fetch(lambda tx: tx.get(STAGES, (ctx.account, ctx.region, request["restApiId"], stage)))
            return {} if kept is not None and name.made(kept.created) else None

        await create_once(name, lambda: ctx.call("apigateway", "CreateStage", request), found)
        await self._apply(ctx, properties["RestApiId"], stage, stage_settings(properties))
        return Resource(stage, {})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        api = new["RestApiId"]
        operations = patches(camel(old, _STAGE), camel(new, _STAGE), [name[0].lower() + name[1:] for name in _STAGE])
        operations += _canary_changes(old.get("CanarySetting"), new.get("CanarySetting"))
        before, after = old.get("Variables") or {}, new.get("Variables") or {}
        operations += [{"op": "remove", "path": f"/variables/{name}"} for name in before if name not in after]
        operations += [
            {"op": "replace", "path": f"/variables/{name}", "value": str(value)}
            for name, value in after.items()
            if before.get(name) != value
        ]
        kept = {_method(s) for s in new.get("MethodSettings") or ()}
        for setting in old.get("MethodSettings") or ():
            if _method(setting) not in kept:
                path, verb = _method(setting)
                operations.append({"op": "remove", "path": f"/{path}/{verb}"})
        if old.get("AccessLogSetting") and not new.get("AccessLogSetting"):
            operations.append({"op": "remove", "path": "/accessLogSettings"})
        await self._apply(ctx, api, physical_id, operations + stage_settings(new))
        await retag(ctx, f"/restapis/{api}/stages/{physical_id}", old, new)
        return Resource(physical_id, {})

    @staticmethod
    async def _apply(ctx: Context, api: str, stage: str, operations: list[dict[str, Any]]) -> None:
        if operations:
            request = {"restApiId": api, "stageName": stage, "patchOperations": operations}
            await ctx.call("apigateway", "UpdateStage", request)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteStage", {"restApiId": properties["RestApiId"], "stageName": physical_id})


def _method(setting: dict[str, Any]) -> tuple[str, str]:
    path = str(setting.get("ResourcePath") or "/*").removeprefix("/")
    path = path if path in ("*", "~1") else "~1" + path.replace("~1", "/").strip("/").replace("/", "~1")
    return path, str(setting.get("HttpMethod") or "*")
