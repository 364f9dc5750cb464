"""The limits of the account and of zones, with what is used of them.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.network.zones import ZONES
from fogbank.store.api import Reader

from ..find import DELEGATION_SET, INSTANCE, POLICY, ZONE, by_zone_id
from ..records import DELEGATION_SETS, HEALTH_CHECKS, THINGS
from . import delegation_sets, health_checks, traffic, zones

VPCS, ZONES_OF_SET = "vpcs-per-private-zone", "zones-per-delegation-set"
RECORDS = "L-E209CC9F"
_QUOTAS = {
    "MAX_HEALTH_CHECKS_BY_OWNER": health_checks.QUOTA,
    "MAX_HOSTED_ZONES_BY_OWNER": zones.HOSTED_ZONES,
    "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": delegation_sets.QUOTA,
    "MAX_TRAFFIC_POLICIES_BY_OWNER": traffic.POLICIES,
    "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": traffic.INSTANCES,
}


def _count(tx: Reader, ctx: Context, kind: str) -> int:
    where = (ctx.account,)
    if kind == "MAX_TRAFFIC_POLICIES_BY_OWNER":
        return len({each.id for each in tx.scan(THINGS, (*where, POLICY.word))})
    if kind == "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER":
        return tx.count(THINGS, (*where, INSTANCE.word))
    if kind == "MAX_HEALTH_CHECKS_BY_OWNER":
        return tx.count(HEALTH_CHECKS, where)
    return tx.count(ZONES, where) if kind == "MAX_HOSTED_ZONES_BY_OWNER" else tx.count(DELEGATION_SETS, where)


def _limit(tx: Reader, ctx: Context, kind: str, code: str, count: int) -> dict[str, Any]:
    return {"Limit": {"Type": kind, "Value": int(quotas.shown(tx, ctx, "route53", code))}, "Count": count}


@operation("route53", "GetAccountLimit", resource="*")
def get_account_limit(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A limit of the account."""
    from ..errors import InvalidInput

    kind = req["Type"]
    if kind not in _QUOTAS:
        raise InvalidInput(f"The limit {kind} is not known.")  # not confirmed
    with ctx.read() as tx:
        return _limit(tx, ctx, kind, _QUOTAS[kind], _count(tx, ctx, kind))


@operation("route53", "GetHostedZoneLimit", resource=by_zone_id)
def get_hosted_zone_limit(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A limit of a zone: its record sets, or the VPCs of a private one."""
    with ctx.read() as tx:
        zone = ZONE.require(tx, ctx, req["HostedZoneId"])
        if req["Type"] == "MAX_RRSETS_BY_ZONE":
            return _limit(tx, ctx, req["Type"], RECORDS, zone.count)
        return _limit(tx, ctx, req["Type"], VPCS, len(zone.vpcs))


@operation("route53", "GetReusableDelegationSetLimit", resource=DELEGATION_SET.of("DelegationSetId"))
def get_reusable_delegation_set_limit(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """How many zones may have a set."""
    with ctx.read() as tx:
        found = DELEGATION_SET.require(tx, ctx, req["DelegationSetId"])
        used = sum(zone.delegation_set == found.id for zone in tx.scan(ZONES, (ctx.account,)))
        return _limit(tx, ctx, req["Type"], ZONES_OF_SET, used)
