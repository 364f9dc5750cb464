"""HTTP backends of integrations: what is sent to them, and how they fail.

https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from fogbank.core.context import Cloud
from fogbank.core.outbound import Answer, Outbound, OutboundError

from .acting import timed_out
from .budget import MAX_PAYLOAD
from .failures import GatewayError, misconfigured

HOP = frozenset(
    {
        "connection", "content-length", "host", "keep-alive", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "expect", "accept-encoding", "x-amzn-trace-id",
    }
)  # fmt: skip
DROPPED = frozenset({"transfer-encoding", "trailer", "keep-alive"})


async def send(
    app: Cloud,
    method: str,
    uri: str,
    *,
    query: list[tuple[str, str]],
    headers: Iterable[tuple[str, str]],
    body: bytes,
    seconds: float,
    verify: bool = True,
) -> Answer:
    """Send a request to a backend. Raises GatewayError (504) when it does not answer."""
    parts = parts_of(uri)
    text = "&".join(filter(None, (parts.query, urlencode(query, quote_via=quote))))
    try:
        return await app.local(Outbound).request(
            method,
            parts._replace(query=text, fragment="").geturl(),
            headers=headers,
            body=body,
            seconds=seconds,
            limit=MAX_PAYLOAD,
            verify=verify,
        )
    except TimeoutError:
        raise timed_out() from None
    except OutboundError as error:
        raise GatewayError(
            "INTEGRATION_FAILURE", "Network error communicating with endpoint", why=f"{uri}: {error}"
        ) from None


def parts_of(uri: str) -> SplitResult:
    """Split an endpoint's URI. Raises GatewayError (500) when it is invalid."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a broken IPv6 address, or a port that is not a number
        pass
    raise misconfigured(f"Invalid endpoint address: {uri}")
