"""How many APIs, resources, stages, keys and plans there may be.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html

The text for resources is AWS's; those of the others follow it and could not be confirmed.
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import full
from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .records import APIS, KEYS, PLANS, RESOURCES, STAGES, VPC_LINKS, Api

APIS_OF_TYPE = {"REGIONAL": "L-AA0FF27B", "PRIVATE": "L-A966AB5C", "EDGE": "L-B97207D0"}
RESOURCES_PER_API, STAGES_PER_API = "L-01C8A9E0", "L-379E48B0"
RATE, BURST = "L-8A5B8E43", "L-CDF5615A"
_IN_REGION: dict[str, tuple[str, Table[Any]]] = {
    "API keys": ("L-1D180A63", KEYS),
    "usage plans": ("L-E8693075", PLANS),
    "VPC links": ("L-A4C7274F", VPC_LINKS),
}


def hold(tx: Reader, ctx: Context, things: str) -> None:
    """Raise LimitExceeded unless one more of these fits into the account."""
    code, table = _IN_REGION[things]
    if quotas.reached(tx, ctx, "apigateway", code, table, (ctx.account, ctx.region)) is not None:
        raise full(things, "account")


def hold_api(tx: Reader, ctx: Context, api: Api) -> None:
    """Raise LimitExceeded unless one more API of this one's endpoint type fits into the account."""
    kind = _kind(api)
    where = (ctx.account, ctx.region)
    limit = quotas.reached(tx, ctx, "apigateway", APIS_OF_TYPE[kind], APIS, where)
    if limit is not None and sum(_kind(other) == kind for other in tx.scan(APIS, where)) >= limit:
        raise full("APIs", "account")


def _kind(api: Api) -> str:
    return str(((api.shape.get("endpointConfiguration") or {}).get("types") or ["EDGE"])[0])


def hold_resource(tx: Reader, ctx: Context, scope: tuple[str, str, str]) -> None:
    """Raise LimitExceeded unless one more resource fits into an API."""
    if quotas.reached(tx, ctx, "apigateway", RESOURCES_PER_API, RESOURCES, scope) is not None:
        raise full("resources", "API")


def hold_stage(tx: Reader, ctx: Context, scope: tuple[str, str, str]) -> None:
    """Raise LimitExceeded unless one more stage fits into an API."""
    if quotas.reached(tx, ctx, "apigateway", STAGES_PER_API, STAGES, scope) is not None:
        raise full("stages", "API")
