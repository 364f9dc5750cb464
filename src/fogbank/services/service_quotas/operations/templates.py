"""The template of requests for new accounts of an organization. Only recorded: Fogbank applies it to no account.

https://docs.aws.amazon.com/servicequotas/latest/userguide/organization-templates.html

Fogbank has no organizations yet, so it refuses no account for not being a management account.
"""

from __future__ import annotations

from typing import Any

from fogbank.core import arns as core_arns
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, catalog, shapes
from ..errors import (
    NoSuchResourceException,
    QuotaExceededException,
    ServiceQuotaTemplateNotInUseException,
    TemplatesNotAvailableInRegionException,
)
from ..records import TEMPLATES, WISHES, Template, Wish
from ..shapes import QuotaPages
from .quotas import MOST

ENTRIES = 10  # per template


def _check_region(ctx: Context) -> None:
    """Refuse other regions: templates exist only in the partition's main region (N. Virginia)."""
    if ctx.region != core_arns.MAIN_REGIONS[ctx.partition]:
        raise TemplatesNotAvailableInRegionException


def _associated(tx: Reader, ctx: Context) -> bool:
    found = tx.get(TEMPLATES, (ctx.account,))
    return found is not None and found.associated


@operation("service-quotas", "AssociateServiceQuotaTemplate", resource="*", fidelity="recorded")
def associate_service_quota_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_AssociateServiceQuotaTemplate.html"""
    _check_region(ctx)
    with ctx.write() as tx:
        tx.put(TEMPLATES, Template(account=ctx.account, associated=True))
    return {}


@operation("service-quotas", "DisassociateServiceQuotaTemplate", resource="*", fidelity="recorded")
def disassociate_service_quota_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_DisassociateServiceQuotaTemplate.html"""
    _check_region(ctx)
    with ctx.write() as tx:
        if not _associated(tx, ctx):
            raise ServiceQuotaTemplateNotInUseException
        tx.put(TEMPLATES, Template(account=ctx.account, associated=False))
    return {}


@operation("service-quotas", "GetAssociationForServiceQuotaTemplate", resource="*", fidelity="recorded")
def get_association_for_service_quota_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetAssociationForServiceQuotaTemplate.html"""
    _check_region(ctx)
    with ctx.read() as tx:
        status = "ASSOCIATED" if _associated(tx, ctx) else "DISASSOCIATED"
    return {"ServiceQuotaTemplateAssociationStatus": status}


@operation("service-quotas", "PutServiceQuotaIncreaseRequestIntoTemplate", resource=arns.requested, fidelity="recorded")
def put_service_quota_increase_request_into_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_PutServiceQuotaIncreaseRequestIntoTemplate.html"""
    _check_region(ctx)
    quota = catalog.quota_of(ctx, req["ServiceCode"], req["QuotaCode"])
    wish = Wish(
        account=ctx.account, region=req["AwsRegion"], service=req["ServiceCode"], quota=quota.code,
        desired=req["DesiredValue"],
    )  # fmt: skip
    with ctx.write() as tx:
        if tx.get(WISHES, WISHES.key(wish)) is None and tx.count(WISHES, (ctx.account,)) >= ENTRIES:
            raise QuotaExceededException
        tx.put(WISHES, wish)
    return {"ServiceQuotaIncreaseRequestInTemplate": shapes.wish(wish)}


def _find(tx: Reader, ctx: Context, req: dict[str, Any]) -> Wish:
    found = tx.get(WISHES, (ctx.account, req["AwsRegion"], req["ServiceCode"], req["QuotaCode"]))
    if found is None:
        raise NoSuchResourceException
    return found


@operation("service-quotas", "GetServiceQuotaIncreaseRequestFromTemplate", resource=arns.requested, fidelity="recorded")
def get_service_quota_increase_request_from_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuotaIncreaseRequestFromTemplate.html"""
    _check_region(ctx)
    with ctx.read() as tx:
        return {"ServiceQuotaIncreaseRequestInTemplate": shapes.wish(_find(tx, ctx, req))}


@operation("service-quotas", "DeleteServiceQuotaIncreaseRequestFromTemplate", resource="*", fidelity="recorded")
def delete_service_quota_increase_request_from_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_DeleteServiceQuotaIncreaseRequestFromTemplate.html"""
    _check_region(ctx)
    with ctx.write() as tx:
        tx.delete(WISHES, WISHES.key(_find(tx, ctx, req)))
    return {}


@operation("service-quotas", "ListServiceQuotaIncreaseRequestsInTemplate", resource="*", fidelity="recorded")
def list_service_quota_increase_requests_in_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotaIncreaseRequestsInTemplate.html"""
    _check_region(ctx)
    service, region = req.get("ServiceCode"), req.get("AwsRegion")
    with ctx.read() as tx:
        found = [
            wish
            for wish in tx.scan(WISHES, (ctx.account,))
            if service in (None, wish.service) and region in (None, wish.region)
        ]
    pages = QuotaPages(ctx, f"{service}/{region}")
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults", MOST), WISHES.key)
    return {"ServiceQuotaIncreaseRequestInTemplateList": [shapes.wish(wish) for wish in shown], **more}
