"""Lists services, their default quotas, and the account's applied values."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, catalog, shapes
from ..errors import IllegalArgumentException
from ..shapes import QuotaPages

MOST = 100  # per page


@operation("service-quotas", "ListServices", resource="*")
def list_services(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServices.html"""
    found = list(catalog.services(ctx).items())
    shown, more = QuotaPages(ctx).by_key(found, req.get("NextToken"), req.get("MaxResults", MOST), lambda s: s[0])
    return {"Services": [{"ServiceCode": code, "ServiceName": name} for code, name in shown], **more}


@operation("service-quotas", "ListServiceQuotas", resource="*")
def list_service_quotas(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The applied values of a service, or of one of its quotas. There are none at the level of single resources.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    service, code, level = req["ServiceCode"], req.get("QuotaCode"), req.get("QuotaAppliedAtLevel", "ACCOUNT")
    found = [catalog.quota_of(ctx, service, code)] if code else catalog.quotas_of(ctx, service)
    pages = QuotaPages(ctx, f"{service}/{code}/{level}")
    shown, more = pages.by_key(
        found if level != "RESOURCE" else [], req.get("NextToken"), req.get("MaxResults", MOST), lambda q: q.code
    )
    return {"Quotas": [shapes.applied(ctx, service, quota) for quota in shown], **more}


@operation("service-quotas", "GetServiceQuota", resource=arns.requested)
def get_service_quota(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The applied value. No quota here is of a single resource, so a ContextId is refused (not confirmed).

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
    """
    quota = catalog.quota_of(ctx, req["ServiceCode"], req["QuotaCode"])
    refuse_context(req)
    return {"Quota": shapes.applied(ctx, req["ServiceCode"], quota)}


def refuse_context(req: dict[str, Any]) -> None:
    """Refuse a request that names a resource for a quota of the account."""
    if req.get("ContextId"):
        raise IllegalArgumentException("The specified quota can't be applied at the resource level.")


@operation("service-quotas", "ListAWSDefaultServiceQuotas", resource="*")
def list_aws_default_service_quotas(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListAWSDefaultServiceQuotas.html"""
    service = req["ServiceCode"]
    shown, more = QuotaPages(ctx, service).by_key(
        catalog.quotas_of(ctx, service), req.get("NextToken"), req.get("MaxResults", MOST), lambda q: q.code
    )
    return {"Quotas": [shapes.default(ctx, service, quota) for quota in shown], **more}


@operation("service-quotas", "GetAWSDefaultServiceQuota", resource="*")
def get_aws_default_service_quota(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetAWSDefaultServiceQuota.html"""
    quota = catalog.quota_of(ctx, req["ServiceCode"], req["QuotaCode"])
    return {"Quota": shapes.default(ctx, req["ServiceCode"], quota)}
