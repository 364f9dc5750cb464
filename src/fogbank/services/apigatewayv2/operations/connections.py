"""@connections: post to a client, look at its connection, end it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.http import Disconnected
from fogbank.core.kinds import Named, named
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Transaction

from ..errors import Gone, PayloadTooLarge
from ..find import Req
from ..records import CONNECTIONS, Connection
from ..websockets.sockets import Sockets

SERVICE, ACTION = "apigatewaymanagementapi", "execute-api:ManageConnections"
MOST = 128 * 1024  # bytes of a message


def _named(verb: str) -> Callable[[Context, Req], Named]:
    """arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/VERB/@connections/ID"""

    def resource(ctx: Context, req: Req) -> Named:
        id = req["ConnectionId"]
        with ctx.read() as tx:
            held = tx.get(CONNECTIONS, (id,))
        if held is None:  # nobody's: what is not there has no API
            return named(ctx.arn("execute-api", f"-/-/{verb}/@connections/{id}"), ctx.account)
        arn = ctx.arn(
            "execute-api", f"{held.api}/{held.stage}/{verb}/@connections/{id}", region=held.region, account=held.account
        )
        return named(arn, held.account)

    return resource


async def _require(ctx: Context, id: str) -> Connection:
    """The connection, if its socket is open. Raises Gone; AWS gives no text."""
    sockets = ctx.app.local(Sockets)

    def find(tx: Reader) -> Connection | None:
        held = tx.get(CONNECTIONS, (id,))
        return held if held is not None and sockets.lives(tx, held) else None

    held = await ctx.fetch(find)
    if held is None:
        await ctx.transact(_forget, id)
        raise Gone
    return held


def _forget(tx: Transaction, id: str) -> None:
    if tx.get(CONNECTIONS, (id,)) is not None:
        tx.delete(CONNECTIONS, (id,))


@operation(SERVICE, "PostToConnection", action=ACTION, resource=_named("POST"), data_event=True)
async def post_to_connection(ctx: Context, req: Req) -> dict[str, Any]:
    """Send data to a client."""
    data = bytes(req["Data"]) if isinstance(req["Data"], bytes) else await req["Data"].read(MOST + 1)
    if len(data) > MOST:
        raise PayloadTooLarge
    held, sockets = await _require(ctx, req["ConnectionId"]), ctx.app.local(Sockets)
    if held.node != ctx.app.node:
        await ctx.transact(lambda tx: sockets.leave(tx, held, data))
        return {}
    try:
        await sockets.send(held.id, data, ctx.now())
    except Disconnected:
        raise Gone from None
    return {}


@operation(SERVICE, "GetConnection", action=ACTION, resource=_named("GET"), data_event=True)
async def get_connection(ctx: Context, req: Req) -> dict[str, Any]:
    """When a client connected, from where, and when it was last active.

    For a connection that another node holds, the last activity is when it connected.
    """
    held = await _require(ctx, req["ConnectionId"])
    here = ctx.app.local(Sockets).held.get(held.id)
    return {
        "ConnectedAt": held.connected,
        "Identity": {"SourceIp": held.source_ip, "UserAgent": held.user_agent},
        "LastActiveAt": here.active if here is not None else held.active,
    }


@operation(SERVICE, "DeleteConnection", action=ACTION, resource=_named("DELETE"), data_event=True)
async def delete_connection(ctx: Context, req: Req) -> dict[str, Any]:
    """End a connection."""
    held, sockets = await _require(ctx, req["ConnectionId"]), ctx.app.local(Sockets)
    here = sockets.held.get(held.id)
    if here is None:
        await ctx.transact(lambda tx: sockets.leave(tx, held, b"", close=True))
    else:
        await here.socket.close(1000, "Connection Closed Normally")
    return {}
