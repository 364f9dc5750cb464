"""Request validators: required parameters, and the body against its model.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from . import mapping
from .answers import GatewayError
from .exchange import Exchange

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def check(exchange: Exchange, validator: dict[str, Any]) -> None:
    """Raises GatewayError (400) where the request lacks what the method asks."""
    if validator.get("validateRequestParameters"):
        _parameters(exchange)
    if validator.get("validateRequestBody"):
        _body(exchange)


def _parameters(exchange: Exchange) -> None:
    required = [name for name, needed in (exchange.route.method.get("requestParameters") or {}).items() if needed]
    missing = [name.split(".", 3)[-1] for name in required if not mapping.request_value(exchange, name)]
    if missing:
        raise GatewayError(
            "BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(sorted(missing))}]"
        )


def _body(exchange: Exchange) -> None:
    models: dict[str, str] = exchange.route.method.get("requestModels") or {}
    kind = mapping.media_type(exchange.request.header("content-type")) or mapping.JSON
    model = models.get(kind) or models.get("$default")
    if not model:
        return
    try:
        value = msgspec.json.decode(exchange.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _invalid("[instance failed to parse]") from None
    errors = [error.message for error in _schema(exchange, model).iter_errors(value)]
    if errors:
        raise _invalid(f"[{', '.join(errors)}]")


def _invalid(errors: str) -> GatewayError:
    return GatewayError("BAD_REQUEST_BODY", "Invalid request body", validation=errors, why=errors)


def _schema(exchange: Exchange, model: str) -> Validator:
    """The compiled schema of a deployed model; other models are found by their URL."""
    cache: dict[str, Any] = exchange.running.cache.setdefault(f"schemas/{exchange.deployed.id}", {})
    if model not in cache:
        from jsonschema import Draft4Validator
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT4

        models = exchange.deployed.models

        def retrieve(uri: str) -> Resource[Any]:
            held = models.get(uri.partition("#")[0].rpartition("/")[2])
            return Resource.from_contents(json.loads(held["schema"]) if held else {}, default_specification=DRAFT4)

        shape = models.get(model)
        schema = json.loads(shape["schema"]) if shape else {}
        registry: Any = Registry(retrieve=retrieve)  # type: ignore[call-arg]
        cache[model] = Draft4Validator(schema, registry=registry)
    found: Validator = cache[model]
    return found
