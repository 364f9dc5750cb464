"""The data plane's endpoint: handles requests to ID.execute-api.… and to other forms of the same address.

`fogbank.apis.addresses` lists the forms. Requests to HTTP and WebSocket APIs are handed over to apigatewayv2.
"""

from __future__ import annotations

import logging

from fogbank.apis import addresses
from fogbank.apis.budget import MAX_PAYLOAD
from fogbank.apis.failures import INTERNAL, GatewayError, misconfigured
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit

from . import access, answers, integrations, recording
from .exchange import Exchange
from .running import Running, Stages

log = logging.getLogger("fogbank.apigateway")


def refuse(visit: Visit, error: ServiceError) -> Response:
    """The response to an error outside a stage, whose gateway responses would decide otherwise."""
    if error.status < 500:
        return answers.plain(error.status, error.message, error.code_for("json"))
    return answers.plain(error.status, INTERNAL, "InternalServerErrorException")


@endpoint("execute-api", refuse=refuse)
async def answer(visit: Visit) -> Response:
    """Handle one request to a stage."""
    clock = visit.app.clock
    address = await addresses.of(visit.app, visit.request)
    stages = visit.app.local(Stages)
    if not await stages.has(address.api):
        return await visit.hand_over("apigatewayv2", "http-api")
    stage, path = address.staged()
    running = await stages.find(address.api, stage)
    if running is None:
        message, error_type = unknown(stage)
        visit.fail(error_type, message)
        return answers.plain(403, message, error_type)
    visit.reaches(running.account, running.region, "Invoke")
    exchange = Exchange(visit.request, running, path, visit.anonymous())
    exchange.custom_domain = address.domain
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


def unknown(stage: str) -> tuple[str, str]:
    """(message, error type) of the 403 response for a missing or unknown stage."""
    if not stage:
        return "Missing Authentication Token", "MissingAuthenticationTokenException"
    return "Forbidden", "ForbiddenException"


async def _run(visit: Visit, exchange: Exchange) -> Response:
    request = exchange.request
    choose_deployment(exchange, exchange.running)
    if exchange.deployed.api.get("disableExecuteApiEndpoint") and not exchange.custom_domain:
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
