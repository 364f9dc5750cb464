"""The endpoint of HTTP APIs, and of the handshakes and @connections of WebSocket APIs.

`fogbank.apis.addresses` lists the forms of their addresses. Requests come here from the endpoint of REST APIs, which
has the same hosts.
"""

from __future__ import annotations

import base64
import logging

from fogbank.apis import addresses
from fogbank.apis.addresses import Address
from fogbank.apis.budget import MAX_PAYLOAD
from fogbank.apis.failures import GatewayError, misconfigured
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Response, is_header
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit

from ..records import HTTP
from ..rules import DEFAULT
from ..websockets import callbacks, handshake
from . import admission, answers, cors, functions, http_backend, mapping, recording, services
from .authorizers import Refusal
from .exchange import Exchange
from .serving import Apis, Served, Serving

log = logging.getLogger("fogbank.apigatewayv2")


def refuse(visit: Visit, error: ServiceError) -> Response:
    """The response to an error that is nobody's fault here."""
    if error.status == 503:
        return answers.plain(answers.UNAVAILABLE)
    return answers.plain(answers.FORBIDDEN if error.status < 500 else answers.INTERNAL)


@endpoint("http-api", refuse=refuse, id_header="apigw-requestid")
async def answer(visit: Visit) -> Response:
    """Handle one request to an API."""
    address = await addresses.of(visit.app, visit.request)
    visit.rename(base64.b64encode(visit.app.ids.bytes(11)).decode())
    served = await visit.app.local(Apis).find(address.api)
    if served is None:
        visit.fail("ForbiddenException", "There is no such API")
        return answers.plain(answers.FORBIDDEN)
    serving, path = stage_of(served, address)
    if serving is None:
        visit.fail("NotFoundException", "There is no such stage, or nothing is deployed to it")
        return answers.plain(answers.NOT_FOUND if served.protocol == HTTP else answers.FORBIDDEN)
    visit.reaches(serving.account, serving.region, "Invoke")
    if served.protocol == HTTP:
        return await _serve(visit, serving, address, path)
    if path.startswith(callbacks.PATH):
        return await callbacks.answer(visit, serving, path)
    exchange = Exchange(visit.request, serving, address, path, visit.anonymous())
    return await handshake.answer(visit, serving, exchange.domain)


def stage_of(served: Served, address: Address) -> tuple[Serving | None, str]:
    """(stage, raw path below it) of a request: the stage that the path names, or $default."""
    if address.stage:
        return served.stages.get(address.stage), address.path
    name, _, rest = address.path[1:].partition("/")
    found = served.stages.get(name)
    if found is not None:
        return found, f"/{rest}"
    return served.stages.get(DEFAULT), address.path


async def _serve(visit: Visit, serving: Serving, address: Address, path: str) -> Response:
    clock = visit.app.clock
    exchange = Exchange(visit.request, serving, address, path, visit.anonymous())
    started = clock.monotonic()
    if serving.cors is not None and cors.is_preflight(visit.request):
        response = cors.preflight(serving.cors, visit.request)
    else:
        try:
            response = await _run(visit, exchange)
        except GatewayError as error:
            response = _failed(visit, exchange, error)
        if serving.cors is not None:
            cors.mark(serving.cors, visit.request, response)
    recording.record(exchange, response, clock.monotonic() - started)
    return response


def _failed(visit: Visit, exchange: Exchange, error: GatewayError) -> Response:
    if error.why:
        log.info("%s %s", visit.request_id, error.why)
    visit.fail(error.kind, error.why or error.kind)
    exchange.failure = exchange.failure or error.why
    response = answers.answer(error)
    exchange.error = str(response.body, "utf-8").partition(':"')[2][:-2] if isinstance(response.body, bytes) else ""
    if isinstance(error, Refusal) and error.challenge.isascii() and is_header("www-authenticate", error.challenge):
        response.headers.append(("www-authenticate", error.challenge))
    return response


async def _run(visit: Visit, exchange: Exchange) -> Response:
    request, serving = exchange.request, exchange.serving
    if serving.content["api"].get("DisableExecuteApiEndpoint") and not exchange.address.domain:
        raise GatewayError("RESOURCE_NOT_FOUND", None, why="The execute-api endpoint is disabled")
    found = serving.table.find(request.method, exchange.path)
    if found is None:
        raise GatewayError("RESOURCE_NOT_FOUND", None, why="No route matches")
    exchange.route, exchange.parameters = found
    try:
        exchange.body = await request.read(MAX_PAYLOAD)
    except BodyTooLarge:
        raise GatewayError("REQUEST_TOO_LARGE", None) from None
    try:
        await admission.admit(visit, exchange)
        return await _integrate(exchange)
    except ServiceError as error:
        raise misconfigured(f"{error.code}: {error.message}") from error


async def _integrate(exchange: Exchange) -> Response:
    """Run the route's integration and map its response. Raises GatewayError."""
    shape = exchange.route.integration
    if shape is None:
        raise GatewayError("RESOURCE_NOT_FOUND", None, why="The route has no integration")
    clock = exchange.app.clock
    started = clock.monotonic()
    try:
        if shape.get("IntegrationSubtype"):
            response = await services.run(exchange)
        elif shape["IntegrationType"] == "AWS_PROXY":
            response = await functions.run(exchange)
        else:
            response = await http_backend.run(exchange)
    finally:
        exchange.integration_seconds = clock.monotonic() - started
    if shape.get("ResponseParameters"):
        await mapping.change_response(exchange, response)
    return response
