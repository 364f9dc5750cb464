"""The resources of Service Quotas' actions: a quota of the account.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html

It could not be confirmed that the tagging actions are authorised on the quota's ARN: the page names no resource for
them.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Named, named
from fogbank.core.quotas import Quota

from . import catalog
from .errors import NoSuchResourceException


def arn_of(ctx: Context, service: str, quota: Quota, *, account: str | None = None) -> str:
    """arn:aws:servicequotas:REGION:ACCOUNT:SERVICE/CODE. Without a region for a quota that covers all regions."""
    region = "" if quota.everywhere else ctx.region
    return ctx.arn("servicequotas", f"{service}/{quota.code}", region=region, account=account)


def _named(ctx: Context, service: str, code: str) -> Named:
    """Also names a quota that does not exist: the operation says so, to callers who are allowed to ask."""
    try:
        arn = arn_of(ctx, service, catalog.quota_of(ctx, service, code))
    except NoSuchResourceException:
        arn = ctx.arn("servicequotas", f"{service}/{code}")
    return named(arn, ctx.account)


def requested(ctx: Context, req: dict[str, Any]) -> Named:
    """The quota of ServiceCode and QuotaCode."""
    return _named(ctx, req["ServiceCode"], req["QuotaCode"])


def read(ctx: Context, arn: str) -> tuple[str, Quota]:
    """The service's code and the quota that an ARN names, of this account and region."""
    service, _, code = arn.rpartition(":")[2].partition("/")
    quota = catalog.quota_of(ctx, service, code)
    if arn != arn_of(ctx, service, quota):
        raise NoSuchResourceException
    return service, quota


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    service, _, code = req["ResourceARN"].rpartition(":")[2].partition("/")
    return _named(ctx, service, code)
