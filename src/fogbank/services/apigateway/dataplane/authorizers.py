"""Lambda authorizers: invoked with a token or the whole request; the policy that they return is cached for its TTL.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec

from fogbank.apis import patterns, policies, workers
from fogbank.apis.acting import function_arn, region_of
from fogbank.apis.budget import OverBudget
from fogbank.apis.failures import GatewayError
from fogbank.auth.policy import MalformedPolicy, Policy
from fogbank.core.errors import ServiceError

from . import lambda_proxy, mapping, table
from .exchange import Exchange

MAX_CACHED = 10_000
_FIRST = "method.request."


class Answer(msgspec.Struct, frozen=True):
    """The compiled response of an authorizer."""

    principal: str
    policy: Policy | None  # None: it grants nothing
    document: str
    context: dict[str, str]
    usage_key: str
    expires: float


async def authorize(exchange: Exchange) -> None:
    """Raise GatewayError unless the method's authorizer allows the request. Puts its context into the exchange."""
    authorizer = exchange.deployed.authorizers.get(exchange.route.method.get("authorizerId") or "")
    if authorizer is None:
        raise _misconfigured("The method's authorizer is gone")
    if authorizer["type"] not in ("TOKEN", "REQUEST"):
        raise GatewayError("UNAUTHORIZED", "Unauthorized", why=f"Fogbank verifies no {authorizer['type']} tokens here")
    identity = await _identity(exchange, authorizer)
    ttl = int(authorizer.get("authorizerResultTtlInSeconds", 300))
    cache: dict[Any, Answer] = exchange.running.cache.setdefault("authorizers", {})
    key = (authorizer["id"], exchange.deployed.id, *identity)
    answer = cache.get(key) if ttl and identity else None
    if answer is None or answer.expires <= exchange.ctx.now():
        answer = await _ask(exchange, authorizer, identity, ttl)
        if ttl and identity:
            if len(cache) >= MAX_CACHED:
                cache.clear()
            cache[key] = answer
    exchange.authorizer = {"principalId": answer.principal, **answer.context}
    exchange.usage_key, exchange.authorizer_policy = answer.usage_key, answer.document
    _decide(exchange, answer)


async def _identity(exchange: Exchange, authorizer: dict[str, Any]) -> tuple[str, ...]:
    """The values of the identity sources. Raises GatewayError (401) when one is missing or does not match."""
    sources = [part.strip() for part in (authorizer.get("identitySource") or "").split(",") if part.strip()]
    values = [_value(exchange, source) for source in sources]
    if any(not value for value in values):
        raise GatewayError("UNAUTHORIZED", "Unauthorized")
    found = tuple(str(value) for value in values)
    pattern = authorizer.get("identityValidationExpression")
    if authorizer["type"] == "TOKEN" and pattern and not await _fits(exchange, pattern, found[0]):
        raise GatewayError("UNAUTHORIZED", "Unauthorized")
    return found


async def _fits(exchange: Exchange, pattern: str, token: str) -> bool:
    """Whether a whole token matches the expression. False for an expression that is invalid or takes too long."""
    try:
        return await workers.run(exchange.app, lambda budget: patterns.whole(pattern, token, budget))
    except (patterns.BadPattern, OverBudget):
        return False


def _value(exchange: Exchange, source: str) -> str | None:
    if source.startswith(_FIRST):
        return mapping.request_value(exchange, source)
    return mapping.outer_value(exchange, source)


async def _ask(exchange: Exchange, authorizer: dict[str, Any], identity: tuple[str, ...], ttl: int) -> Answer:
    event = _event(exchange, authorizer, identity)
    arn = function_arn(authorizer.get("authorizerUri") or "", exchange.variables)
    source = exchange.running.arn(f"authorizers/{authorizer['id']}")
    region = region_of(arn)
    try:
        ctx = await lambda_proxy.acting_for(exchange, authorizer.get("authorizerCredentials") or "", source, region)
        request = {"FunctionName": arn, "Payload": msgspec.json.encode(event), "InvocationType": "RequestResponse"}
        result = await asyncio.wait_for(ctx.call("lambda", "Invoke", request), 29)
    except (ServiceError, GatewayError, TimeoutError) as error:
        raise _misconfigured(f"Execution failed due to configuration error: {error}") from None
    payload = bytes(result.get("Payload") or b"")
    try:
        value = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        value = None
    if result.get("FunctionError"):
        message = value.get("errorMessage") if isinstance(value, dict) else None
        if message == "Unauthorized":
            raise GatewayError("UNAUTHORIZED", "Unauthorized")
        raise _misconfigured(f"Lambda execution failed: {message}")
    if value == "Unauthorized":
        raise GatewayError("UNAUTHORIZED", "Unauthorized")
    return _read(value, exchange.ctx.now() + ttl)


def _event(exchange: Exchange, authorizer: dict[str, Any], identity: tuple[str, ...]) -> dict[str, Any]:
    running = exchange.running
    arn = running.arn(f"{running.stage}/{exchange.request.method}/{table.bare(exchange.path)}")
    if authorizer["type"] == "TOKEN":
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": identity[0]}
    event = lambda_proxy.event_of(exchange)
    for member in ("body", "isBase64Encoded"):
        del event[member]
    return {"type": "REQUEST", "methodArn": arn, **event}


def _read(value: Any, expires: float) -> Answer:
    """Parse an authorizer's response. Raises GatewayError (500) when it is invalid."""
    if not isinstance(value, dict) or not isinstance(value.get("policyDocument"), dict):
        raise _misconfigured("Invalid JSON in the authorizer's response")
    if not isinstance(value.get("principalId"), str | int):
        raise _misconfigured("Missing principalId in the authorizer's response")
    context = value.get("context") or {}
    if not isinstance(context, dict) or any(isinstance(entry, dict | list) for entry in context.values()):
        raise _misconfigured("Invalid context in the authorizer's response")
    try:
        policy = policies.compiled(value["policyDocument"])
    except MalformedPolicy as error:
        raise _misconfigured(f"Invalid policy in the authorizer's response: {error}") from None
    return Answer(
        principal=str(value["principalId"]),
        policy=policy,
        document=json.dumps(value["policyDocument"], separators=(",", ":")),
        context={name: _text(entry) for name, entry in context.items() if entry is not None},
        usage_key=str(value.get("usageIdentifierKey") or ""),
        expires=expires,
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decide(exchange: Exchange, answer: Answer) -> None:
    running = exchange.running
    arn = running.arn(f"{running.stage}/{exchange.request.method}/{table.bare(exchange.path)}")
    decision = policies.decide(answer.policy, running.account, answer.principal, arn, exchange.request)
    if not decision.allowed:
        text = "User is not authorized to access this resource"
        if decision.explicit:
            text += " with an explicit deny in an identity-based policy"
        raise GatewayError("ACCESS_DENIED", text, member="Message")


def _misconfigured(why: str) -> GatewayError:
    return GatewayError("AUTHORIZER_CONFIGURATION_ERROR", None, why=why)
