"""The life of a connection: its messages, its timeouts, its end.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging

import msgspec

from fogbank.apis.failures import GatewayError
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import Disconnected, WebSocket
from fogbank.core.trace import Hop

from ..dataplane import admission
from ..dataplane.serving import Apis, Serving
from ..records import Connection
from ..rules import DEFAULT
from . import backends, expressions, recording
from .events import DISCONNECT, MESSAGE, Event, Session
from .expressions import Message
from .sockets import GOING_AWAY, Held, Sockets

log = logging.getLogger("fogbank.apigatewayv2")
IDLE, LONGEST = 600.0, 7200.0  # seconds on the cloud's clock
AT_ONCE = 64  # messages of one connection that are answered at the same time
NO_STATUS = (1005, "Client-side close frame status not set")


async def talk(session: Session, connection: Connection, socket: WebSocket) -> None:
    """Run a connection until it ends, then its $disconnect route."""
    app = session.ctx.app
    sockets = app.local(Sockets)
    held = sockets.held[connection.id] = Held(connection, socket, connection.connected)
    room = asyncio.Semaphore(AT_ONCE)
    tasks: set[asyncio.Task[None]] = set()
    try:
        while (message := await _next(session, held)) is not None:
            held.active = app.clock.now()
            await room.acquire()
            task = asyncio.ensure_future(_take(session, connection, socket, message, room))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            task.add_done_callback(_log_failure)
    finally:
        sockets.held.pop(connection.id, None)
        for task in tasks:
            task.cancel()
        sockets.start(_ended(session, connection, socket.closing))  # this task may be cancelled: the client is gone


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a message of a WebSocket was not answered", exc_info=error)


async def _next(session: Session, held: Held) -> str | bytes | None:
    """The next message; None when the connection has ended, which it does after a while without messages."""
    clock, connection = session.ctx.clock, held.connection
    loop = asyncio.get_running_loop()
    receiving = asyncio.ensure_future(held.socket.receive())
    try:
        while True:
            due = min(held.active + IDLE, connection.connected + LONGEST)
            if due <= clock.now():
                await held.socket.close(GOING_AWAY, "Going away")
                return None
            waiter: asyncio.Future[bool] = loop.create_future()
            receiving.add_done_callback(lambda _, waiter=waiter: waiter.done() or waiter.set_result(True))  # type: ignore[misc]
            await clock.wait(waiter, due - clock.now())
            if receiving.done():
                return receiving.result()
    finally:
        receiving.cancel()


async def _serving(ctx: Context, connection: Connection) -> Serving | None:
    served = await ctx.app.local(Apis).find(connection.api)
    return served.stages.get(connection.stage) if served is not None else None


async def _take(
    session: Session, connection: Connection, socket: WebSocket, message: str | bytes, room: asyncio.Semaphore
) -> None:
    """Answer one message."""
    request_id = new_id(session.ctx)
    ctx = msgspec.structs.replace(session.ctx, request_id=request_id, operation="Message")
    hop = Hop(request_id, ctx.now(), "apigatewayv2", "Message", connection.account, connection.region,
              ctx.principal.arn or ctx.principal.kind, cause=session.ctx.request_id, fidelity="real")  # fmt: skip
    ctx.app.trace.add(hop)
    started = ctx.clock.monotonic()
    try:
        text = await _answer(session, ctx, connection, message, hop)
        hop.seconds = ctx.clock.monotonic() - started
        if hop.error:
            ctx.app.trace.add(hop)
        if text is not None:
            await socket.send(text)
    except Disconnected:
        pass  # the client went away meanwhile
    finally:
        room.release()


async def _answer(
    session: Session, ctx: Context, connection: Connection, message: str | bytes, hop: Hop
) -> str | bytes | None:
    """What is sent back for a message: an error, or an answer where the route has a route response."""
    serving = await _serving(ctx, connection)
    if serving is None:
        return _error("Forbidden", session, ctx)
    body = message.encode() if isinstance(message, str) else message
    expression = serving.content["api"].get("RouteSelectionExpression") or ""
    key = await expressions.selected(ctx.app, Message(body), expression)  # None: $default takes the message
    route = serving.routes.get(key or DEFAULT) if not (key or "").startswith("$") else None
    route = route or serving.routes.get(DEFAULT)
    if route is None:
        hop.fail(403, "ForbiddenException", f"No route takes the message: its route key is {key}")
        return _error("Forbidden", session, ctx)
    event = Event(session, serving, route, MESSAGE, ctx, message)
    try:
        admission.throttle(ctx, serving, route)
        outcome = await backends.run(event)
    except (GatewayError, ServiceError) as error:
        why = (error.why or error.kind) if isinstance(error, GatewayError) else error.message
        hop.fail(error.status, error.kind if isinstance(error, GatewayError) else error.code, why)
        event.failure = why
        recording.record(event, error.status)
        throttled = isinstance(error, GatewayError) and error.kind == "THROTTLED"
        return _error("Too Many Requests" if throttled else "Internal server error", session, ctx)
    recording.record(event, outcome.status)
    hop.status = outcome.status
    if not route.shape.get("RouteResponseSelectionExpression"):
        return None
    if not serving.content["responses"].get(route.shape["RouteId"]):
        return None
    if outcome.status == 502 and outcome.body is None:
        return _error("Internal server error", session, ctx)
    return None if outcome.body is None else outcome.body.decode("utf-8", "replace")


def _error(text: str, session: Session, ctx: Context) -> str:
    return json.dumps({"message": text, "connectionId": session.id, "requestId": ctx.request_id})


async def _ended(session: Session, connection: Connection, closing: tuple[int, str]) -> None:
    """Forget the connection, and run the $disconnect route. That is best effort, as on AWS."""
    await session.ctx.app.local(Sockets).close(connection)
    ctx = msgspec.structs.replace(session.ctx, request_id=new_id(session.ctx), operation="Disconnect")
    serving = await _serving(ctx, connection)
    route = serving.routes.get("$disconnect") if serving is not None else None
    if serving is None or route is None:
        return
    event = Event(session, serving, route, DISCONNECT, ctx)
    event.closing = NO_STATUS if closing[0] == NO_STATUS[0] else closing
    try:
        outcome = await backends.run(event)
        recording.record(event, outcome.status)
    except (GatewayError, ServiceError) as error:
        event.failure = str(error)
        recording.record(event, error.status)


def new_id(ctx: Context) -> str:
    """A request id as API Gateway makes them."""
    return base64.b64encode(ctx.ids.bytes(11)).decode()
