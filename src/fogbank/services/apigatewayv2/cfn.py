"""AWS::ApiGatewayV2::Api, Stage, Deployment and VpcLink.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.apis.definitions import document_of
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, truth, unless
from fogbank.core.cfn_tables import Tags, change_tags, tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .records import APIS, DEPLOYMENTS, STAGES, VPC_LINKS

Properties = dict[str, Any]
GONE = "NotFoundException"
SERVICE = "apigatewayv2"


def _arn(ctx: Context, path: str) -> str:
    return ctx.arn("apigateway", path, account="")


TAGS = Tags(
    untag=("UntagResource", lambda ctx, path, keys: {"ResourceArn": _arn(ctx, path), "TagKeys": keys}),
    tag=("TagResource", lambda ctx, path, tags: {"ResourceArn": _arn(ctx, path), "Tags": tags}),
)


async def retag(ctx: Context, path: str, old: Properties, new: Properties) -> None:
    """Change the tags of what lies at a path to those of the new properties."""
    await change_tags(ctx, SERVICE, TAGS, path, old, new)


async def gone(ctx: Context, operation: str, request: Properties) -> None:
    """Call a deleting operation. What is gone already is fine."""
    await unless(ctx.call(SERVICE, operation, request), GONE)


def request_of(properties: Properties, names: tuple[str, ...]) -> Properties:
    """The named properties that are set, as a request."""
    return {name: properties[name] for name in names if properties.get(name) is not None}


def cleared(old: Properties, new: Properties, names: tuple[str, ...]) -> Properties:
    """A request that changes `old` into `new`: what `new` does not have any more is given empty."""
    request = request_of(new, names)
    for name in names:
        before, after = old.get(name), new.get(name)
        if isinstance(before, str) and after is None:
            request[name] = ""
        elif isinstance(before, dict):
            gone = {
                key: {} if isinstance(value, dict) else "" for key, value in before.items() if key not in (after or {})
            }
            if gone and all(isinstance(value, str | dict) for value in before.values()):
                request[name] = {**gone, **(after or {})}
    return request


# -- APIs --------------------------------------------------------------------------------------------------------------

_API = (
    "ApiKeySelectionExpression", "CorsConfiguration", "CredentialsArn", "Description", "DisableExecuteApiEndpoint",
    "DisableSchemaValidation", "IpAddressType", "Name", "ProtocolType", "RouteKey", "RouteSelectionExpression",
    "Target", "Version",
)  # fmt: skip


@resource("AWS::ApiGatewayV2::Api", unbuilt=("BodyS3Location/Etag",))
class Api:
    """Ref and GetAtt ApiId: the id. GetAtt ApiEndpoint, ExecuteApiArn."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        document = await document_of(ctx, properties)
        if document is None:
            request = {**request_of(properties, _API), "Tags": tags_of(properties)}
            called, wanted = "CreateApi", properties.get("Name")
        else:
            request, called, wanted = self._import(properties, document), "ImportApi", _title(document)

        def look(tx: Reader) -> str | None:
            apis = tx.scan(APIS, (ctx.account, ctx.region))
            ours = (a.id for a in apis if a.shape["Name"] in (wanted, properties.get("Name"))
                    and name.made(a.created, a.id))  # fmt: skip
            return next(ours, None)

        async def make() -> str:
            return str((await ctx.call(SERVICE, called, request))["ApiId"])

        made = await create_once(name, make, lambda: ctx.fetch(look))
        if document is not None:
            await self._overlay(ctx, made, properties)
            await retag(ctx, f"/apis/{made}", {}, properties)
        return await self._shown(ctx, made)

    @staticmethod
    def _import(properties: Properties, document: bytes) -> Properties:
        request: Properties = {"Body": document.decode()}
        if properties.get("BasePath"):
            request["Basepath"] = properties["BasePath"]
        if properties.get("FailOnWarnings") is not None:
            request["FailOnWarnings"] = truth(properties["FailOnWarnings"])
        return request

    @staticmethod
    async def _overlay(ctx: Context, api: str, properties: Properties) -> None:
        """Let the template's own settings win over the document's."""
        names = tuple(name for name in _API if name not in ("ProtocolType", "Target", "RouteKey", "CredentialsArn"))
        request = request_of(properties, names)
        if request:
            await ctx.call(SERVICE, "UpdateApi", {"ApiId": api, **request})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        document = await document_of(ctx, new)
        if document is not None:
            await ctx.call(SERVICE, "ReimportApi", {"ApiId": physical_id, **self._import(new, document)})
            await self._overlay(ctx, physical_id, new)
        else:
            names = tuple(name for name in _API if name != "ProtocolType")
            request = cleared(old, new, tuple(name for name in names if name != "CorsConfiguration"))
            request |= request_of(new, ("CorsConfiguration",))
            await ctx.call(SERVICE, "UpdateApi", {"ApiId": physical_id, **request})
            if old.get("CorsConfiguration") and not new.get("CorsConfiguration"):
                await ctx.call(SERVICE, "DeleteCorsConfiguration", {"ApiId": physical_id})
        await retag(ctx, f"/apis/{physical_id}", old, new)
        return await self._shown(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await gone(ctx, "DeleteApi", {"ApiId": physical_id})

    @staticmethod
    async def _shown(ctx: Context, api: str) -> Resource:
        shown = await ctx.call(SERVICE, "GetApi", {"ApiId": api})
        attributes = {"ApiId": api, "ApiEndpoint": shown["ApiEndpoint"], "ExecuteApiArn": ctx.arn("execute-api", api)}
        return Resource(api, attributes)


def _title(document: bytes) -> str:
    """The title in an OpenAPI document in JSON; empty for one in YAML, whose API has the title as well."""
    try:
        return str(json.loads(document)["info"]["title"])
    except (ValueError, KeyError, TypeError):
        return ""


# -- stages ------------------------------------------------------------------------------------------------------------

_STAGE = (
    "AccessLogSettings", "AutoDeploy", "ClientCertificateId", "DefaultRouteSettings", "DeploymentId", "Description",
    "RouteSettings", "StageVariables",
)  # fmt: skip
_FLAGS = ("DataTraceEnabled", "DetailedMetricsEnabled")


def _stage(properties: Properties) -> Properties:
    """The members of a stage, typed: RouteSettings and StageVariables are free JSON in templates."""
    found = request_of(properties, _STAGE)
    if found.get("RouteSettings"):
        found["RouteSettings"] = {key: _setting(given) for key, given in found["RouteSettings"].items()}
    if found.get("StageVariables"):
        found["StageVariables"] = {key: str(value) for key, value in found["StageVariables"].items()}
    return found


def _setting(given: Properties) -> Properties:
    found: Properties = {}
    for name, value in given.items():
        if name in _FLAGS:
            found[name] = truth(value)
        elif name == "ThrottlingBurstLimit":
            found[name] = int(value)
        else:
            found[name] = float(value) if name == "ThrottlingRateLimit" else str(value)
    return found


@resource("AWS::ApiGatewayV2::Stage")
class Stage:
    """Ref: the stage's name."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        api, stage = properties["ApiId"], properties["StageName"]
        request = {"ApiId": api, "StageName": stage, "Tags": tags_of(properties), **_stage(properties)}

        async def found() -> Properties | None:
            kept = await ctx.fetch(lambda tx: tx.get(STAGES, (ctx.account, ctx.region, api, stage)))
            return {} if kept is not None and name.made(kept.created) else None

        await create_once(name, lambda: ctx.call(SERVICE, "CreateStage", request), found)
        return Resource(stage, {})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        place = {"ApiId": new["ApiId"], "StageName": physical_id}
        before, after = _stage(old), _stage(new)
        request = cleared(
            before, after, tuple(name for name in _STAGE if name not in ("AccessLogSettings", "DeploymentId"))
        )
        request |= request_of(after, ("AccessLogSettings", "DeploymentId"))
        await ctx.call(SERVICE, "UpdateStage", {**place, **request})
        if before.get("AccessLogSettings") and not after.get("AccessLogSettings"):
            await ctx.call(SERVICE, "DeleteAccessLogSettings", place)
        await retag(ctx, f"/apis/{new['ApiId']}/stages/{physical_id}", old, new)
        return Resource(physical_id, {})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await gone(ctx, "DeleteStage", {"ApiId": properties["ApiId"], "StageName": physical_id})


@resource("AWS::ApiGatewayV2::Deployment")
class Deployment:
    """Ref and GetAtt DeploymentId: the id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = request_of(properties, ("ApiId", "Description", "StageName"))

        def look(tx: Reader) -> str | None:
            found = tx.scan(DEPLOYMENTS, (ctx.account, ctx.region, properties["ApiId"]))
            return next((d.id for d in found if not d.automatic and name.made(d.created, d.id)), None)

        async def make() -> str:
            return str((await ctx.call(SERVICE, "CreateDeployment", request))["DeploymentId"])

        made = await create_once(name, make, lambda: ctx.fetch(look))
        return Resource(made, {"DeploymentId": made})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        place = {"ApiId": new["ApiId"], "DeploymentId": physical_id}
        await ctx.call(SERVICE, "UpdateDeployment", {**place, "Description": new.get("Description") or ""})
        stage = new.get("StageName")
        if stage and stage != old.get("StageName"):
            request = {"ApiId": new["ApiId"], "StageName": stage, "DeploymentId": physical_id}
            await ctx.call(SERVICE, "UpdateStage", request)
        return Resource(physical_id, {"DeploymentId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await gone(ctx, "DeleteDeployment", {"ApiId": properties["ApiId"], "DeploymentId": physical_id})


@resource("AWS::ApiGatewayV2::VpcLink")
class VpcLink:
    """Ref and GetAtt VpcLinkId: the id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = {**request_of(properties, ("Name", "SecurityGroupIds", "SubnetIds")), "Tags": tags_of(properties)}

        def look(tx: Reader) -> str | None:
            links = tx.scan(VPC_LINKS, (ctx.account, ctx.region))
            return next((li.id for li in links if li.name == request["Name"] and name.made(li.created, li.id)), None)

        async def make() -> str:
            return str((await ctx.call(SERVICE, "CreateVpcLink", request))["VpcLinkId"])

        made = await create_once(name, make, lambda: ctx.fetch(look))
        return Resource(made, {"VpcLinkId": made})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await ctx.call(SERVICE, "UpdateVpcLink", {"VpcLinkId": physical_id, "Name": new["Name"]})
        await retag(ctx, f"/vpclinks/{physical_id}", old, new)
        return Resource(physical_id, {"VpcLinkId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await gone(ctx, "DeleteVpcLink", {"VpcLinkId": physical_id})
