"""The condition keys of Route 53's actions.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.conditions import Asked, Keys
from fogbank.network.domain_names import BadName, canonical


def _changes(asked: Asked) -> list[dict[str, Any]]:
    batch = asked.request.get("ChangeBatch")
    return list(batch.get("Changes") or ()) if isinstance(batch, dict) else []


def _names(asked: Asked) -> list[str] | None:
    """The names of the records, in lower case and without the dot at the end."""
    try:
        found = [canonical(each["ResourceRecordSet"]["Name"]).removesuffix(".") for each in _changes(asked)]
    except BadName:
        return None
    return found or None


def _vpcs(asked: Asked) -> str | None:
    vpc = asked.request.get("VPC")
    if isinstance(vpc, dict):
        return f"VPCId={vpc.get('VPCId')},VPCRegion={vpc.get('VPCRegion')}"
    id = asked.request.get("VPCId")
    return f"VPCId={id},VPCRegion={asked.request.get('VPCRegion')}" if id else None


KEYS = Keys(
    "route53",
    {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": _names,
        "route53:ChangeResourceRecordSetsRecordTypes": lambda asked: (
            [each["ResourceRecordSet"]["Type"] for each in _changes(asked)] or None
        ),
        "route53:ChangeResourceRecordSetsActions": lambda asked: [each["Action"] for each in _changes(asked)] or None,
        "route53:VPCs": _vpcs,
    },
)
