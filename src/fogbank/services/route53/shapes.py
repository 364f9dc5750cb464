"""Converts records to the structures of answers."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.network.zones import RecordSet, Zone

from .records import DelegationSet, HealthCheck

BASE = "https://route53.amazonaws.com/2013-04-01"


def location(path: str) -> str:
    return f"{BASE}/{path}"


def zone(found: Zone) -> dict[str, Any]:
    config: dict[str, Any] = {"PrivateZone": found.private}
    if found.comment:
        config["Comment"] = found.comment
    return {
        "Id": f"/hostedzone/{found.id}",
        "Name": found.name,
        "CallerReference": found.reference,
        "Config": config,
        "ResourceRecordSetCount": found.count,
    }


def vpc(pair: tuple[str, str]) -> dict[str, str]:
    return {"VPCRegion": pair[0], "VPCId": pair[1]}


def delegation(found: Zone) -> dict[str, Any]:
    """The delegation set of a zone. Its id is shown if it is a reusable one."""
    shown: dict[str, Any] = {"NameServers": list(found.name_servers)}
    return {"Id": f"/delegationset/{found.delegation_set}", **shown} if found.delegation_set else shown


def delegation_set(found: DelegationSet) -> dict[str, Any]:
    return {
        "Id": f"/delegationset/{found.id}",
        "CallerReference": found.reference,
        "NameServers": list(found.name_servers),
    }


def record_set(found: RecordSet) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": found.name, "Type": found.type, **found.data}
    return {**shown, "SetIdentifier": found.identifier} if found.identifier else shown


def health_check(ctx: Context, found: HealthCheck) -> dict[str, Any]:
    return {
        "Id": found.id,
        "CallerReference": found.reference,
        "HealthCheckConfig": found.config,
        "HealthCheckVersion": found.version,
    }
