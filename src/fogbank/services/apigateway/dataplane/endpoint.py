"""The data plane's door: a request to ID.execute-api.… or its path form, through to its response.

http://ID.execute-api.REGION.localhost:4566/STAGE/path
http://localhost:4566/restapis/ID/STAGE/_user_request_/path
http://localhost:4566/_aws/execute-api/ID/STAGE/path
"""

from __future__ import annotations

import logging
import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Request, Response
from fogbank.core.operation import endpoint
from fogbank.core.principal import anonymous

from ..budget import MAX_PAYLOAD
from . import access, answers, integrations, recording
from .answers import GatewayError
from .exchange import Exchange
from .running import Running, Stages

log = logging.getLogger("fogbank.apigateway")
_PATH = re.compile(
    r"/(?:restapis/(?P<a>[a-z0-9]+)/(?P<s>[^/]+)/_user_request_|_aws/execute-api/(?P<b>[a-z0-9]+)/(?P<t>[^/]+))(?P<p>/.*)?$"
)


@endpoint("execute-api")
async def answer(app: Any, request: Request) -> Response:
    """One request to a stage."""
    api, stage, path = address(request)
    request_id = app.ids.uuid()
    running = await app.local(Stages).find(api, stage)
    if running is None:
        return answers.plain(403, *unknown(stage), request_id)
    ctx = Context(
        app=app,
        account=running.account,
        region=running.region,
        principal=anonymous(),
        request_id=request_id,
        service="apigateway",
        operation="Invoke",
        endpoint=f"{request.scheme}://{request.host}" if request.host else app.endpoint,
        source_ip=request.client,
        secure=request.scheme == "https",
        user_agent=request.header("user-agent"),
        referer=request.header("referer"),
    )
    exchange = Exchange(app, request, running, path, ctx)
    started = app.clock.monotonic()
    try:
        response = await _run(exchange)
    except GatewayError as error:
        if error.why:
            log.info("%s %s", request_id, error.why)
        exchange.failure = error.why
        response = answers.answer(exchange, error)
    response.headers[:0] = [("x-amzn-RequestId", request_id), ("x-amz-apigw-id", exchange.extended_id)]
    recording.record(exchange, response, app.clock.monotonic() - started)
    await app.store.durable()
    return response


def address(request: Request) -> tuple[str, str, str]:
    """(API id, stage, raw path below the stage)"""
    match = _PATH.match(request.path)
    if match and not request.host.partition(":")[0].partition(".")[2].startswith("execute-api"):
        return match["a"] or match["b"], match["s"] or match["t"], match["p"] or "/"
    stage, _, rest = request.path[1:].partition("/")
    return request.host.partition(".")[0].lower(), stage, f"/{rest}"


def unknown(stage: str) -> tuple[str, str]:
    """What a request gets that names no stage that is there."""
    if not stage:
        return "Missing Authentication Token", "MissingAuthenticationTokenException"
    return "Forbidden", "ForbiddenException"


async def _run(exchange: Exchange) -> Response:
    request = exchange.request
    choose_deployment(exchange, exchange.running)
    if exchange.deployed.api.get("disableExecuteApiEndpoint"):
        raise GatewayError("DEFAULT_4XX", "Forbidden", status=403, error_type="ForbiddenException")
    found = exchange.deployed.table.find(request.method, exchange.path)
    if found is None:
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    exchange.route, exchange.parameters = found
    try:
        exchange.body = await request.read(MAX_PAYLOAD)
    except BodyTooLarge:
        raise GatewayError("REQUEST_TOO_LARGE", f"HTTP content length exceeded {MAX_PAYLOAD} bytes.") from None
    try:
        await access.admit(exchange)
        return await integrations.run(exchange)
    except ServiceError as error:
        raise answers.misconfigured(f"{error.code}: {error.message}") from error


def choose_deployment(exchange: Exchange, running: Running) -> None:
    """A canary takes its share of the requests."""
    canary = running.shape.get("canarySettings") or {}
    if running.canary is None:
        return
    drawn = int.from_bytes(exchange.ctx.ids.bytes(4), "big") / 2**32 * 100
    if drawn < float(canary.get("percentTraffic") or 0):
        exchange.deployed = running.canary
        exchange.variables = {**running.variables, **(canary.get("stageVariableOverrides") or {})}
        exchange.is_canary = True
