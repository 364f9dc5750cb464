"""Tags of zones and health checks, for the Resource Groups Tagging API, which lists them in us-east-1.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.core import regions, tags
from fogbank.core.context import Context
from fogbank.core.taggable import Taggable
from fogbank.network.zones import ZONES
from fogbank.store.api import Reader

from .find import arn
from .records import HEALTH_CHECKS


def _each(tx: Reader, ctx: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    if ctx.region != regions.home("route53", ctx.partition):
        return
    for zone in tx.scan(ZONES, (ctx.account,)):
        yield arn(ctx, "hostedzone", zone.id), zone.tags
    for check in tx.scan(HEALTH_CHECKS, (ctx.account,)):
        yield arn(ctx, "healthcheck", check.id), check.tags


def _where(resource: str) -> dict[str, Any]:
    kind, _, id = resource.rpartition(":")[2].partition("/")
    return {"ResourceType": kind, "ResourceId": id}


async def _tag(ctx: Context, resource: str, given: Mapping[str, str]) -> None:
    await ctx.call("route53", "ChangeTagsForResource", {**_where(resource), "AddTags": tags.to_list(given)})


async def _untag(ctx: Context, resource: str, keys: list[str]) -> None:
    await ctx.call("route53", "ChangeTagsForResource", {**_where(resource), "RemoveTagKeys": keys})


TAGGABLE = Taggable(each=_each, tag=_tag, untag=_untag)
