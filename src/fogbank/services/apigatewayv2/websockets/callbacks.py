"""@connections: the address at which backends send to connections, below a stage of a WebSocket API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html

The request is signed for `execute-api` and for this address. It becomes a call of apigatewaymanagementapi.
"""

from __future__ import annotations

import json

from fogbank.core.errors import MissingAuthenticationToken, ServiceError
from fogbank.core.http import BodyTooLarge, Request, Response
from fogbank.core.kinds import named
from fogbank.core.visit import Visit
from fogbank.wire import models

from ..dataplane.serving import Serving
from ..errors import Gone, PayloadTooLarge
from ..records import CONNECTIONS

SERVICE = "apigatewaymanagementapi"
PATH = "/@connections/"
MOST = 128 * 1024


async def answer(visit: Visit, serving: Serving, path: str) -> Response:
    """Answer a request to @connections."""
    model = models.load(SERVICE)
    request = visit.request
    found = model.route(request.method, path, request.query, request)
    if found is None:
        return Response(403, [("content-type", "application/json")], json.dumps({"message": "Forbidden"}).encode())
    operation, labels = found
    protocol = model.protocols[0]
    try:
        return operation.serialize(
            protocol, await _call(visit, serving, path, operation.name, labels), visit.request_id
        )
    except ServiceError as error:
        visit.fail(error.code, error.message)
        return operation.error(protocol, error, visit.request_id, request.method)


async def _call(visit: Visit, serving: Serving, path: str, name: str, labels: dict[str, str]) -> dict[str, object]:
    request = visit.request
    try:
        request.content, request.stream = await request.read(MOST), None
    except BodyTooLarge:
        raise PayloadTooLarge from None
    ctx = visit.admit("execute-api")
    if ctx.principal.kind == "anonymous":
        raise MissingAuthenticationToken("Missing Authentication Token")
    protocol = models.load(SERVICE).protocols[0]
    below = Request(request.method, path, request.query, request.headers, request.content)
    params = models.load(SERVICE).operations[name].parse(protocol, below, labels, request.content)
    held = await ctx.fetch(lambda tx: tx.get(CONNECTIONS, (params["ConnectionId"],)))
    if held is None or (held.api, held.stage) != (serving.api, serving.stage):
        arn = serving.arn(f"{serving.stage}/{request.method}{PATH}{params['ConnectionId']}")
        visit.allow(named(arn, serving.account), "execute-api:ManageConnections")
        raise Gone
    return await ctx.call(SERVICE, name, params)
