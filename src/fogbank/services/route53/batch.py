"""The changes of ChangeResourceRecordSets: checked, and made all or none.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html

Changes are made in their order. Everything that is wrong with a batch is told in one error. Texts are those that users
have met; those of mixed routing policies and of limits are not confirmed.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network.domain_names import BadName, canonical, within
from fogbank.network.zones import RECORD_SETS, RecordSet, Zone, sets
from fogbank.store.api import Transaction

from . import values
from .errors import InvalidInput, NoSuchHealthCheck, bad_batch
from .records import HEALTH_CHECKS

MOST_RECORDS = 1000  # of one request; an UPSERT counts twice
MOST_CHARACTERS = 32_000
ROUTING = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer", "CidrRoutingConfig",
           "GeoProximityLocation")  # fmt: skip
RECORDS = "L-E209CC9F"  # the quota of record sets in a zone


def apply(tx: Transaction, ctx: Context, zone: Zone, changes: list[dict[str, Any]]) -> None:
    """Make the changes, and count them in the zone. Raises InvalidInput and InvalidChangeBatch."""
    _check_size(changes)
    problems: list[str] = []
    for change in changes:
        _check_members(change)
        problem = _make(tx, ctx, zone, change["Action"], _read(zone, change["ResourceRecordSet"], problems), problems)
        if problem:
            problems.append(problem)
    if not problems:
        problems += _apex(tx, zone)
    if not problems and zone.count > ctx.quota("route53", RECORDS, tx):
        problems.append(f"Number of records limit of {int(ctx.quota('route53', RECORDS, tx))} exceeded.")
    if problems:
        raise bad_batch(problems)


def _check_size(changes: list[dict[str, Any]]) -> None:
    records = characters = 0
    for change in changes:
        times = 2 if change["Action"] == "UPSERT" else 1
        found = change["ResourceRecordSet"].get("ResourceRecords") or []
        records += times * len(found)
        characters += times * sum(len(record["Value"]) for record in found)
    if records > MOST_RECORDS:
        raise bad_batch([f"Number of records limit of {MOST_RECORDS} exceeded."])
    if characters > MOST_CHARACTERS:
        raise bad_batch([f"Number of characters limit of {MOST_CHARACTERS} exceeded."])


def _check_members(change: dict[str, Any]) -> None:
    """Raise InvalidInput for members of a record set that exclude or need each other."""
    given = change["ResourceRecordSet"]
    where = (
        f"Change with [Action={change['Action']}, Name={given['Name']}, Type={given['Type']}, "
        f"SetIdentifier={given.get('SetIdentifier', 'null')}]"
    )
    alias, plain = "AliasTarget" in given, "ResourceRecords" in given or "TTL" in given
    kinds = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
    if alias and plain:
        raise InvalidInput(f"Invalid request: Expected exactly one of {kinds}, but found more than one in {where}")
    if not alias and not plain and not given.get("TrafficPolicyInstanceId"):
        raise InvalidInput(f"Invalid request: Expected exactly one of {kinds}, but found none in {where}")
    if plain:
        missing = next((name for name in ("TTL", "ResourceRecords") if given.get(name) is None), None)
        if missing or not given["ResourceRecords"]:
            raise InvalidInput(f"Invalid request: Missing field '{missing or 'ResourceRecords'}' in {where}")
    routing = [name for name in ROUTING if given.get(name) is not None]
    kinds = "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, CidrRoutingConfig, or GeoProximityLocation]"
    if given.get("SetIdentifier") is not None and not routing:
        raise InvalidInput(f"Invalid request: Expected exactly one of {kinds}, but found none in {where}")
    if len(routing) > 1:
        raise InvalidInput(f"Invalid request: Expected exactly one of {kinds}, but found more than one in {where}")
    if routing and given.get("SetIdentifier") is None:
        raise InvalidInput(f"Invalid request: Missing field 'SetIdentifier' in {where}")


def _read(zone: Zone, given: dict[str, Any], problems: list[str]) -> RecordSet | None:
    """The record set of a change, with its names in canonical form."""
    try:
        name = canonical(given["Name"])
        target = given.get("AliasTarget")
        alias = {"AliasTarget": {**target, "DNSName": canonical(target["DNSName"])}} if target else {}
    except BadName as error:
        problems.append(f"FATAL problem: {''.join(word.capitalize() for word in str(error).split())} ({error}) "
                        f"encountered with '{given['Name']}'")  # fmt: skip
        return None
    data = {key: value for key, value in given.items() if key not in ("Name", "Type", "SetIdentifier")} | alias
    return RecordSet(account=zone.account, zone=zone.id, name=name, type=given["Type"],
                     identifier=given.get("SetIdentifier") or "", data=data)  # fmt: skip


def _make(
    tx: Transaction, ctx: Context, zone: Zone, action: str, new: RecordSet | None, problems: list[str]
) -> str | None:
    """Make one change; returns what is wrong with it."""
    if new is None:
        return None
    if not within(new.name, zone.name):
        return f"RRSet with DNS name {new.name} is not permitted in zone {zone.name}"
    key = RECORD_SETS.key(new)
    kept = tx.get(RECORD_SETS, key)
    if action == "DELETE":
        if kept is None:
            return f"Tried to delete resource record set {_label(new)} but it was not found"
        if _comparable(kept) != _comparable(new):
            return f"Tried to delete resource record set {_label(new)} but the values provided do not match the current values"  # noqa: E501
        tx.delete(RECORD_SETS, key)
        zone.count -= 1
        return None
    if action == "CREATE" and kept is not None:
        return f"Tried to create resource record set {_label(new)} but it already exists"
    problem = _conflict(tx, zone, new) or _wrong_values(new) or _wrong_alias(tx, zone, new)
    if problem:
        return problem
    check = new.data.get("HealthCheckId")
    if check and tx.get(HEALTH_CHECKS, (zone.account, check)) is None:
        raise NoSuchHealthCheck(f"A health check with id {check} does not exist.")
    tx.put(RECORD_SETS, new)
    zone.count += kept is None
    return None


def _label(found: RecordSet) -> str:
    identifier = f", set-identifier='{found.identifier}'" if found.identifier else ""
    return f"[name='{found.name}', type='{found.type}'{identifier}]"


def _comparable(found: RecordSet) -> dict[str, Any]:
    """The members that a DELETE must repeat. The order of values does not matter."""
    data = {key: value for key, value in found.data.items() if value is not None}
    if "ResourceRecords" in data:
        data["ResourceRecords"] = sorted(record["Value"] for record in data["ResourceRecords"])
    return data


def _conflict(tx: Transaction, zone: Zone, new: RecordSet) -> str | None:
    """What of the same name does not go together with a record set."""
    if new.type == "CNAME" and new.name == zone.name:
        return f"RRSet of type CNAME with DNS name {new.name} is not permitted at apex in zone {zone.name}"
    others = [each for each in sets(tx, zone, new.name) if RECORD_SETS.key(each) != RECORD_SETS.key(new)]
    if new.type == "CNAME" and any(each.type != "CNAME" for each in others):
        return (f"RRSet of type CNAME with DNS name {new.name} is not permitted as it conflicts with other records "
                f"with the same DNS name in zone {zone.name}")  # fmt: skip
    if new.type != "CNAME" and any(each.type == "CNAME" for each in others):
        return (f"RRSet of type {new.type} with DNS name {new.name} is not permitted because a conflicting RRSet of "
                f"type CNAME with the same DNS name already exists in zone {zone.name}")  # fmt: skip
    same = [each for each in others if each.type == new.type]
    if any(_routing(each) != _routing(new) for each in same):
        return (f"RRSet with DNS name {new.name}, type {new.type}"
                + (f", SetIdentifier {new.identifier}" if new.identifier else "")
                + " cannot be created as other RRSets exist with the same name and type.")  # fmt: skip
    return None


def _routing(found: RecordSet) -> str:
    return next((name for name in ROUTING if found.data.get(name) is not None), "")


def _wrong_values(new: RecordSet) -> str | None:
    found = [record["Value"] for record in new.data.get("ResourceRecords") or ()]
    twice = next((value for value in found if found.count(value) > 1), None)
    if twice is not None:
        return f"Duplicate Resource Record: '{twice}'"
    if new.type in ("CNAME", "SOA") and len(found) > 1:
        return f"Number of records limit of 1 exceeded in {new.type} RRSet with DNS name {new.name}"  # not confirmed
    return next((wrong for value in found if (wrong := values.problem(new.type, value))), None)


def _wrong_alias(tx: Transaction, zone: Zone, new: RecordSet) -> str | None:
    """What is wrong with an alias of a record in the same zone. Of AWS's own zones nothing is known here."""
    target = new.data.get("AliasTarget")
    if not target or target["HostedZoneId"] != zone.id:
        return None
    name = target["DNSName"]
    tried = f"Tried to create an alias that targets {name}, type {new.type} in zone {zone.id}"
    if not within(name, zone.name):
        return f"{tried}, but the alias target name does not lie within the target zone"
    if not sets(tx, zone, name, new.type) or name == new.name:
        return f"{tried}, but that target was not found"
    return None


def _apex(tx: Transaction, zone: Zone) -> list[str]:
    """What the zone's own name lacks."""
    found = [each.type for each in sets(tx, zone, zone.name)]
    missing = [] if found.count("SOA") == 1 else ["A HostedZone must contain exactly one SOA record."]
    return missing + (
        [] if "NS" in found else ["A HostedZone must contain at least one NS record for the zone itself."]
    )
