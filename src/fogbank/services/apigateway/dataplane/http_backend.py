"""HTTP and HTTP_PROXY integrations: send a request to the integration's endpoint.

https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
"""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urlencode, urlsplit

from fogbank.core.http import Response
from fogbank.core.outbound import Answer, Outbound, OutboundError

from ..budget import MAX_PAYLOAD
from . import mapping
from .answers import GatewayError, misconfigured
from .exchange import Exchange
from .lambda_proxy import remapped, timed_out

_HOP = frozenset(
    {
        "connection", "content-length", "host", "keep-alive", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "expect", "accept-encoding", "x-amzn-trace-id",
    }
)  # fmt: skip
_DROPPED = frozenset({"transfer-encoding", "trailer", "keep-alive"})


async def proxy(exchange: Exchange) -> Response:
    """HTTP_PROXY: pass the request and the response through unchanged, and add mapped parameters."""
    parameters = await mapping.parameters(exchange)
    headers = [(n, v) for n, v in exchange.headers if n.lower() not in _HOP]
    mapped = {name.lower() for name in parameters.headers}
    headers = [(n, v) for n, v in headers if n.lower() not in mapped] + list(parameters.headers.items())
    names = {name for name, _ in parameters.query}
    query = [(n, v) for n, values in exchange.multi_query.items() if n not in names for v in values]
    answer = await _send(exchange, parameters.path, query + parameters.query, headers, exchange.body)
    kept = [(remapped(n), v) for n, v in answer.headers if n.lower() not in _DROPPED]
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
    uri = mapping.filled_uri(exchange, path)
    parts = _parts(uri)
    text = "&".join(filter(None, (parts.query, urlencode(query, quote_via=quote))))
    integration = exchange.route.integration
    method = integration.get("httpMethod") or exchange.request.method
    insecure = bool((integration.get("tlsConfig") or {}).get("insecureSkipVerification"))
    try:
        return await exchange.app.local(Outbound).request(
            exchange.request.method if method == "ANY" else method,
            parts._replace(query=text, fragment="").geturl(),
            headers=[*headers, ("x-amzn-apigateway-api-id", exchange.running.api)],
            body=body,
            seconds=(integration.get("timeoutInMillis") or 29000) / 1000,
            limit=MAX_PAYLOAD,
            verify=not insecure,
        )
    except TimeoutError:
        raise timed_out() from None
    except OutboundError as error:
        raise GatewayError(
            "INTEGRATION_FAILURE", "Network error communicating with endpoint", why=f"{uri}: {error}"
        ) from None


def _parts(uri: str) -> SplitResult:
    """Split an endpoint's URI. Raises GatewayError (500) when it is invalid."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a broken IPv6 address, or a port that is not a number
        pass
    raise misconfigured(f"Invalid endpoint address: {uri}")
