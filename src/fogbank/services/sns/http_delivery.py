"""Delivers to a subscriber's http(s) endpoint by POST.

https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
"""

from __future__ import annotations

import logging
import re

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.outbound import Outbound, OutboundError, Refused
from fogbank.core.targets import Undeliverable

from .records import Subscription

log = logging.getLogger("fogbank.sns")
TIMEOUT = 15.0
_PASSWORD = re.compile(r"(?<=//)[^/?#]*(?=@)")  # in a URL: what is logged and kept of a failure does not show it
ANSWER = 1 << 20  # bytes of the endpoint's answer that are read


class DeliveryFailed(ServiceError):
    """A retry may reach the endpoint."""

    code = "DeliveryFailed"
    status = 503


class InvalidAddress(ServiceError):
    """The endpoint refuses the message, or outbound rules forbid calling it."""

    code = "InvalidAddress"


async def post(
    ctx: Context, subscription: Subscription, kind: str, topic: str, message_id: str, body: str, extra: dict[str, str]
) -> None:
    """Deliver a message. Raises Undeliverable unless the endpoint answers 2xx. A 4xx other than 429 is not retried.

    Redirects are not followed.
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    """
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic,
        **({"x-amz-sns-subscription-arn": subscription.arn} if kind == "Notification" else {}),
        **extra,
    }
    url = subscription.endpoint
    shown = _PASSWORD.sub("****", url)
    try:
        answer = await ctx.app.local(Outbound).request(
            "POST", url, headers=headers.items(), body=body.encode(), seconds=TIMEOUT, limit=ANSWER
        )
    except Refused as error:
        log.warning("SNS does not call %s: %s", shown, error)
        reason = _PASSWORD.sub("****", str(error))
        raise Undeliverable(shown, InvalidAddress(f"It may not be called: {reason}")) from None
    except (OutboundError, TimeoutError) as error:
        raise Undeliverable(shown, DeliveryFailed(f"It did not answer: {error or 'in time'}")) from None
    if 200 <= answer.status < 300:
        return
    refused = 400 <= answer.status < 500 and answer.status != 429
    raise Undeliverable(shown, (InvalidAddress if refused else DeliveryFailed)(f"It answered {answer.status}"))
