"""JWT and Lambda authorizers. Raises Refusal or GatewayError for a caller who is not let in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from fogbank.apis import policies
from fogbank.apis.failures import GatewayError
from fogbank.auth.policy import MalformedPolicy, Policy

from . import events, functions, jwt, mapping
from .exchange import Exchange
from .serving import Apis

MAX_CACHED = 10_000
SECONDS = 10.0  # that a Lambda authorizer may take (the quota of HTTP APIs)


class Refusal(GatewayError):
    """A failure with a WWW-Authenticate header."""

    def __init__(self, kind: str, challenge: str, why: str) -> None:
        super().__init__(kind, None, why=why)
        self.challenge = challenge


class Verdict(msgspec.Struct, frozen=True):
    """What a Lambda authorizer returned. `policy` is None for a simple response."""

    allowed: bool
    policy: Policy | None
    principal: str
    context: dict[str, Any]
    made: float


async def authorize(exchange: Exchange) -> None:
    """Ask the route's authorizer."""
    authorizer = exchange.route.authorizer
    if authorizer is None:
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", None, why="The route's authorizer is gone")
    if authorizer["AuthorizerType"] == "JWT":
        await _check_token(exchange, authorizer)
    else:
        await _ask_function(exchange, authorizer)


# -- tokens ------------------------------------------------------------------------------------------------------------


async def _check_token(exchange: Exchange, authorizer: dict[str, Any]) -> None:
    configuration = authorizer["JwtConfiguration"]
    text = await mapping.Values(exchange).text(authorizer["IdentitySource"][0])
    wanted = exchange.route.shape.get("AuthorizationScopes") or []
    if not text:
        raise Refusal("UNAUTHORIZED", "Bearer", "There is no token in the request")
    if text[:7].lower() == "bearer ":
        text = text[7:].strip()
    try:
        token = jwt.decode(text)
        await exchange.app.local(jwt.Issuers).verify(token, configuration["Issuer"])
        jwt.check_claims(token.claims, configuration["Issuer"], configuration["Audience"], exchange.ctx.now())
    except jwt.BadToken as error:
        exchange.authorizer_error = str(error)
        challenge = f'Bearer scope="{" ".join(wanted)}" error="invalid_token" error_description="{error}"'
        raise Refusal("UNAUTHORIZED", challenge, str(error)) from None
    scopes = jwt.scopes_of(token.claims)
    if wanted and not set(wanted) & set(scopes):
        challenge = f'Bearer scope="{" ".join(wanted)}" error="insufficient_scope"'
        raise Refusal("ACCESS_DENIED", challenge, "The token has none of the route's scopes")
    exchange.jwt = {"claims": jwt.shown_claims(token.claims), "scopes": scopes if wanted else None}


# -- functions ---------------------------------------------------------------------------------------------------------


async def _ask_function(exchange: Exchange, authorizer: dict[str, Any]) -> None:
    values = mapping.Values(exchange)
    sources = authorizer.get("IdentitySource") or []
    found = [await values.text(source) for source in sources]
    if not all(found):
        raise GatewayError("UNAUTHORIZED", None, why="An identity source is missing")
    identity = [str(value) for value in found]
    verdict = await _verdict(exchange, authorizer, identity)
    exchange.lambda_context, exchange.principal_id = verdict.context, verdict.principal
    if not verdict.allowed:
        raise GatewayError("ACCESS_DENIED", None, why="The authorizer denied the request")
    if verdict.policy is None and verdict.principal == "":
        return
    if not policies.decide(
        verdict.policy, exchange.serving.account, verdict.principal, exchange.arn, exchange.request
    ).allowed:
        raise GatewayError("ACCESS_DENIED", None, why="The authorizer's policy does not allow the request")


async def _verdict(exchange: Exchange, authorizer: dict[str, Any], identity: list[str]) -> Verdict:
    """The authorizer's answer for an identity: from the cache, for as long as its TTL says."""
    serving, now = exchange.serving, exchange.ctx.now()
    ttl = authorizer.get("AuthorizerResultTtlInSeconds") or 0
    cache: dict[Any, Verdict] = exchange.app.local(Apis).verdicts
    digest = hashlib.sha256("\0".join(identity).encode("utf-8", "surrogatepass")).digest()  # identities may be long
    key = (serving.api, serving.stage, authorizer["AuthorizerId"], serving.deployment, digest)
    held = cache.get(key) if ttl and identity else None
    if held is not None and held.made <= now < held.made + ttl and held.made >= serving.reset:
        return held
    verdict = await _ask(exchange, authorizer, identity)
    if ttl and identity:
        if len(cache) >= MAX_CACHED:
            cache.clear()
        cache[key] = verdict
    return verdict


async def _ask(exchange: Exchange, authorizer: dict[str, Any], identity: list[str]) -> Verdict:
    version = authorizer.get("AuthorizerPayloadFormatVersion") or "1.0"
    try:
        result = await functions.invoke(
            exchange.ctx,
            functions.named(authorizer["AuthorizerUri"], exchange.serving.variables),
            msgspec.json.encode(events.authorizer_event(exchange, version, identity)),
            credentials=authorizer.get("AuthorizerCredentialsArn") or "",
            source=exchange.serving.arn(f"authorizers/{authorizer['AuthorizerId']}"),
            seconds=SECONDS,
        )
    except GatewayError as error:
        raise _failed(exchange, error.why or str(error)) from None
    try:
        value = msgspec.json.decode(bytes(result.get("Payload") or b"null"))
    except (ValueError, RecursionError):
        value = None
    if result.get("FunctionError"):
        message = value.get("errorMessage") if isinstance(value, dict) else None
        if message == "Unauthorized":
            raise GatewayError("UNAUTHORIZED", None, why="The authorizer said Unauthorized")
        raise _failed(exchange, f"The Lambda authorizer function failed: {message}")
    return _read(exchange, value, simple=bool(authorizer.get("EnableSimpleResponses")))


def _read(exchange: Exchange, value: Any, *, simple: bool) -> Verdict:
    """Read what the function returned. Raises GatewayError (500) for what is no answer."""
    if not isinstance(value, dict):
        raise _failed(exchange, "The authorizer's response is no object")
    context = value.get("context") or {}
    if not isinstance(context, dict):
        raise _failed(exchange, "The authorizer's context is no object")
    now = exchange.ctx.now()
    if simple:
        allowed = value.get("isAuthorized")
        if not isinstance(allowed, bool):
            raise _failed(exchange, "The authorizer's response has no isAuthorized")
        return Verdict(allowed, None, "", context, now)
    principal, document = value.get("principalId"), value.get("policyDocument")
    if not isinstance(principal, str) or not principal or not isinstance(document, dict):
        raise _failed(exchange, "The authorizer's response has no principalId or no policyDocument")
    try:
        return Verdict(True, policies.compiled(document), principal, context, now)
    except MalformedPolicy as error:
        raise _failed(exchange, f"The authorizer's policy is invalid: {error}") from None


def _failed(exchange: Exchange, why: str) -> GatewayError:
    exchange.authorizer_error = why
    return GatewayError("AUTHORIZER_FAILURE", None, why=why)
