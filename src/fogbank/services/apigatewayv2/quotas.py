"""How many APIs, routes, integrations and the like there may be.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html

The texts follow that of REST APIs and are not confirmed.
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import full
from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .records import APIS, AUTHORIZERS, HTTP, INTEGRATIONS, ROUTES, STAGES, VPC_LINKS, Api

# codes of Service Quotas; words where the code could not be confirmed
REGIONAL_APIS = "L-AA0FF27B"
RATE, BURST = "L-8A5B8E43", "L-CDF5615A"
NEW_CONNECTIONS = "L-9ED1E49A"
_ROUTES = {HTTP: "L-65B5C802", "WEBSOCKET": "L-01C8A9E0"}
_PER_API: dict[str, tuple[str, Table[Any]]] = {
    "integrations": ("integrations-per-http-api", INTEGRATIONS),
    "authorizers": ("authorizers-per-api", AUTHORIZERS),
    "stages": ("L-379E48B0", STAGES),
}


def hold_api(tx: Reader, ctx: Context) -> None:
    """Raise LimitExceeded unless one more API fits into the account. HTTP and WebSocket APIs are regional."""
    if quotas.reached(tx, ctx, "apigateway", REGIONAL_APIS, APIS, (ctx.account, ctx.region)) is not None:
        raise full("APIs", "account")


def hold_link(tx: Reader, ctx: Context) -> None:
    """Raise LimitExceeded unless one more VPC link fits into the account."""
    if quotas.reached(tx, ctx, "apigateway", "L-608BDCD4", VPC_LINKS, (ctx.account, ctx.region)) is not None:
        raise full("VPC links", "account")


def hold(tx: Reader, ctx: Context, api: Api, things: str) -> None:
    """Raise LimitExceeded unless one more of these fits into an API."""
    code, table = (_ROUTES[api.protocol], ROUTES) if things == "routes" else _PER_API[things]
    if quotas.reached(tx, ctx, "apigateway", code, table, (api.account, api.region, api.id)) is not None:
        raise full(things, "API")
