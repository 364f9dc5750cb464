"""HTTP and HTTP_PROXY: a request of its own to the endpoint behind.

https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from fogbank.core.http import Response

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


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def proxy(exchange: Exchange) -> Response:
    """Everything passes through, both ways; mapped parameters are added."""
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
    """Only what is mapped goes out and comes back."""
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
    uri = mapping.filled_uri(exchange, path)
    parts = _parts(uri)
    text = "&".join(filter(None, (parts.query, urlencode(query, quote_via=quote))))
    target = (parts.path or "/") + (f"?{text}" if text else "")
    headers = [*headers, ("x-amzn-apigateway-api-id", exchange.running.api)]
    method = integration.get("httpMethod") or exchange.request.method
    method = exchange.request.method if method == "ANY" else method
    seconds = (integration.get("timeoutInMillis") or 29000) / 1000
    insecure = bool((integration.get("tlsConfig") or {}).get("insecureSkipVerification"))
    call = asyncio.to_thread(
        _exchange, parts.scheme, parts.hostname or "", parts.port, method, target, headers, body, seconds, insecure
    )
    try:
        return await asyncio.wait_for(call, seconds)
    except TimeoutError:
        raise timed_out() from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise GatewayError(
            "INTEGRATION_FAILURE", "Network error communicating with endpoint", why=f"{uri}: {error}"
        ) from None


def _parts(uri: str) -> SplitResult:
    """The parts of an endpoint's URI. Raises GatewayError (500) for what is none."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a broken address of IPv6, a port that is no number
        pass
    raise misconfigured(f"Invalid endpoint address: {uri}")


def _exchange(
    scheme: str, host: str, port: int | None, method: str, target: str, headers: list[tuple[str, str]], body: bytes,
    seconds: float, insecure: bool,
) -> Answer:  # fmt: skip
    """One request and its response, on a thread."""
    connection: http.client.HTTPConnection
    if scheme == "https":
        context = ssl.create_default_context()
        if insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        content = response.read(MAX_PAYLOAD + 1)
        if len(content) > MAX_PAYLOAD:
            raise http.client.HTTPException(f"the answer is larger than {MAX_PAYLOAD} bytes")
        return Answer(response.status, response.getheaders(), content)
    finally:
        connection.close()
