"""AWS::Route53::HostedZone, HealthCheck, DNSSEC, KeySigningKey and CidrCollection. Records are in `cfn_records`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Route53.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import tags
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, given, retag, unless
from fogbank.core.context import Context

Properties = dict[str, Any]


def _reference(name: Name) -> str:
    """The caller reference of a creation: the same at every try."""
    return f"{name.logical_id}-{name.token}"[:64]


async def _retag(ctx: Context, kind: str, id: str, member: str, old: Properties, new: Properties) -> None:
    where = {"ResourceType": kind, "ResourceId": id}
    await retag(
        tags.from_list(old.get(member)),
        tags.from_list(new.get(member)),
        lambda keys: ctx.call("route53", "ChangeTagsForResource", {**where, "RemoveTagKeys": keys}),
        lambda added: ctx.call("route53", "ChangeTagsForResource", {**where, "AddTags": tags.to_list(added)}),
    )


@resource("AWS::Route53::HostedZone", unbuilt=("HostedZoneFeatures",))
class HostedZone:
    """Ref is the id. Further VPCs are associated one by one."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        reference = _reference(name)
        vpcs = properties.get("VPCs") or []
        request = {
            "Name": properties["Name"],
            "CallerReference": reference,
            **given(properties, "HostedZoneConfig", "DelegationSetId"),
            **({"VPC": vpcs[0]} if vpcs else {}),
        }

        async def found() -> str | None:
            listed = await ctx.call("route53", "ListHostedZonesByName", {"DNSName": properties["Name"]})
            made = (zone for zone in listed["HostedZones"] if zone["CallerReference"] == reference)
            return next((zone["Id"] for zone in made), None)

        async def made() -> str:
            answer = await ctx.call("route53", "CreateHostedZone", request)
            return str(answer["HostedZone"]["Id"])

        id = (await create_once(name, made, found)).removeprefix("/hostedzone/")
        return await self._settle(ctx, id, {"VPCs": vpcs[:1]}, properties)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        if old.get("HostedZoneConfig") != new.get("HostedZoneConfig"):
            comment = given(new.get("HostedZoneConfig") or {}, "Comment")
            await ctx.call("route53", "UpdateHostedZoneComment", {"Id": physical_id, **comment})
        return await self._settle(ctx, physical_id, old, new)

    async def _settle(self, ctx: Context, id: str, old: Properties, new: Properties) -> Resource:
        """Make the VPCs, tags and logging of the zone those of the template."""
        before, after = old.get("VPCs") or [], new.get("VPCs") or []
        for operation, wanted in (
            ("AssociateVPCWithHostedZone", [vpc for vpc in after if vpc not in before]),
            ("DisassociateVPCFromHostedZone", [vpc for vpc in before if vpc not in after]),
        ):
            for vpc in wanted:
                call = ctx.call("route53", operation, {"HostedZoneId": id, "VPC": vpc})
                await unless(call, "ConflictingDomainExists", "VPCAssociationNotFound")
        await _retag(ctx, "hostedzone", id, "HostedZoneTags", old, new)
        if old.get("QueryLoggingConfig") != new.get("QueryLoggingConfig"):
            await self._log(ctx, id, new.get("QueryLoggingConfig"))
        found = await ctx.call("route53", "GetHostedZone", {"Id": id})
        servers = found.get("DelegationSet", {}).get("NameServers")
        return Resource(id, {"Id": id, **({"NameServers": servers} if servers else {})})

    async def _log(self, ctx: Context, id: str, config: Properties | None) -> None:
        there = await ctx.call("route53", "ListQueryLoggingConfigs", {"HostedZoneId": id})
        for each in there["QueryLoggingConfigs"]:
            await ctx.call("route53", "DeleteQueryLoggingConfig", {"Id": each["Id"]})
        if config:
            await ctx.call("route53", "CreateQueryLoggingConfig", {"HostedZoneId": id, **config})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        if properties.get("QueryLoggingConfig"):
            await unless(self._log(ctx, physical_id, None), "NoSuchHostedZone")
        await unless(ctx.call("route53", "DeleteHostedZone", {"Id": physical_id}), "NoSuchHostedZone")


@resource("AWS::Route53::HealthCheck")
class HealthCheck:
    """Ref is the id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = {"CallerReference": _reference(name), "HealthCheckConfig": properties["HealthCheckConfig"]}
        made = await ctx.call("route53", "CreateHealthCheck", request)  # repeated, it returns what it made
        id = made["HealthCheck"]["Id"]
        await _retag(ctx, "healthcheck", id, "HealthCheckTags", {}, properties)
        return Resource(id, {"HealthCheckId": id})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        fixed = ("Type", "RequestInterval", "MeasureLatency", "RoutingControlArn", "EndpointType")
        config = {key: value for key, value in new["HealthCheckConfig"].items() if key not in fixed}
        await ctx.call("route53", "UpdateHealthCheck", {"HealthCheckId": physical_id, **config})
        await _retag(ctx, "healthcheck", physical_id, "HealthCheckTags", old, new)
        return Resource(physical_id, {"HealthCheckId": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("route53", "DeleteHealthCheck", {"HealthCheckId": physical_id}), "NoSuchHealthCheck")


@resource("AWS::Route53::DNSSEC")
class Dnssec:
    """Signing of a zone. Ref is the zone's id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        zone = {"HostedZoneId": properties["HostedZoneId"]}

        async def found() -> Properties | None:
            status = (await ctx.call("route53", "GetDNSSEC", zone))["Status"]
            return status if status["ServeSignature"] == "SIGNING" else None

        await create_once(name, lambda: ctx.call("route53", "EnableHostedZoneDNSSEC", zone), found)
        return Resource(properties["HostedZoneId"])

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return Resource(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("route53", "DisableHostedZoneDNSSEC", {"HostedZoneId": properties["HostedZoneId"]})
        await unless(call, "NoSuchHostedZone")


@resource("AWS::Route53::KeySigningKey")
class KeySigningKey:
    """Ref is the zone's id and the key's name, with a bar between."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        where = given(properties, "HostedZoneId", "Name")

        async def found() -> str | None:
            listed = await ctx.call("route53", "GetDNSSEC", {"HostedZoneId": properties["HostedZoneId"]})
            return next((key["Name"] for key in listed["KeySigningKeys"] if key["Name"] == properties["Name"]), None)

        async def made() -> str:
            request = {**where, **given(properties, "KeyManagementServiceArn", "Status")}
            await ctx.call("route53", "CreateKeySigningKey", {**request, "CallerReference": _reference(name)})
            return str(properties["Name"])

        await create_once(name, made, found)
        return Resource(f"{properties['HostedZoneId']}|{properties['Name']}")

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        operation = "ActivateKeySigningKey" if new["Status"] == "ACTIVE" else "DeactivateKeySigningKey"
        await ctx.call("route53", operation, given(new, "HostedZoneId", "Name"))
        return Resource(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        where = given(properties, "HostedZoneId", "Name")
        for operation in ("DeactivateKeySigningKey", "DeleteKeySigningKey"):
            await unless(ctx.call("route53", operation, where), "NoSuchHostedZone", "NoSuchKeySigningKey")


@resource("AWS::Route53::CidrCollection")
class CidrCollection:
    """Ref is the id."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        request = {"Name": properties["Name"], "CallerReference": _reference(name)}
        made = (await ctx.call("route53", "CreateCidrCollection", request))["Collection"]
        await self._change(ctx, made["Id"], {}, properties)
        return Resource(made["Id"], {"Id": made["Id"], "Arn": made["Arn"]})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await self._change(ctx, physical_id, old, new)
        arn = ctx.arn("route53", f"cidrcollection/{physical_id}", region="", account="")
        return Resource(physical_id, {"Id": physical_id, "Arn": arn})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(self._change(ctx, physical_id, properties, {}), "NoSuchCidrCollectionException")
        await unless(ctx.call("route53", "DeleteCidrCollection", {"Id": physical_id}), "NoSuchCidrCollectionException")

    async def _change(self, ctx: Context, id: str, old: Properties, new: Properties) -> None:
        before, after = (
            {each["LocationName"]: each["CidrList"] for each in properties.get("Locations") or ()}
            for properties in (old, new)
        )
        changes = [{"LocationName": name, "Action": "DELETE_IF_EXISTS",
                    "CidrList": [block for block in blocks if block not in after.get(name, ())]}
                   for name, blocks in before.items()]  # fmt: skip
        changes += [{"LocationName": name, "Action": "PUT", "CidrList": blocks} for name, blocks in after.items()]
        changes = [change for change in changes if change["CidrList"]]
        if changes:
            await ctx.call("route53", "ChangeCidrCollection", {"Id": id, "Changes": changes})
