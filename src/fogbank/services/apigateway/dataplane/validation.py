"""Request validators: check required parameters, and validate the body against its model.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis import jsontext, workers
from fogbank.apis.budget import Budget, OverBudget
from fogbank.apis.failures import GatewayError, misconfigured

from ..schemas import BadSchema, Schema
from . import mapping
from .exchange import Exchange


async def check(exchange: Exchange, validator: dict[str, Any]) -> None:
    """Raise GatewayError (400) when a required parameter is missing or the body is invalid."""
    if validator.get("validateRequestParameters"):
        _parameters(exchange)
    if validator.get("validateRequestBody"):
        await _body(exchange)


def _parameters(exchange: Exchange) -> None:
    required = [name for name, needed in (exchange.route.method.get("requestParameters") or {}).items() if needed]
    missing = [name.split(".", 3)[-1] for name in required if not mapping.request_value(exchange, name)]
    if missing:
        raise GatewayError(
            "BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(sorted(missing))}]"
        )


async def _body(exchange: Exchange) -> None:
    models: dict[str, str] = exchange.route.method.get("requestModels") or {}
    kind = mapping.media_type(exchange.request.header("content-type")) or mapping.JSON
    model = models.get(kind) or models.get("$default")
    if not model:
        return
    try:
        errors = await workers.run(exchange.app, lambda budget: _errors(exchange, model, budget))
    except (OverBudget, BadSchema) as error:
        raise misconfigured(f"Unable to validate the request body against model {model} ({error})") from None
    if errors:
        raise _invalid(f"[{', '.join(errors)}]")


def _errors(exchange: Exchange, model: str, budget: Budget) -> list[str]:
    try:
        value = jsontext.decode(exchange.body, budget)
    except jsontext.NotJson:
        return ["instance failed to parse"]
    return _schema(exchange, model, budget).errors(value, budget)


def _invalid(errors: str) -> GatewayError:
    return GatewayError("BAD_REQUEST_BODY", "Invalid request body", validation=errors, why=errors)


def _schema(exchange: Exchange, model: str, budget: Budget) -> Schema:
    """The compiled schema of a deployed model, cached with its stage. Raises BadSchema, OverBudget."""
    cache: dict[str, Schema | BadSchema] = exchange.running.cache.setdefault(f"schemas/{exchange.deployed.id}", {})
    if model not in cache:
        if budget.quick:
            raise OverBudget("a model is compiled by a worker")
        held = {name: shape["schema"] for name, shape in exchange.deployed.models.items()}
        try:
            cache[model] = Schema(held, model)
        except BadSchema as error:
            cache[model] = error
    found = cache[model]
    if isinstance(found, BadSchema):
        raise found
    return found
