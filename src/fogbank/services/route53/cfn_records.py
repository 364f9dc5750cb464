"""AWS::Route53::RecordSet and RecordSetGroup.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-route53-recordset.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, ResourceFailed, resource
from fogbank.core.cfn_calls import given
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.network.domain_names import canonical

Properties = dict[str, Any]
_PLAIN = ("Name", "Type", "SetIdentifier", "Weight", "Region", "GeoLocation", "Failover", "MultiValueAnswer",
          "HealthCheckId", "CidrRoutingConfig", "GeoProximityLocation")  # fmt: skip


async def _zone(ctx: Context, properties: Properties) -> str:
    """The id of the zone, which a template may name by its name."""
    if properties.get("HostedZoneId"):
        return str(properties["HostedZoneId"])
    name = canonical(str(properties.get("HostedZoneName") or ""))
    listed = await ctx.call("route53", "ListHostedZonesByName", {"DNSName": name})
    found = [zone["Id"] for zone in listed["HostedZones"] if zone["Name"] == name]
    if len(found) != 1:
        text = f"No hosted zones named {name} found" if not found else f"Multiple hosted zones named {name} found"
        raise ResourceFailed(text)  # not confirmed
    return str(found[0]).removeprefix("/hostedzone/")


def _record_set(properties: Properties) -> Properties:
    made = given(properties, *_PLAIN)
    if properties.get("TTL") is not None:
        made["TTL"] = int(properties["TTL"])
    if properties.get("ResourceRecords"):
        made["ResourceRecords"] = [{"Value": value} for value in properties["ResourceRecords"]]
    if properties.get("AliasTarget"):
        made["AliasTarget"] = {"EvaluateTargetHealth": False, **properties["AliasTarget"]}
    return made


def _key(properties: Properties) -> tuple[str, str, str]:
    """What names a record set in its zone."""
    return canonical(properties["Name"]), properties["Type"], properties.get("SetIdentifier") or ""


async def _change(ctx: Context, zone: str, changes: list[tuple[str, Properties]], comment: Any = None) -> None:
    batch: Properties = {"Changes": [{"Action": action, "ResourceRecordSet": each} for action, each in changes]}
    if comment:
        batch["Comment"] = str(comment)
    if changes:
        await ctx.call("route53", "ChangeResourceRecordSets", {"HostedZoneId": zone, "ChangeBatch": batch})


async def _kept(ctx: Context, zone: str, wanted: list[Properties]) -> list[Properties]:
    """Those of the record sets that are in the zone, as they are there."""
    found = []
    for each in wanted:
        name, type, identifier = _key(each)
        start: Properties = {"StartRecordName": name, "StartRecordType": type, "MaxItems": "1"}
        if identifier:
            start["StartRecordIdentifier"] = identifier
        listed = await ctx.call("route53", "ListResourceRecordSets", {"HostedZoneId": zone, **start})
        found += [there for there in listed["ResourceRecordSets"] if _key(there) == (name, type, identifier)]
    return found


async def _create(ctx: Context, name: Name, zone: str, sets: list[Properties], comment: Any) -> None:
    """Make record sets in one batch, unless an earlier try of this creation has made them."""
    if name.began and len(await _kept(ctx, zone, sets)) == len(sets):
        return
    await _change(ctx, zone, [("CREATE", _record_set(each)) for each in sets], comment)


async def _replace(ctx: Context, zone: str, old: list[Properties], new: list[Properties], comment: Any) -> None:
    """Make the new record sets in one batch, and take away those that are not among them."""
    keys = {_key(each) for each in new}
    gone = await _kept(ctx, zone, [each for each in old if _key(each) not in keys])
    await _change(ctx, zone, [("DELETE", each) for each in gone] + [("UPSERT", _record_set(each)) for each in new],
                  comment)  # fmt: skip


async def _remove(ctx: Context, properties: Properties, sets: list[Properties]) -> None:
    try:
        zone = await _zone(ctx, properties)
        await _change(ctx, zone, [("DELETE", each) for each in await _kept(ctx, zone, sets)])
    except ResourceFailed:  # the zone is gone, and its records with it
        return
    except ServiceError as error:
        if error.code != "NoSuchHostedZone":
            raise


@resource("AWS::Route53::RecordSet")
class RecordSet:
    """Ref is the name. A record set that is there already fails the creation, as on AWS."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        zone = await _zone(ctx, properties)
        await _create(ctx, name, zone, [properties], properties.get("Comment"))
        return Resource(properties["Name"])

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await _replace(ctx, await _zone(ctx, new), [old], [new], new.get("Comment"))
        return Resource(new["Name"])

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await _remove(ctx, properties, [properties])


@resource("AWS::Route53::RecordSetGroup")
class RecordSetGroup:
    """Ref is a made-up id. All record sets of the group are changed in one batch."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        sets = properties.get("RecordSets") or []
        zone = await _zone(ctx, properties if _named(properties) else (sets or [{}])[0])
        await _create(ctx, name, zone, sets, properties.get("Comment"))
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        sets = new.get("RecordSets") or []
        zone = await _zone(ctx, new if _named(new) else (sets or [{}])[0])
        await _replace(ctx, zone, old.get("RecordSets") or [], sets, new.get("Comment"))
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        sets = properties.get("RecordSets") or []
        if sets:
            await _remove(ctx, properties if _named(properties) else sets[0], sets)


def _named(properties: Properties) -> bool:
    return bool(properties.get("HostedZoneId") or properties.get("HostedZoneName"))
