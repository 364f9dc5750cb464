"""The rate of an account's requests in a region, which its REST, HTTP and WebSocket APIs share.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import math

from fogbank.core.context import Context
from fogbank.core.quotas import Buckets

RATE, BURST = "L-8A5B8E43", "L-CDF5615A"


def of_account(ctx: Context) -> tuple[float, float]:
    """The quotas of the context's account: rate (requests per second) and burst."""
    return ctx.quota("apigateway", RATE), ctx.quota("apigateway", BURST)


def take(ctx: Context) -> bool:
    """Count a request against its account's rate; False beyond it. `ctx` is of the API's account and region."""
    rate, burst = of_account(ctx)
    return rate == math.inf or ctx.app.local(Buckets).take((ctx.account, ctx.region), rate, burst, ctx.now())
