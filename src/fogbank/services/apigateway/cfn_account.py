"""AWS::ApiGateway::ApiKey, UsagePlan, UsagePlanKey, Account, DomainName, BasePathMapping, VpcLink."""

from __future__ import annotations

from typing import Any

from fogbank.apis.domains import DOMAINS, MAPPINGS
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfn_calls import gone, made_once, retag
from .cfn_values import camel, patches
from .records import KEYS, PLANS, VPC_LINKS


@resource("AWS::ApiGateway::ApiKey")
class ApiKey:
    """Ref and GetAtt APIKeyId: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = camel(properties, ("Enabled", "GenerateDistinctId"))
        for member in ("Description", "CustomerId", "Value"):
            if properties.get(member):
                request[member[0].lower() + member[1:]] = str(properties[member])
        request["name"] = properties.get("Name") or name.physical()
        if properties.get("StageKeys"):
            request["stageKeys"] = [camel(stage, ("RestApiId", "StageName")) for stage in properties["StageKeys"]]
        if properties.get("Tags"):
            request["tags"] = tags_of(properties)
        made = await made_once(ctx, name, "CreateApiKey", request, KEYS)
        return Resource(made, {"APIKeyId": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        names = ("Enabled", "Description", "CustomerId")
        operations = patches(camel(old, names), camel(new, names), ("enabled", "description", "customerId"))
        for operation in operations:
            if operation["path"] == "/enabled":
                operation["value"] = operation["value"] or "false"
        if operations:
            await ctx.call("apigateway", "UpdateApiKey", {"apiKey": physical_id, "patchOperations": operations})
        await retag(ctx, f"/apikeys/{physical_id}", old, new)
        return Resource(physical_id, {"APIKeyId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteApiKey", {"apiKey": physical_id})


def _throttle(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.get("BurstLimit") is not None:
        found["burstLimit"] = int(given["BurstLimit"])
    if given.get("RateLimit") is not None:
        found["rateLimit"] = float(given["RateLimit"])
    return found


def _quota(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"period": given.get("Period"), "limit": int(given.get("Limit") or 0)}
    if given.get("Offset") is not None:
        found["offset"] = int(given["Offset"])
    return found


def _stages(given: Any) -> list[dict[str, Any]]:
    found = []
    for stage in given or ():
        shape: dict[str, Any] = {"apiId": stage["ApiId"], "stage": stage["Stage"]}
        if stage.get("Throttle"):
            shape["throttle"] = {path: _throttle(limits) for path, limits in stage["Throttle"].items()}
        found.append(shape)
    return found


@resource("AWS::ApiGateway::UsagePlan")
class UsagePlan:
    """Ref and GetAtt Id: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request: dict[str, Any] = {"name": properties.get("UsagePlanName") or name.physical()}
        if properties.get("Description"):
            request["description"] = properties["Description"]
        if properties.get("Throttle"):
            request["throttle"] = _throttle(properties["Throttle"])
        if properties.get("Quota"):
            request["quota"] = _quota(properties["Quota"])
        if properties.get("ApiStages"):
            request["apiStages"] = _stages(properties["ApiStages"])
        if properties.get("Tags"):
            request["tags"] = tags_of(properties)
        made = await made_once(ctx, name, "CreateUsagePlan", request, PLANS)
        return Resource(made, {"Id": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        operations: list[dict[str, Any]] = []
        if new.get("UsagePlanName") and new["UsagePlanName"] != old.get("UsagePlanName"):
            operations.append({"op": "replace", "path": "/name", "value": new["UsagePlanName"]})
        if new.get("Description") != old.get("Description"):
            operations.append({"op": "replace", "path": "/description", "value": new.get("Description") or ""})
        for member, read in (("Throttle", _throttle), ("Quota", _quota)):
            if new.get(member) and new.get(member) != old.get(member):
                operations += [
                    {"op": "replace", "path": f"/{member.lower()}/{key}", "value": str(value)}
                    for key, value in read(new[member]).items()
                ]
            elif old.get(member) and not new.get(member):
                operations.append({"op": "remove", "path": f"/{member.lower()}"})
        before = {f"{s['apiId']}:{s['stage']}": s for s in _stages(old.get("ApiStages"))}
        after = {f"{s['apiId']}:{s['stage']}": s for s in _stages(new.get("ApiStages"))}
        operations += [{"op": "remove", "path": "/apiStages", "value": key} for key in before if key not in after]
        operations += [{"op": "add", "path": "/apiStages", "value": key} for key in after if key not in before]
        operations += self._limits(before, after)
        if operations:
            await ctx.call("apigateway", "UpdateUsagePlan", {"usagePlanId": physical_id, "patchOperations": operations})
        await retag(ctx, f"/usageplans/{physical_id}", old, new)
        return Resource(physical_id, {"Id": physical_id})

    @staticmethod
    def _limits(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
        operations = []
        for key, stage in after.items():
            held = before.get(key, {}).get("throttle") or {}
            wanted = stage.get("throttle") or {}
            for path in held.keys() - wanted.keys():
                operations.append({"op": "remove", "path": f"/apiStages/{key}/throttle/{_step(path)}"})
            for path, limits in wanted.items():
                operations += [
                    {"op": "replace", "path": f"/apiStages/{key}/throttle/{_step(path)}/{name}", "value": str(value)}
                    for name, value in limits.items()
                ]
        return operations

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the plan, after removing its stages: AWS refuses to delete a plan that has stages."""
        try:
            plan = await ctx.call("apigateway", "GetUsagePlan", {"usagePlanId": physical_id})
        except ServiceError as error:
            if error.code == "NotFoundException":
                return
            raise
        operations = [
            {"op": "remove", "path": "/apiStages", "value": f"{stage['apiId']}:{stage['stage']}"}
            for stage in plan.get("apiStages") or ()
        ]
        if operations:
            await ctx.call("apigateway", "UpdateUsagePlan", {"usagePlanId": physical_id, "patchOperations": operations})
        await gone(ctx, "DeleteUsagePlan", {"usagePlanId": physical_id})


def _step(path: str) -> str:
    """Encode a resource path and method, such as /pets/GET, for a patch path: ~1pets/GET."""
    head, _, verb = path.rpartition("/")
    return f"{head.replace('/', '~1') or '~1'}/{verb}"


@resource("AWS::ApiGateway::UsagePlanKey")
class UsagePlanKey:
    """Ref: the ids of key and plan."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = camel(properties, ("KeyId", "KeyType", "UsagePlanId"))
        try:
            await ctx.call("apigateway", "CreateUsagePlanKey", request)
        except ServiceError as error:
            if error.message != "Usage Plan Key already exists":
                raise
        made = f"{properties['KeyId']}:{properties['UsagePlanId']}"
        return Resource(made, {"Id": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"usagePlanId": properties["UsagePlanId"], "keyId": properties["KeyId"]}
        await gone(ctx, "DeleteUsagePlanKey", request)


@resource("AWS::ApiGateway::Account")
class Account:
    """The role that stages write logs with. Deleting the resource keeps the setting, as on AWS."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await self._set(ctx, properties)
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._set(ctx, new)
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        return

    @staticmethod
    async def _set(ctx: Context, properties: dict[str, Any]) -> None:
        role = properties.get("CloudWatchRoleArn")
        if role:
            operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
            await ctx.call("apigateway", "UpdateAccount", {"patchOperations": operations})


_MUTUAL = ("TruststoreUri", "TruststoreVersion")


@resource("AWS::ApiGateway::DomainName")
class DomainName:
    """Ref: the name."""

    _TEXTS = ("CertificateArn", "RegionalCertificateArn", "SecurityPolicy", "OwnershipVerificationCertificateArn",
              "RoutingMode", "EndpointAccessMode")  # fmt: skip

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = camel(properties, ("DomainName", *self._TEXTS))
        if properties.get("EndpointConfiguration"):
            configuration = properties["EndpointConfiguration"]
            request["endpointConfiguration"] = camel(configuration, ("Types", "IpAddressType"))
        if properties.get("MutualTlsAuthentication"):
            mutual = properties["MutualTlsAuthentication"]
            request["mutualTlsAuthentication"] = camel(mutual, _MUTUAL)
        if properties.get("Tags"):
            request["tags"] = tags_of(properties)

        async def found() -> dict[str, Any] | None:
            kept = await ctx.fetch(lambda tx: tx.get(DOMAINS, (ctx.account, ctx.region, request["domainName"])))
            if kept is None or not name.made(kept.created):
                return None
            return await ctx.call("apigateway", "GetDomainName", {"domainName": request["domainName"]})

        shown = await create_once(name, lambda: ctx.call("apigateway", "CreateDomainName", request), found)
        return self._made(shown)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        before, after = camel(old, self._TEXTS), camel(new, self._TEXTS)
        operations = patches(before, after, [name[0].lower() + name[1:] for name in self._TEXTS])
        for member, names in (("MutualTlsAuthentication", _MUTUAL), ("EndpointConfiguration", ("IpAddressType",))):
            parts = [camel(given.get(member) or {}, names) for given in (old, new)]
            for change in patches(parts[0], parts[1], [name[0].lower() + name[1:] for name in names]):
                operations.append({**change, "path": f"/{member[0].lower()}{member[1:]}{change['path']}"})
        request = {"domainName": physical_id, "patchOperations": operations}
        made = self._made(await ctx.call("apigateway", "UpdateDomainName", request))
        await retag(ctx, f"/domainnames/{physical_id}", old, new)
        return made

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteDomainName", {"domainName": physical_id})

    @staticmethod
    def _made(shown: dict[str, Any]) -> Resource:
        names = ("distributionDomainName", "distributionHostedZoneId", "regionalDomainName", "regionalHostedZoneId",
                 "domainNameArn")  # fmt: skip
        return Resource(shown["domainName"], {n[0].upper() + n[1:]: shown[n] for n in names if n in shown})


@resource("AWS::ApiGateway::BasePathMapping")
class BasePathMapping:
    """Maps a path of a domain name to a stage."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = camel(properties, ("DomainName", "BasePath", "RestApiId", "Stage"))
        base = properties.get("BasePath") or "(none)"
        made = f"{properties['DomainName']}|{base}"

        async def found() -> dict[str, Any] | None:
            """Look for the mapping of an earlier try. It has no creation time, so compare the API and claim it."""
            place = (ctx.account, ctx.region, properties["DomainName"], base)
            kept = await ctx.fetch(lambda tx: tx.get(MAPPINGS, place))
            ours = kept is not None and kept.api == properties.get("RestApiId") and name.claim(made)
            return {} if ours else None

        await create_once(name, lambda: ctx.call("apigateway", "CreateBasePathMapping", request), found)
        return Resource(made, {})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        operations = patches(camel(old, ("Stage",)), camel(new, ("Stage",)), ("stage",))
        if old.get("RestApiId") != new.get("RestApiId"):
            operations.append({"op": "replace", "path": "/restapiId", "value": new["RestApiId"]})
        request = {"domainName": new["DomainName"], "basePath": new.get("BasePath") or "(none)"}
        await ctx.call("apigateway", "UpdateBasePathMapping", {**request, "patchOperations": operations})
        return Resource(physical_id, {})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"domainName": properties["DomainName"], "basePath": properties.get("BasePath") or "(none)"}
        await gone(ctx, "DeleteBasePathMapping", request)


@resource("AWS::ApiGateway::VpcLink")
class VpcLink:
    """Ref and GetAtt VpcLinkId: the id."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        request = camel(properties, ("Name", "Description", "TargetArns"))
        if properties.get("Tags"):
            request["tags"] = tags_of(properties)
        made = await made_once(ctx, name, "CreateVpcLink", request, VPC_LINKS)
        return Resource(made, {"VpcLinkId": made})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        names = ("Name", "Description")
        operations = patches(camel(old, names), camel(new, names), ("name", "description"))
        if operations:
            await ctx.call("apigateway", "UpdateVpcLink", {"vpcLinkId": physical_id, "patchOperations": operations})
        await retag(ctx, f"/vpclinks/{physical_id}", old, new)
        return Resource(physical_id, {"VpcLinkId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await gone(ctx, "DeleteVpcLink", {"vpcLinkId": physical_id})
