"""The quotas visible in each region. Those that cover all regions are visible only in the partition's main region.

https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html says this about S3's.
"""

from __future__ import annotations

from fogbank.core import arns, quotas
from fogbank.core.context import Context
from fogbank.core.quotas import Quota, Service

from .errors import NoSuchResourceException


def services(ctx: Context) -> dict[str, str]:
    """The names of the services that have quotas in this region, by code."""
    return {code: service.name for code, service in quotas.table().items() if _here(ctx, service)}


def quotas_of(ctx: Context, service: str) -> list[Quota]:
    """The quotas of a service, by code. Raises NoSuchResourceException."""
    known = quotas.table().get(service)
    found = _here(ctx, known) if known else []
    if not found:
        raise NoSuchResourceException(f"The request failed because the specified service {service} does not exist.")
    return [quota for quota in found if quota.listed]


def quota_of(ctx: Context, service: str, code: str) -> Quota:
    """One quota. Raises NoSuchResourceException."""
    for quota in quotas_of(ctx, service):
        if quota.code == code:
            return quota
    raise NoSuchResourceException(
        f"The request failed because the specified quota {code} does not exist for service {service}."
    )


def _here(ctx: Context, service: Service) -> list[Quota]:
    main = ctx.region == arns.MAIN_REGIONS[ctx.partition]
    return [quota for quota in service.quotas.values() if main or not quota.everywhere]
