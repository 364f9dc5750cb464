"""The look-up of records by the ids in requests. Route 53 is global: its ARNs have no region and no account.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html

The id of a zone is also accepted with `/hostedzone/` before it, as answers have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named
from fogbank.core.operation import Access
from fogbank.network.zones import ZONES, Zone

from . import errors
from .records import CHANGES, DELEGATION_SETS, HEALTH_CHECKS, THINGS, Change, DelegationSet, HealthCheck, Thing


def arn(ctx: Context, kind: str, id: str) -> str:
    return ctx.arn("route53", f"{kind}/{id}", region="", account="")


def _kind(word: str, table: Any, missing: Callable[[str], ServiceError]) -> Kind[Any]:
    return Kind(
        word,
        table,
        key=lambda ctx, text: (ctx.account, text.removeprefix(f"/{word}/")),
        arn=lambda ctx, key, record: arn(ctx, word, key[1]),
        missing=lambda ctx, key: missing(key[1]),
    )


ZONE: Kind[Zone] = _kind("hostedzone", ZONES, errors.no_zone)
HEALTH_CHECK: Kind[HealthCheck] = _kind("healthcheck", HEALTH_CHECKS, errors.no_health_check)
CHANGE: Kind[Change] = _kind(
    "change", CHANGES, lambda id: errors.NoSuchChange(f"A change with the specified change ID does not exist: {id}")
)
DELEGATION_SET: Kind[DelegationSet] = _kind(
    "delegationset", DELEGATION_SETS, lambda id: errors.NoSuchDelegationSet(f"No delegation set found with ID: {id}")
)


def _thing(word: str, missing: type[ServiceError]) -> Kind[Thing]:
    return Kind(
        word,
        THINGS,
        key=lambda ctx, text: (ctx.account, word, text, ""),
        arn=lambda ctx, key, record: arn(ctx, word, key[2]),
        missing=lambda ctx, key: missing(),
    )


LOGGING = _thing("queryloggingconfig", errors.NoSuchQueryLoggingConfig)
POLICY = _thing("trafficpolicy", errors.NoSuchTrafficPolicy)
INSTANCE = _thing("trafficpolicyinstance", errors.NoSuchTrafficPolicyInstance)
COLLECTION = _thing("cidrcollection", errors.NoSuchCidrCollectionException)
by_zone_id = ZONE.of("HostedZoneId")
by_id = ZONE.of("Id")


def tagged(ctx: Context, req: dict[str, Any]) -> Named:
    """The zone or health check that a request about tags names."""
    return kind_of(req["ResourceType"]).name(ctx, req["ResourceId"])


def each_tagged(ctx: Context, req: dict[str, Any]) -> list[Access]:
    kind = kind_of(req["ResourceType"])
    return [Access("", kind.name(ctx, id)) for id in req["ResourceIds"]]


def kind_of(word: str) -> Kind[Any]:
    """The kind of a ResourceType: hostedzone or healthcheck. Nothing else here has tags."""
    if word not in ("hostedzone", "healthcheck"):
        raise errors.InvalidInput(f"The resource type {word} is not supported.")  # not confirmed
    return ZONE if word == "hostedzone" else HEALTH_CHECK
