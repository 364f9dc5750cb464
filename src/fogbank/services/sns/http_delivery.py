"""POST to a subscriber's http(s) endpoint, in a thread: one short request with a deadline.

https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
from urllib.parse import urlsplit

from fogbank.core.errors import ServiceError

from .records import Subscription

TIMEOUT = 15.0


class DeliveryFailed(ServiceError):
    code = "DeliveryFailed"


class InvalidAddress(ServiceError):
    code = "InvalidAddress"


async def post(
    subscription: Subscription, kind: str, topic: str, message_id: str, body: str, extra: dict[str, str]
) -> None:
    """Deliver; DeliveryFailed (to be retried) unless the endpoint answers 2xx, InvalidAddress for 4xx but 429."""
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic,
        **({"x-amz-sns-subscription-arn": subscription.arn} if kind == "Notification" else {}),
        **extra,
    }
    status = await asyncio.to_thread(_post, subscription.endpoint, body.encode(), headers)
    if 200 <= status < 300:
        return
    if 400 <= status < 500 and status != 429:
        raise InvalidAddress(f"{subscription.endpoint} answered {status}")
    raise DeliveryFailed(f"{subscription.endpoint} answered {status or 'nothing'}")


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status, 0 when there was no answer."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
