"""Admission of requests: resource policy and authorization, then API keys and throttles, then validation.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from fogbank.apis.failures import GatewayError
from fogbank.core.errors import AccessDenied, ExpiredToken, IncompleteSignature, InvalidSignature, ServiceError
from fogbank.core.kinds import named
from fogbank.core.visit import Visit

from .. import apis
from ..records import Api
from . import authorizers, keys, table, validation
from .exchange import Exchange

ACTION = "execute-api:Invoke"


async def admit(visit: Visit, exchange: Exchange) -> None:
    """Raise GatewayError unless the request may reach its integration."""
    method = exchange.route.method
    kind = method.get("authorizationType") or "NONE"
    document = _policy(exchange)
    if kind == "AWS_IAM":
        _authenticate(visit, exchange)
        _authorize(visit, exchange, document)
    elif document:
        _authorize(visit, exchange, document)
    if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        await authorizers.authorize(exchange)
    await keys.admit(exchange)
    validator = method.get("requestValidatorId")
    if validator:
        await validation.check(exchange, exchange.deployed.validators.get(validator) or {})


def _policy(exchange: Exchange) -> str:
    """The deployed resource policy with its short ARNs expanded."""
    running = exchange.running
    key = f"policy/{exchange.deployed.id}"
    if key not in running.cache:
        api = Api(account=running.account, region=running.region, id=running.api, created=0, root="",
                  shape=exchange.deployed.api)  # fmt: skip
        running.cache[key] = apis.expanded_policy(api, running.partition)
    text: str = running.cache[key]
    return text


def _authenticate(visit: Visit, exchange: Exchange) -> None:
    """Authenticate the caller by the request's signature. Raises GatewayError."""
    request = exchange.request
    request.content, request.stream = exchange.body, None
    try:
        principal = visit.admit("execute-api").principal
    except ExpiredToken as error:
        raise GatewayError("EXPIRED_TOKEN", error.message) from None
    except (InvalidSignature, IncompleteSignature) as error:
        raise GatewayError("INVALID_SIGNATURE", error.message, error_type=error.code_for("json")) from None
    except ServiceError as error:
        kind = error.code_for("json")
        raise GatewayError("ACCESS_DENIED", error.message, error_type=kind) from None
    if principal.kind == "anonymous":
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    exchange.caller = principal


def _authorize(visit: Visit, exchange: Exchange, document: str) -> None:
    """Raise GatewayError unless IAM and the API's policy allow execute-api:Invoke."""
    running = exchange.running
    arn = running.arn(f"{running.stage}/{exchange.request.method}/{table.bare(exchange.path)}")
    method = named(arn, running.account, policy=document or None)
    try:
        visit.allow(method, ACTION, {"execute-api:viaDomain": exchange.domain})
    except AccessDenied as error:
        masked = arn.replace(f":{running.account}:", f":********{running.account[-4:]}:")
        who = exchange.caller.arn if exchange.caller else "anonymous"
        text = f"User: {who} is not authorized to perform: {ACTION} on resource: {masked}"
        if error.explicit:
            text += " with an explicit deny"
        raise GatewayError("ACCESS_DENIED", text, member="Message", why=error.message) from None
