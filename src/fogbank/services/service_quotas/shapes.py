"""Converts quotas and requests to response shapes."""

from __future__ import annotations

from typing import Any

from fogbank.core import quotas
from fogbank.core.context import Context
from fogbank.core.paging import Pages
from fogbank.core.quotas import Quota

from .arns import arn_of
from .errors import InvalidPaginationTokenException
from .records import Change, Wish

_TO, _BACK = str.maketrans("-_", "+/"), str.maketrans("+/", "-_")


class QuotaPages(Pages):
    """Pages whose tokens use only the characters that the model allows."""

    def __init__(self, ctx: Context, scope: str = "") -> None:
        where = f"{ctx.account}/{ctx.region}/{ctx.service}/{ctx.operation}/{scope}"
        super().__init__(ctx, InvalidPaginationTokenException, where)

    def seal(self, state: Any) -> str:
        return super().seal(state).translate(_TO)

    def open(self, token: str) -> Any:
        return super().open(token.translate(_BACK))


def default(ctx: Context, service: str, quota: Quota) -> dict[str, Any]:
    """A `ServiceQuota` with AWS's default."""
    shown = {
        "ServiceCode": service,
        "ServiceName": name_of(service),
        "QuotaArn": arn_of(ctx, service, quota, account=""),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(quota.default),
        "Unit": quota.unit,
        "Adjustable": quota.adjustable,
        "GlobalQuota": quota.everywhere,
    }
    return {**shown, "UsageMetric": quota.metric} if quota.metric else shown


def applied(ctx: Context, service: str, quota: Quota) -> dict[str, Any]:
    """A `ServiceQuota` with the account's value."""
    value = ctx.app.quotas.applied(ctx.account, ctx.region, service, quota.code)  # type: ignore[attr-defined]
    own = {"QuotaArn": arn_of(ctx, service, quota), "Value": float(value), "QuotaAppliedAtLevel": "ACCOUNT"}
    return default(ctx, service, quota) | own


def change(ctx: Context, change: Change) -> dict[str, Any]:
    """A `RequestedServiceQuotaChange`."""
    quota = quotas.table()[change.service].quotas[change.quota]
    shown = {
        "Id": change.id,
        "ServiceCode": change.service,
        "ServiceName": name_of(change.service),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": float(change.desired),
        "Status": change.status,
        "Created": change.created,
        "Requester": change.requester,
        "QuotaArn": arn_of(ctx, change.service, quota),
        "GlobalQuota": quota.everywhere,
        "Unit": quota.unit,
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
    if change.changed:
        shown["LastUpdated"] = change.changed
    return {**shown, "CaseId": change.case} if change.case else shown


def wish(wish: Wish) -> dict[str, Any]:
    """A `ServiceQuotaIncreaseRequestInTemplate`."""
    quota = quotas.table()[wish.service].quotas[wish.quota]
    return {
        "ServiceCode": wish.service,
        "ServiceName": name_of(wish.service),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": float(wish.desired),
        "AwsRegion": wish.region,
        "Unit": quota.unit,
        "GlobalQuota": quota.everywhere,
    }


def name_of(service: str) -> str:
    return quotas.table()[service].name
