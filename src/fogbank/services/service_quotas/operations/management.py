"""Automatic management. Only recorded: Fogbank notifies nobody and raises no values.

https://docs.aws.amazon.com/servicequotas/latest/userguide/automatic-management.html

What AWS answers for an account that never started it could not be confirmed; Fogbank answers the status DISABLED.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import catalog
from ..errors import NoSuchResourceException
from ..records import MANAGEMENT, Management


def _check(ctx: Context, excluded: dict[str, list[str]]) -> dict[str, list[str]]:
    """Check that the excluded quotas exist, and return them."""
    for service, codes in excluded.items():
        for code in codes:
            catalog.quota_of(ctx, service, code)
    return excluded


def _require(tx: Reader, ctx: Context) -> Management:
    found = tx.get(MANAGEMENT, (ctx.account, ctx.region))
    if found is None or not found.enabled:
        raise NoSuchResourceException
    return found


@operation("service-quotas", "StartAutoManagement", resource="*", fidelity="recorded")
def start_auto_management(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_StartAutoManagement.html"""
    excluded = _check(ctx, req.get("ExclusionList") or {})
    with ctx.write() as tx:
        made = Management(
            account=ctx.account, region=ctx.region, level=req["OptInLevel"], kind=req["OptInType"],
            notify=req.get("NotificationArn", ""), excluded=excluded,
        )  # fmt: skip
        tx.put(MANAGEMENT, made)
    return {}


@operation("service-quotas", "UpdateAutoManagement", resource="*", fidelity="recorded")
def update_auto_management(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_UpdateAutoManagement.html"""
    with ctx.write() as tx:
        held = _require(tx, ctx)
        held.kind = req.get("OptInType", held.kind)
        held.notify = req.get("NotificationArn", held.notify)
        if "ExclusionList" in req:
            held.excluded = _check(ctx, req["ExclusionList"])
        tx.put(MANAGEMENT, held)
    return {}


@operation("service-quotas", "StopAutoManagement", resource="*", fidelity="recorded")
def stop_auto_management(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_StopAutoManagement.html"""
    with ctx.write() as tx:
        held = _require(tx, ctx)
        held.enabled = False
        tx.put(MANAGEMENT, held)
    return {}


@operation("service-quotas", "GetAutoManagementConfiguration", resource="*", fidelity="recorded")
def get_auto_management_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetAutoManagementConfiguration.html"""
    with ctx.read() as tx:
        held = tx.get(MANAGEMENT, (ctx.account, ctx.region))
    if held is None:
        return {"OptInLevel": "ACCOUNT", "OptInStatus": "DISABLED"}
    shown: dict[str, Any] = {
        "OptInLevel": held.level,
        "OptInType": held.kind,
        "OptInStatus": "ENABLED" if held.enabled else "DISABLED",
        "ExclusionList": {service: _named(ctx, service, codes) for service, codes in held.excluded.items()},
    }
    return {**shown, "NotificationArn": held.notify} if held.notify else shown


def _named(ctx: Context, service: str, codes: list[str]) -> list[dict[str, str]]:
    return [{"QuotaCode": code, "QuotaName": catalog.quota_of(ctx, service, code).name} for code in codes]
