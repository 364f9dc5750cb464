"""AWS::ApiGatewayV2::DomainName, ApiMapping, RoutingRule and ApiGatewayManagedOverrides.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.domains import DOMAINS, MAPPINGS, NONE
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .cfn import SERVICE, Properties, gone, request_of, retag
from .records import INTEGRATIONS, ROUTES, RULES
from .rules import DEFAULT

_DOMAIN = ("DomainNameConfigurations", "MutualTlsAuthentication", "RoutingMode")


@resource("AWS::ApiGatewayV2::DomainName")
class DomainName:
    """Ref: the domain name. GetAtt RegionalDomainName, RegionalHostedZoneId, DomainNameArn."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        domain = properties["DomainName"]
        request = {"DomainName": domain, "Tags": tags_of(properties), **request_of(properties, _DOMAIN)}

        async def found() -> Properties | None:
            kept = await ctx.fetch(lambda tx: tx.get(DOMAINS, (ctx.account, ctx.region, domain)))
            return {} if kept is not None and name.made(kept.created) else None

        await create_once(name, lambda: ctx.call(SERVICE, "CreateDomainName", request), found)
        return await self._shown(ctx, domain)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        request = {"DomainName": physical_id, **request_of(new, _DOMAIN)}
        if old.get("MutualTlsAuthentication") and not new.get("MutualTlsAuthentication"):
            request["MutualTlsAuthentication"] = {"TruststoreUri": ""}
        await ctx.call(SERVICE, "UpdateDomainName", request)
        await retag(ctx, f"/domainnames/{physical_id}", old, new)
        return await self._shown(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await gone(ctx, "DeleteDomainName", {"DomainName": physical_id})

    @staticmethod
    async def _shown(ctx: Context, domain: str) -> Resource:
        shown = await ctx.call(SERVICE, "GetDomainName", {"DomainName": domain})
        configuration = shown["DomainNameConfigurations"][0]
        attributes = {
            "RegionalDomainName": configuration["ApiGatewayDomainName"],
            "RegionalHostedZoneId": configuration["HostedZoneId"],
            "DomainNameArn": shown["DomainNameArn"],
        }
        return Resource(domain, attributes)


@resource("AWS::ApiGatewayV2::ApiMapping")
class ApiMapping:
    """Ref and GetAtt ApiMappingId: the id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = request_of(properties, ("ApiId", "ApiMappingKey", "DomainName", "Stage"))

        def look(tx: Reader) -> str | None:
            key = (ctx.account, ctx.region, properties["DomainName"], properties.get("ApiMappingKey") or NONE)
            kept = tx.get(MAPPINGS, key)
            same = kept is not None and (kept.api, kept.stage) == (properties["ApiId"], properties["Stage"])
            return kept.id if kept is not None and same and name.made(name.began, kept.id) else None

        async def make() -> str:
            return str((await ctx.call(SERVICE, "CreateApiMapping", request))["ApiMappingId"])

        made = await create_once(name, make, lambda: ctx.fetch(look))
        return Resource(made, {"ApiMappingId": made})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        request = request_of(new, ("ApiId", "DomainName", "Stage"))
        request |= {"ApiMappingId": physical_id, "ApiMappingKey": new.get("ApiMappingKey") or ""}
        await ctx.call(SERVICE, "UpdateApiMapping", request)
        return Resource(physical_id, {"ApiMappingId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {"DomainName": properties["DomainName"], "ApiMappingId": physical_id}
        await gone(ctx, "DeleteApiMapping", request)


@resource("AWS::ApiGatewayV2::RoutingRule")
class RoutingRule:
    """Ref and GetAtt RoutingRuleArn: the ARN. GetAtt RoutingRuleId."""

    @staticmethod
    def _request(properties: Properties) -> Properties:
        domain = properties["DomainNameArn"].rpartition("/")[2]
        return {"DomainName": domain, **request_of(properties, ("Actions", "Conditions", "Priority"))}

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = self._request(properties)

        def look(tx: Reader) -> str | None:
            rules = tx.scan(RULES, (ctx.account, ctx.region, request["DomainName"]))
            ours = (r.id for r in rules if r.priority == request["Priority"] and name.made(name.began, r.id))
            return next(ours, None)

        async def make() -> str:
            return str((await ctx.call(SERVICE, "CreateRoutingRule", request))["RoutingRuleId"])

        made = await create_once(name, make, lambda: ctx.fetch(look))
        return self._made(ctx, request["DomainName"], made)

    @staticmethod
    def _made(ctx: Context, domain: str, id: str) -> Resource:
        arn = ctx.arn("apigateway", f"/domainnames/{domain}/routingrules/{id}")
        return Resource(arn, {"RoutingRuleArn": arn, "RoutingRuleId": id})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        request, id = self._request(new), physical_id.rpartition("/")[2]
        await ctx.call(SERVICE, "PutRoutingRule", {**request, "RoutingRuleId": id})
        return self._made(ctx, request["DomainName"], id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        domain, id = self._request(properties)["DomainName"], physical_id.rpartition("/")[2]
        await gone(ctx, "DeleteRoutingRule", {"DomainName": domain, "RoutingRuleId": id})


@resource("AWS::ApiGatewayV2::ApiGatewayManagedOverrides")
class ManagedOverrides:
    """Ref and GetAtt Id: a generated id. It changes what quick create has made; deleting it changes nothing back."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        await self._apply(ctx, properties)
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await self._apply(ctx, new)
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        return None

    @staticmethod
    async def _apply(ctx: Context, properties: Properties) -> None:
        api = properties["ApiId"]

        def managed(tx: Reader, table: Any) -> str:
            found = tx.scan(table, (ctx.account, ctx.region, api))
            return next((part.id for part in found if part.shape.get("ApiGatewayManaged")), "")

        for word, table in (("Route", ROUTES), ("Integration", INTEGRATIONS)):
            if properties.get(word):
                request = {"ApiId": api, f"{word}Id": await ctx.fetch(managed, table), **properties[word]}
                await ctx.call(SERVICE, f"Update{word}", request)
        if properties.get("Stage"):
            await ctx.call(SERVICE, "UpdateStage", {"ApiId": api, "StageName": DEFAULT, **properties["Stage"]})
