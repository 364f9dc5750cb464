"""Admission of requests: throttles, then authorization.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
"""

from __future__ import annotations

from fogbank.apis import throttles
from fogbank.apis.failures import GatewayError
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.kinds import named
from fogbank.core.quotas import Buckets
from fogbank.core.visit import Visit

from . import authorizers
from .exchange import Exchange
from .serving import Route, Serving

ACTION = "execute-api:Invoke"


async def admit(visit: Visit, exchange: Exchange) -> None:
    """Raise GatewayError unless the request may reach its integration."""
    throttle(exchange.ctx, exchange.serving, exchange.route)
    kind = exchange.route.shape["AuthorizationType"]
    if kind == "AWS_IAM":
        exchange.request.content, exchange.request.stream = exchange.body, None
        exchange.caller = authenticated(visit, exchange.arn, exchange.serving.account).principal
    elif kind != "NONE":
        await authorizers.authorize(exchange)


def throttle(ctx: Context, serving: Serving, route: Route) -> None:
    """Count a request against its route's throttle and the account's. Raises GatewayError (429) beyond them."""
    rate = serving.setting(route, "ThrottlingRateLimit")
    burst = serving.setting(route, "ThrottlingBurstLimit")
    if rate is not None or burst is not None:
        account_rate, account_burst = throttles.of_account(ctx)
        rate, burst = (account_rate if rate is None else rate), (account_burst if burst is None else burst)
        key = (serving.account, serving.region, serving.api, serving.stage, route.key)
        if not ctx.app.local(Buckets).take(key, rate, burst, ctx.now()):
            raise GatewayError("THROTTLED", None)
    if not throttles.take(ctx):
        raise GatewayError("THROTTLED", None)


def authenticated(visit: Visit, arn: str, account: str) -> Context:
    """Authenticate the caller by the request's signature, and authorise Invoke. Raises GatewayError (403)."""
    try:
        ctx = visit.admit("execute-api")
        if ctx.principal.kind == "anonymous":
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN", None)
        visit.allow(named(arn, account), ACTION)
    except AccessDenied as error:
        raise GatewayError("ACCESS_DENIED", None, why=error.message) from None
    except ServiceError as error:
        raise GatewayError("INVALID_SIGNATURE", None, why=error.message) from None
    return ctx
