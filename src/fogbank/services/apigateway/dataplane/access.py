"""May this request pass: policy and authorization, then keys and throttles, then validation.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.errors import ExpiredToken, IncompleteSignature, InvalidSignature, ServiceError
from fogbank.core.principal import Principal, anonymous

from .. import apis
from ..records import Api
from . import authorizers, keys, table, validation
from .answers import GatewayError
from .exchange import Exchange

ACTION = "execute-api:Invoke"


async def admit(exchange: Exchange) -> None:
    """Raises GatewayError unless the request may reach its integration."""
    method = exchange.route.method
    kind = method.get("authorizationType") or "NONE"
    document = _policy(exchange)
    if kind == "AWS_IAM":
        principal = _authenticate(exchange)
        exchange.caller = principal
        _authorize(exchange, principal, document)
    elif document:
        _authorize(exchange, anonymous(), document)
    if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        await authorizers.authorize(exchange)
    await keys.admit(exchange)
    validator = method.get("requestValidatorId")
    if validator:
        await validation.check(exchange, exchange.deployed.validators.get(validator) or {})


def _policy(exchange: Exchange) -> str:
    """The deployed resource policy, its ARNs written out."""
    running = exchange.running
    key = f"policy/{exchange.deployed.id}"
    if key not in running.cache:
        api = Api(account=running.account, region=running.region, id=running.api, created=0, root="",
                  shape=exchange.deployed.api)  # fmt: skip
        running.cache[key] = apis.expanded_policy(api, running.partition)
    text: str = running.cache[key]
    return text


def _authenticate(exchange: Exchange) -> Principal:
    request = exchange.request
    request.content, request.stream = exchange.body, None
    try:
        principal: Principal = exchange.app.authenticator.authenticate(request, "execute-api")
    except ExpiredToken as error:
        raise GatewayError("EXPIRED_TOKEN", error.message) from None
    except (InvalidSignature, IncompleteSignature) as error:
        raise GatewayError("INVALID_SIGNATURE", error.message, error_type=error.code_for("json")) from None
    except ServiceError as error:
        kind = error.code_for("json")
        raise GatewayError("ACCESS_DENIED", error.message, error_type=kind) from None
    if principal.kind == "anonymous":
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    return principal


def _authorize(exchange: Exchange, principal: Principal, document: str) -> None:
    """Ask IAM and the API's policy about execute-api:Invoke."""
    app, running = exchange.app, exchange.running
    if app.settings.iam == "off":
        return
    arn = running.arn(f"{running.stage}/{exchange.request.method}/{table.bare(exchange.path)}")
    ctx = msgspec.structs.replace(exchange.ctx, principal=principal)
    decision, asked = app.authorizer.decide(ctx, ACTION, arn, running.account, document or None, _conditions(exchange))
    if decision.allowed:
        return
    if app.settings.iam == "audit":
        return
    masked = arn.replace(f":{running.account}:", f":********{running.account[-4:]}:")
    who = principal.arn or "anonymous"
    text = f"User: {who} is not authorized to perform: {ACTION} on resource: {masked}"
    if decision.explicit:
        text += " with an explicit deny"
    raise GatewayError("ACCESS_DENIED", text, member="Message", why=f"{asked.action} denied: {decision.policy_type}")


def _conditions(exchange: Exchange) -> dict[str, Any]:
    return {"execute-api:viaDomain": exchange.domain}
