"""Requests to increase quotas, and their history."""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.quotas import Quota
from fogbank.store.api import Reader, Transaction

from .. import arns, catalog, deciding, shapes
from ..errors import (
    IllegalArgumentException,
    InvalidResourceStateException,
    NoSuchResourceException,
    QuotaExceededException,
    ResourceAlreadyExistsException,
)
from ..records import CHANGES, Change
from ..shapes import QuotaPages
from .quotas import MOST, refuse_context

ACTIVE = "active-requests"


@operation("service-quotas", "RequestServiceQuotaIncrease", resource=arns.requested)
def request_service_quota_increase(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Request a higher value. `deciding` decides a little later.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
    """
    service = req["ServiceCode"]
    quota = catalog.quota_of(ctx, service, req["QuotaCode"])
    refuse_context(req)
    with ctx.write() as tx:
        _refuse(tx, ctx, service, quota, req["DesiredValue"])
        change = Change(
            account=ctx.account, region=ctx.region, id=ctx.ids.hex(32) + ctx.ids.alnum(8), service=service,
            quota=quota.code, desired=req["DesiredValue"], created=ctx.now(),
            case_allowed=req.get("SupportCaseAllowed", True),
            requester=json.dumps({"accountId": ctx.account, "callerArn": ctx.principal.arn}, separators=(",", ":")),
        )  # fmt: skip
        tx.put(CHANGES, change)
        deciding.later(tx, ctx, change)
    return {"RequestedQuota": shapes.change(ctx, change)}


def _refuse(tx: Transaction, ctx: Context, service: str, quota: Quota, desired: float) -> None:
    if not quota.adjustable:
        raise IllegalArgumentException("The request failed because the specified quota is not adjustable.")
    current = ctx.app.quotas.applied(ctx.account, ctx.region, service, quota.code, tx)  # type: ignore[attr-defined]
    if desired <= current:
        raise IllegalArgumentException("You must provide a quota value greater than the current quota value")
    active = [change for change in tx.scan(CHANGES, (ctx.account, ctx.region)) if change.open]
    if any((change.service, change.quota) == (service, quota.code) for change in active):
        raise ResourceAlreadyExistsException
    if len(active) >= ctx.quota("servicequotas", ACTIVE, tx):
        raise QuotaExceededException


def _find(tx: Reader, ctx: Context, id: str) -> Change:
    found = tx.get(CHANGES, (ctx.account, ctx.region, id))
    if found is None:
        raise NoSuchResourceException(
            f"The request failed because the specified quota increase request {id} does not exist."
        )
    return found


@operation("service-quotas", "GetRequestedServiceQuotaChange", resource="*")
def get_requested_service_quota_change(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetRequestedServiceQuotaChange.html"""
    with ctx.read() as tx:
        return {"RequestedQuota": shapes.change(ctx, _find(tx, ctx, req["RequestId"]))}


@operation("service-quotas", "CreateSupportCase", resource="*")
def create_support_case(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Pass a pending request to Support.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_CreateSupportCase.html
    """
    with ctx.write() as tx:
        change = _find(tx, ctx, req["RequestId"])
        if change.status == "CASE_OPENED":
            raise ResourceAlreadyExistsException("A support case exists for the quota increase request.")
        if change.status != "PENDING":
            raise InvalidResourceStateException
        deciding.open_case(tx, ctx, change)
    return {}


@operation("service-quotas", "ListRequestedServiceQuotaChangeHistory", resource="*")
def list_requested_service_quota_change_history(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The account's requests in this region, the latest first.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListRequestedServiceQuotaChangeHistory.html
    """
    service = req.get("ServiceCode")
    if service:
        catalog.quotas_of(ctx, service)
    return _history(ctx, req, service, None)


@operation("service-quotas", "ListRequestedServiceQuotaChangeHistoryByQuota", resource=arns.requested)
def list_requested_service_quota_change_history_by_quota(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The requests for one quota, the latest first.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListRequestedServiceQuotaChangeHistoryByQuota.html
    """
    quota = catalog.quota_of(ctx, req["ServiceCode"], req["QuotaCode"])
    return _history(ctx, req, req["ServiceCode"], quota.code)


def _history(ctx: Context, req: dict[str, Any], service: str | None, quota: str | None) -> dict[str, Any]:
    status, level = req.get("Status"), req.get("QuotaRequestedAtLevel", "ACCOUNT")
    with ctx.read() as tx:
        found = [
            change
            for change in tx.scan(CHANGES, (ctx.account, ctx.region))
            if service in (None, change.service)
            and quota in (None, change.quota)
            and status in (None, change.status)
            and level != "RESOURCE"
        ]
    found.sort(key=_age)
    pages = QuotaPages(ctx, f"{service}/{quota}/{status}/{level}")
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults", MOST), _age)
    return {"RequestedQuotas": [shapes.change(ctx, change) for change in shown], **more}


def _age(change: Change) -> tuple[float, str]:
    return -change.created, change.id
