"""The handshake of a WebSocket API: $connect decides whether a connection is made.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from fogbank.apis import policies
from fogbank.apis.failures import GatewayError, misconfigured
from fogbank.auth.policy import MalformedPolicy
from fogbank.core.errors import ServiceError
from fogbank.core.http import Response, Upgrade, WebSocket
from fogbank.core.quotas import Buckets
from fogbank.core.visit import Visit

from .. import quotas
from ..dataplane import admission, functions
from ..dataplane.serving import Route, Serving
from ..records import Connection
from . import backends, expressions, recording
from .events import CONNECT, Event, Session
from .sockets import Sockets
from .talk import talk

LARGEST = 128 * 1024  # bytes of a message
_TEXTS = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests"}


def _plain(status: int, text: str) -> Response:
    return Response(status, [("content-type", "application/json")], json.dumps({"message": text}).encode())


async def answer(visit: Visit, serving: Serving, domain: str) -> Response:
    """Answer a handshake. A request that is none is refused."""
    request = visit.request
    if request.header("upgrade").lower() != "websocket":
        return _plain(403, "Forbidden")  # not confirmed
    ctx = visit.anonymous()
    now = ctx.now()
    session = Session(ctx, request, ctx.ids.alnum(15) + "=", now, domain)
    route = serving.routes.get("$connect")
    subprotocol = ""
    try:
        _count(session, serving)
        if route is not None:
            subprotocol = await _connect(visit, session, serving, route)
    except GatewayError as error:
        visit.fail(error.kind, error.why or error.kind)
        return _plain(error.status, _TEXTS.get(error.status, "Internal server error"))
    connection = Connection(
        account=serving.account,
        region=serving.region,
        api=serving.api,
        stage=serving.stage,
        id=session.id,
        node=ctx.app.node,
        connected=now,
        active=now,
        source_ip=request.client,
        user_agent=request.header("user-agent"),
    )
    await ctx.app.local(Sockets).open(connection)

    async def run(socket: WebSocket) -> None:
        await talk(session, connection, socket)

    return Upgrade(run, subprotocol=subprotocol, most=LARGEST)


def _count(session: Session, serving: Serving) -> None:
    """Count the connection against the account's rate of new ones. Raises GatewayError (429) beyond it."""
    ctx = session.ctx
    rate = ctx.quota("apigateway", quotas.NEW_CONNECTIONS)
    key = (serving.account, serving.region, "websocket connections")
    if rate < math.inf and not ctx.app.local(Buckets).take(key, rate, rate, ctx.now()):
        raise GatewayError("THROTTLED", None)


async def _connect(visit: Visit, session: Session, serving: Serving, route: Route) -> str:
    """Authorise the connection and run $connect. Returns the subprotocol that it chose. Raises GatewayError."""
    event = Event(session, serving, route, CONNECT, session.ctx)
    try:
        admission.throttle(session.ctx, serving, route)
        await _authorize(visit, event)
        outcome = await backends.run(event)
    except ServiceError as error:
        raise misconfigured(f"{error.code}: {error.message}") from error
    recording.record(event, outcome.status)
    if not 200 <= outcome.status < 300:
        status = outcome.status if 400 <= outcome.status < 600 else 403
        raise GatewayError("ACCESS_DENIED", None, status=status, why=f"$connect answered {outcome.status}")
    chosen = next((value for name, value in outcome.headers if name.lower() == "sec-websocket-protocol"), "")
    offered = [part.strip() for part in session.request.header("sec-websocket-protocol").split(",")]
    return chosen if chosen in offered else ""


async def _authorize(visit: Visit, event: Event) -> None:
    """Raise GatewayError (401, 403, 500) unless the caller may connect."""
    kind = event.route.shape["AuthorizationType"]
    session, serving = event.session, event.serving
    if kind == "AWS_IAM":
        signer = admission.authenticated(visit, event.source_arn, serving.account)
        session.caller = signer.principal
        session.ctx = event.ctx = visit.anonymous()  # what follows is API Gateway's doing, not the caller's
    elif kind == "CUSTOM":
        session.authorizer = await _ask(event)


async def _ask(event: Event) -> dict[str, Any]:
    """What a Lambda authorizer says about the caller. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html"""
    authorizer = event.route.authorizer
    if authorizer is None:
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", None, why="The route's authorizer is gone")
    for source in authorizer.get("IdentitySource") or []:
        place, _, name = source.rpartition(".")
        named = f"{place}.{name.lower()}" if place.endswith(".header") else source
        if not expressions.parameter(named, event.names()):
            raise GatewayError("UNAUTHORIZED", None, why=f"{source} is missing")
    result = await functions.invoke(
        event.ctx,
        functions.named(authorizer["AuthorizerUri"], event.variables),
        msgspec.json.encode(event.for_authorizer()),
        credentials=authorizer.get("AuthorizerCredentialsArn") or "",
        source=event.serving.arn(f"authorizers/{authorizer['AuthorizerId']}"),
        seconds=29,
    )
    try:
        value = msgspec.json.decode(bytes(result.get("Payload") or b"null"))
    except (ValueError, RecursionError):
        value = None
    if result.get("FunctionError"):
        if isinstance(value, dict) and value.get("errorMessage") == "Unauthorized":
            raise GatewayError("UNAUTHORIZED", None)
        raise GatewayError("AUTHORIZER_FAILURE", None, why="The Lambda authorizer function failed")
    return _allowed(event, value)


def _allowed(event: Event, value: Any) -> dict[str, Any]:
    """The authorizer's context, if its policy allows the connection. Raises GatewayError."""
    document = value.get("policyDocument") if isinstance(value, dict) else None
    if not isinstance(document, dict) or not isinstance(value.get("principalId"), str):
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", None, why="The authorizer's response is invalid")
    try:
        policy = policies.compiled(document)
    except MalformedPolicy as error:
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", None, why=f"The policy is invalid: {error}") from None
    who = value["principalId"]
    decision = policies.decide(policy, event.serving.account, who, event.source_arn, event.session.request)
    if not decision.allowed:
        raise GatewayError("ACCESS_DENIED", None, why="The authorizer's policy does not allow the connection")
    context = value.get("context") or {}
    texts = {name: str(v).lower() if isinstance(v, bool) else str(v) for name, v in context.items()}
    return {"principalId": who, **texts} if isinstance(context, dict) else {"principalId": who}
