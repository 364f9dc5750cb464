"""The data plane's endpoint: handles requests to ID.execute-api.… and to the path forms of the same address.

http://ID.execute-api.REGION.localhost:4566/STAGE/path
http://localhost:4566/restapis/ID/STAGE/_user_request_/path
http://localhost:4566/_aws/execute-api/ID/STAGE/path
"""

from __future__ import annotations

import logging
import re

from fogbank.apis.budget import MAX_PAYLOAD
from fogbank.apis.failures import INTERNAL, GatewayError, misconfigured
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Request, Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit

from . import access, answers, integrations, recording
from .exchange import Exchange
from .running import Running, Stages

log = logging.getLogger("fogbank.apigateway")
_PATH = re.compile(
    r"/(?:restapis/(?P<a>[a-z0-9]+)/(?P<s>[^/]+)/_user_request_|_aws/execute-api/(?P<b>[a-z0-9]+)/(?P<t>[^/]+))(?P<p>/.*)?$"
)


def refuse(visit: Visit, error: ServiceError) -> Response:
    """The response to an error outside a stage, whose gateway responses would decide otherwise."""
    if error.status < 500:
        return answers.plain(error.status, error.message, error.code_for("json"))
    return answers.plain(error.status, INTERNAL, "InternalServerErrorException")


@endpoint("execute-api", refuse=refuse)
async def answer(visit: Visit) -> Response:
    """Handle one request to a stage."""
    clock = visit.app.clock
    api, stage, path = address(visit.request)
    running = await visit.app.local(Stages).find(api, stage)
    if running is None:
        message, error_type = unknown(stage)
        visit.fail(error_type, message)
        return answers.plain(403, message, error_type)
    visit.reaches(running.account, running.region, "Invoke")
    exchange = Exchange(visit.request, running, path, visit.anonymous())
    started = clock.monotonic()
    try:
        response = await _run(visit, exchange)
    except GatewayError as error:
        if error.why:
            log.info("%s %s", visit.request_id, error.why)
        visit.fail(error.kind, error.why or error.message or "")
        exchange.failure = error.why
        response = answers.answer(exchange, error)
    response.headers.insert(0, ("x-amz-apigw-id", exchange.extended_id))
    recording.record(exchange, response, clock.monotonic() - started)
    return response


def address(request: Request) -> tuple[str, str, str]:
    """Parse a request's address into (API id, stage, raw path below the stage)."""
    match = _PATH.match(request.path)
    if match and not request.host.partition(":")[0].partition(".")[2].startswith("execute-api"):
        return match["a"] or match["b"], match["s"] or match["t"], match["p"] or "/"
    stage, _, rest = request.path[1:].partition("/")
    return request.host.partition(".")[0].lower(), stage, f"/{rest}"


def unknown(stage: str) -> tuple[str, str]:
    """(message, error type) of the 403 response for a missing or unknown stage."""
    if not stage:
        return "Missing Authentication Token", "MissingAuthenticationTokenException"
    return "Forbidden", "ForbiddenException"


async def _run(visit: Visit, exchange: Exchange) -> Response:
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
        await access.admit(visit, exchange)
        return await integrations.run(exchange)
    except ServiceError as error:
        raise misconfigured(f"{error.code}: {error.message}") from error


def choose_deployment(exchange: Exchange, running: Running) -> None:
    """Send the canary's share of the requests to its deployment, by a random draw."""
    canary = running.shape.get("canarySettings") or {}
    if running.canary is None:
        return
    drawn = int.from_bytes(exchange.ctx.ids.bytes(4), "big") / 2**32 * 100
    if drawn < float(canary.get("percentTraffic") or 0):
        exchange.deployed = running.canary
        exchange.variables = {**running.variables, **(canary.get("stageVariableOverrides") or {})}
        exchange.is_canary = True
