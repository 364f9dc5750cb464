"""Hosted zones: created with their SOA and NS records, listed, and deleted when they hold nothing else."""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.network.domain_names import BadName, canonical, order
from fogbank.network.zones import RECORD_SETS, ZONES, RecordSet, Zone
from fogbank.store.api import Reader, Transaction

from .. import changes, ids, shapes, vpcs
from ..errors import (
    ConflictingDomainExists,
    HostedZoneAlreadyExists,
    HostedZoneNotEmpty,
    InvalidDomainName,
    InvalidInput,
    TooManyHostedZones,
)
from ..find import DELEGATION_SET, ZONE, by_id
from .record_sets import page_size

PAGE = 100
HOSTED_ZONES = "L-4EA4796A"
SOA = "{} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"


def created(ctx: Context, req: dict[str, Any]) -> Any:
    """CreateHostedZone has no resource. The delegation set of the request is looked up."""
    if req.get("DelegationSetId"):
        DELEGATION_SET.name(ctx, req["DelegationSetId"])
    return "*"


@operation("route53", "CreateHostedZone", resource=created)
def create_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a public zone, or with a VPC a private one.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
    """
    try:
        name = canonical(req["Name"])
    except BadName:
        raise InvalidDomainName(f"{req['Name']} is not a valid domain name.") from None
    if name == ".":
        raise InvalidDomainName(f"{req['Name']} is not a valid domain name.")
    config = req.get("HostedZoneConfig") or {}
    vpc = vpcs.read(req["VPC"]) if req.get("VPC") else None
    if config.get("PrivateZone") and vpc is None:  # the text is not confirmed
        raise InvalidInput("When you're creating a private hosted zone, you must specify a VPC.")
    with ctx.write() as tx:
        _refuse(tx, ctx, req["CallerReference"])
        if vpc is not None:
            vpcs.check(tx, ctx, vpc)
            refuse_twin(tx, name, vpc)
        zone = Zone(
            account=ctx.account, id=ids.draw(ctx, "Z"), name=name, reference=req["CallerReference"],
            created=ctx.now(), private=vpc is not None, comment=config.get("Comment") or "",
            vpcs=[vpc] if vpc else [],
            name_servers=list(ids.PRIVATE_SERVERS) if vpc else ids.name_servers(ctx),
        )  # fmt: skip
        if req.get("DelegationSetId") and vpc is None:
            given = DELEGATION_SET.require(tx, ctx, req["DelegationSetId"])
            zone.delegation_set, zone.name_servers = given.id, list(given.name_servers)
        tx.put(ZONES, zone)
        _fill(tx, zone)
        change = changes.submit(tx, ctx)
    shown = {"HostedZone": shapes.zone(zone), "ChangeInfo": change, "DelegationSet": shapes.delegation(zone)}
    return {**shown, **_vpc(zone), "Location": shapes.location(f"hostedzone/{zone.id}")}


def _vpc(zone: Zone) -> dict[str, Any]:
    return {"VPC": shapes.vpc(zone.vpcs[0])} if zone.vpcs else {}


def _refuse(tx: Transaction, ctx: Context, reference: str) -> None:
    if any(zone.reference == reference for zone in tx.scan(ZONES, (ctx.account,))):
        raise HostedZoneAlreadyExists
    limit = quotas.reached(tx, ctx, "route53", HOSTED_ZONES, ZONES, (ctx.account,))
    if limit is not None:  # the text is not confirmed
        raise TooManyHostedZones(f"Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than {limit} zones.")


def refuse_twin(tx: Reader, name: str, vpc: tuple[str, str]) -> None:
    """Raise if the VPC has a zone of this name already."""
    for zone in tx.scan_index(ZONES, "name", (order(name),)):
        if vpc in zone.vpcs:
            raise ConflictingDomainExists(
                f"The VPC {vpc[1]} in region {vpc[0]} has already been associated with the hosted zone {zone.id} with "
                "the same domain name."
            )


def _fill(tx: Transaction, zone: Zone) -> None:
    """The records that every zone has.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html
    """
    servers = [f"{server}." for server in zone.name_servers]
    first = servers[-1] if zone.private else servers[0]
    for type, ttl, found in (("NS", 172800, servers), ("SOA", 900, [SOA.format(first)])):
        data = {"TTL": ttl, "ResourceRecords": [{"Value": value} for value in found]}
        tx.put(RECORD_SETS, RecordSet(account=zone.account, zone=zone.id, name=zone.name, type=type, data=data))


@operation("route53", "GetHostedZone", resource=by_id)
def get_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A zone with its name servers, or its VPCs."""
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["Id"])
    if zone.private:
        return {"HostedZone": shapes.zone(zone), "VPCs": [shapes.vpc(pair) for pair in zone.vpcs]}
    return {"HostedZone": shapes.zone(zone), "DelegationSet": shapes.delegation(zone)}


@operation("route53", "GetHostedZoneCount", resource="*")
def get_hosted_zone_count(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """How many zones the account has."""
    with ctx.read() as tx:
        return {"HostedZoneCount": tx.count(ZONES, (ctx.account,))}


@operation("route53", "UpdateHostedZoneComment", resource=by_id)
def update_hosted_zone_comment(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the comment. Without one in the request it is removed."""
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["Id"])
        zone.comment = req.get("Comment") or ""
        tx.put(ZONES, zone)
    return {"HostedZone": shapes.zone(zone)}


@operation("route53", "DeleteHostedZone", resource=by_id)
def delete_hosted_zone(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a zone that has only its own NS and SOA records."""
    with ctx.write() as tx:
        zone = ZONE.require(tx, ctx, req["Id"])
        found = list(tx.scan(RECORD_SETS, (zone.account, zone.id), limit=3))
        if any(each.type not in ("NS", "SOA") or each.name != zone.name for each in found) or zone.signing:
            raise HostedZoneNotEmpty
        for each in found:
            tx.delete(RECORD_SETS, RECORD_SETS.key(each))
        tx.delete(ZONES, ZONES.key(zone))
        return {"ChangeInfo": changes.submit(tx, ctx)}


@operation("route53", "ListHostedZones", resource="*")
def list_hosted_zones(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The zones of the account, in the order of their ids."""
    size, marker = page_size(req, PAGE), req.get("Marker") or ""
    set_id = (req.get("DelegationSetId") or "").removeprefix("/delegationset/")
    private = req.get("HostedZoneType") == "PrivateHostedZone"
    with ctx.read() as tx:
        found = [zone for zone in tx.scan(ZONES, (ctx.account,))
                 if zone.id >= marker and (not set_id or zone.delegation_set == set_id)
                 and (not private or zone.private)]  # fmt: skip
    result = {
        "HostedZones": [shapes.zone(zone) for zone in found[:size]],
        "Marker": marker,
        "IsTruncated": len(found) > size,
        "MaxItems": str(size),
    }
    return result | ({"NextMarker": found[size].id} if len(found) > size else {})


@operation("route53", "ListHostedZonesByName", resource="*")
def list_hosted_zones_by_name(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The zones of the account in the order of their reversed names, from a name on.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
    """
    size, start, id = page_size(req, PAGE), req.get("DNSName") or "", req.get("HostedZoneId") or ""
    if id and not start:
        raise InvalidInput("If you specify a hosted zone ID, you must also specify a DNS name.")  # not confirmed
    try:
        first = (order(canonical(start)), id) if start else ("", "")
    except BadName:
        raise InvalidDomainName(f"{start} is not a valid domain name.") from None
    with ctx.read() as tx:
        zones = sorted(tx.scan(ZONES, (ctx.account,)), key=lambda zone: (order(zone.name), zone.id))
    found = [zone for zone in zones if (order(zone.name), zone.id) >= first]
    result = {
        "HostedZones": [shapes.zone(zone) for zone in found[:size]],
        "IsTruncated": len(found) > size,
        "MaxItems": str(size),
    }
    result |= {"DNSName": start} if start else {}
    result |= {"HostedZoneId": id} if id else {}
    more = found[size:]
    return result | ({"NextDNSName": more[0].name, "NextHostedZoneId": more[0].id} if more else {})
