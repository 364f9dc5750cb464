"""HTTP_PROXY integrations: pass a request on to a public address, or to what a VPC link leads to.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

from fogbank.apis import backends
from fogbank.apis.acting import filled
from fogbank.apis.backends import DROPPED, HOP
from fogbank.apis.failures import GatewayError, misconfigured
from fogbank.core.http import Response

from . import mapping
from .exchange import Exchange

_PLACE = re.compile(r"\{([^{}+]+)\+?\}")
_OURS = frozenset({"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"})
_NOT_PASSED = DROPPED | {"connection", "content-length", "date"}
MAX_URI = 64 * 1024  # characters


async def run(exchange: Exchange) -> Response:
    """Send the request and return the backend's response."""
    shape = exchange.route.integration or {}
    backend = mapping.Backend(_headers(exchange), list(exchange.query))
    await mapping.change_request(exchange, backend, shape.get("RequestParameters") or {})
    method = shape["IntegrationMethod"]
    answer = await backends.send(
        exchange.app,
        exchange.request.method if method == "ANY" else method,
        _uri(exchange, backend),
        query=backend.query,
        headers=backend.headers,
        body=exchange.body,
        seconds=shape["TimeoutInMillis"] / 1000,
    )
    exchange.integration_status = answer.status
    return Response(answer.status, [pair for pair in answer.headers if pair[0].lower() not in _NOT_PASSED], answer.body)


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    """The client's headers, with Forwarded and Via in place of X-Forwarded-…"""
    request = exchange.request
    kept = [pair for pair in exchange.forwarded if pair[0] not in HOP and pair[0] not in _OURS]
    forwarded = f"by=127.0.0.1;for={request.client};host={exchange.domain};proto={request.scheme}"
    return [*kept, ("forwarded", forwarded), ("via", "HTTP/1.1 AmazonAPIGateway")]


def _uri(exchange: Exchange, backend: mapping.Backend) -> str:
    """The integration's URI with stage variables and path variables. Raises GatewayError.

    A private integration (with a VPC link) gets the path of the request.
    """
    shape = exchange.route.integration or {}
    uri = filled(shape["IntegrationUri"], exchange.serving.variables)
    private = shape["ConnectionType"] == "VPC_LINK"
    if uri.startswith("arn:"):
        raise GatewayError("INTEGRATION_FAILURE", None, why=f"Fogbank cannot reach {uri} through a VPC link yet")
    uri = _PLACE.sub(lambda match: quote(exchange.parameters.get(match[1], match[0]), safe="/~:@!$&'()*+,;="), uri)
    if len(uri) > MAX_URI:
        raise misconfigured(f"The integration URI is longer than {MAX_URI} characters")
    path = backend.path
    if path is None and private:
        path = exchange.raw_path
    if path is None:
        return uri
    path = quote(unquote(path), safe="/~:@!$&'()*+,;=")
    return urlsplit(uri)._replace(path=path if path.startswith("/") else f"/{path}").geturl()
