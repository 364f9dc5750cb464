"""HTTP and HTTP_PROXY integrations: send a request to the integration's endpoint.

https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
"""

from __future__ import annotations

from fogbank.apis import backends
from fogbank.apis.backends import DROPPED, HOP
from fogbank.core.http import Response
from fogbank.core.http_connection import Answer

from . import mapping
from .exchange import Exchange
from .lambda_proxy import remapped


async def proxy(exchange: Exchange) -> Response:
    """HTTP_PROXY: pass the request and the response through unchanged, and add mapped parameters."""
    parameters = await mapping.parameters(exchange)
    headers = [(n, v) for n, v in exchange.headers if n.lower() not in HOP]
    mapped = {name.lower() for name in parameters.headers}
    headers = [(n, v) for n, v in headers if n.lower() not in mapped] + list(parameters.headers.items())
    names = {name for name, _ in parameters.query}
    query = [(n, v) for n, values in exchange.multi_query.items() if n not in names for v in values]
    answer = await _send(exchange, parameters.path, query + parameters.query, headers, exchange.body)
    kept = [(remapped(n), v) for n, v in answer.headers if n.lower() not in DROPPED]
    return Response(answer.status, kept, answer.body)


async def mapped(exchange: Exchange) -> Response:
    """HTTP: send only what the request mapping makes, and return only what the response mapping makes."""
    body, parameters = await mapping.request(exchange)
    headers = list(parameters.headers.items())
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", exchange.request.header("content-type") or mapping.JSON))
    if not any(name.lower() == "accept" for name, _ in headers):
        headers.append(("Accept", mapping.JSON))
    answer = await _send(exchange, parameters.path, parameters.query, headers, body)
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), mapping.JSON)
    return await mapping.respond(exchange, str(answer.status), answer.headers, answer.body, kind=kind)


async def _send(
    exchange: Exchange, path: dict[str, str], query: list[tuple[str, str]], headers: list[tuple[str, str]], body: bytes
) -> Answer:
    integration = exchange.route.integration
    method = integration.get("httpMethod") or exchange.request.method
    return await backends.send(
        exchange.app,
        exchange.request.method if method == "ANY" else method,
        mapping.filled_uri(exchange, path),
        query=query,
        headers=[*headers, ("x-amzn-apigateway-api-id", exchange.running.api)],
        body=body,
        seconds=(integration.get("timeoutInMillis") or 29000) / 1000,
        verify=not (integration.get("tlsConfig") or {}).get("insecureSkipVerification"),
    )
