"""Checks API keys, usage plans and throttles of requests.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.apis import throttles
from fogbank.apis.accounts import CHANGED
from fogbank.apis.failures import GatewayError
from fogbank.core.cache import Cache
from fogbank.core.context import Cloud
from fogbank.core.quotas import Buckets
from fogbank.store.api import Reader

from .. import quotas
from ..records import KEYS, PLAN_KEYS, PLANS
from .exchange import Exchange


class Known(msgspec.Struct, frozen=True):
    """An enabled key with its usage plan for one stage."""

    key: str
    plan: str
    throttle: dict[str, Any]
    methods: dict[str, dict[str, Any]]  # the plan's throttles for methods of the stage: "/path/METHOD" → throttle
    quota: dict[str, Any] | None


class Keys:
    """Cache of keys by value and stage, cleared when something changes."""

    def __init__(self, app: Cloud) -> None:
        self._known: Cache[tuple[str, ...], Known | None] = Cache(app, CHANGED)

    async def find(self, exchange: Exchange, value: str) -> Known | None:
        """The key with this value, or None if it may not be used on the exchange's stage."""
        running = exchange.running
        key = (running.account, running.region, running.api, running.stage, value)
        if key in self._known:
            return self._known[key]
        return await self._known.fill(key, exchange.ctx.fetch(_find, *key))


def _find(tx: Reader, account: str, region: str, api: str, stage: str, value: str) -> Known | None:
    key = tx.first(KEYS, "value", (account, region, value))
    if key is None or not key.shape.get("enabled"):
        return None
    for link in tx.scan_index(PLAN_KEYS, "key", (account, region, key.id)):
        plan = tx.get(PLANS, (account, region, link.plan))
        for held in (plan.shape.get("apiStages") or ()) if plan else ():
            if plan and (held["apiId"], held["stage"]) == (api, stage):
                return Known(key.id, plan.id, plan.shape.get("throttle") or {}, held.get("throttle") or {},
                             plan.shape.get("quota"))  # fmt: skip
    return None


async def admit(exchange: Exchange) -> None:
    """Raise GatewayError: 403 when a required key is missing or unknown, 429 beyond a throttle or quota."""
    route, running, now = exchange.route, exchange.running, exchange.ctx.now()
    buckets = exchange.app.local(Buckets)
    account_rate, account_burst = throttles.of_account(exchange.ctx)
    known = None
    if route.method.get("apiKeyRequired"):
        value = _value(exchange)
        known = await exchange.app.local(Keys).find(exchange, value) if value else None
        if known is None:
            raise GatewayError("INVALID_API_KEY", "Forbidden")
        exchange.api_key, exchange.api_key_id = value, known.key
        _client_limits(exchange, buckets, known, now)
    stage = (running.account, running.region, running.api, running.stage)
    rate, burst = running.setting(route, "throttlingRateLimit"), running.setting(route, "throttlingBurstLimit")
    if rate is not None or burst is not None:
        rate = account_rate if rate is None else float(rate)
        burst = account_burst if burst is None else int(burst)
        if not buckets.take((*stage, route.path, route.verb), rate, burst, now):
            raise GatewayError("THROTTLED", "Too Many Requests")
    if not throttles.take(exchange.ctx):
        raise GatewayError("THROTTLED", "Too Many Requests")
    if known is not None and known.quota:
        scope = (running.account, running.region, known.plan, known.key)
        if not await exchange.ctx.transact(quotas.take, scope, known.quota, int(now // 86400)):
            raise GatewayError("QUOTA_EXCEEDED", "Limit Exceeded")


def _value(exchange: Exchange) -> str:
    """The API key of a request, from its X-API-Key header or from the authorizer."""
    if exchange.deployed.api.get("apiKeySource") == "AUTHORIZER":
        return exchange.usage_key
    return exchange.request.header("x-api-key")


def _client_limits(exchange: Exchange, buckets: Buckets, known: Known, now: float) -> None:
    """Apply a usage plan's throttle. The one for the stage's method takes precedence over the plan's."""
    route = exchange.route
    key: tuple[str, ...] = (exchange.running.account, exchange.running.region, known.plan, known.key)
    throttle = known.throttle
    for name in (f"{route.path}/{exchange.request.method}", f"{route.path}/{route.verb}", "*/*"):
        own = known.methods.get(name) or known.methods.get(name.lstrip("/"))
        if own:
            throttle = own
            key = (*key, exchange.running.api, exchange.running.stage, route.path, route.verb)
            break
    if not throttle:
        return
    account_rate, account_burst = throttles.of_account(exchange.ctx)
    rate = float(throttle.get("rateLimit") or 0) if "rateLimit" in throttle else account_rate
    burst = int(throttle.get("burstLimit") or 0) if "burstLimit" in throttle else account_burst
    if not buckets.take(key, rate, burst, now):
        raise GatewayError("THROTTLED", "Too Many Requests")
