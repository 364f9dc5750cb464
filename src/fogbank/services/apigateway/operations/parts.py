"""Models, request validators, authorizers: what methods refer to.

https://docs.aws.amazon.com/apigateway/latest/api/API_CreateModel.html
https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from fogbank.apis.errors import BadRequest, Conflict
from fogbank.apis.passing import member
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .. import passing, patching
from ..arns import call
from ..lookups import page, require_api, require_part
from ..patching import COUNT, FLAG, MEMBER, REPLACE, SETTABLE
from ..records import AUTHORIZERS, MODELS, RESOURCES, VALIDATORS, Part

_MODEL = "Invalid model name specified: {}"
_VALIDATOR = "Invalid Request Validator identifier specified"
_AUTHORIZER = "Invalid Authorizer identifier specified"


def _part(ctx: Context, api: str, part: str, shape: dict[str, Any]) -> Part:
    return Part(account=ctx.account, region=ctx.region, api=api, id=part, shape=shape)


def _all(tx: Reader, ctx: Context, table: Table[Part], api: str) -> list[dict[str, Any]]:
    require_api(tx, ctx, api)
    return [part.shape for part in tx.scan(table, (ctx.account, ctx.region, api))]


# -- models ----------------------------------------------------------------------------------------------------------


def _check_schema(schema: str) -> None:
    try:
        ok = isinstance(json.loads(schema), dict)
    except (ValueError, RecursionError):
        ok = False
    if not ok:
        raise BadRequest("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema "
                         "specified. Unsupported keyword(s)]")  # fmt: skip


@call("CreateModel", "POST", "/restapis/{restApiId}/models")
def create_model(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema with a name."""
    name = req["name"]
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise BadRequest("Model name must be alphanumeric: " + name)
    _check_schema(req.get("schema") or "")
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        if tx.get(MODELS, (ctx.account, ctx.region, api.id, name)) is not None:
            raise Conflict("Model name already exists for this REST API")
        shape = {"id": ctx.ids.lower(6), "name": name, "contentType": req["contentType"], "schema": req["schema"]}
        if req.get("description"):
            shape["description"] = req["description"]
        tx.put(MODELS, _part(ctx, api.id, name, shape))
    return shape


@call("GetModel", "GET", "/restapis/{restApiId}/models/{modelName}")
def get_model(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One model."""
    with ctx.read() as tx:
        text = _MODEL.format(req["modelName"])
        shape: dict[str, Any] = require_part(tx, ctx, MODELS, req["restApiId"], req["modelName"], text).shape
        return shape


@call("GetModels", "GET", "/restapis/{restApiId}/models")
def get_models(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The models of an API."""
    with ctx.read() as tx:
        return page(ctx, req, f"models/{req['restApiId']}", _all(tx, ctx, MODELS, req["restApiId"]))


@call("UpdateModel", "PATCH", "/restapis/{restApiId}/models/{modelName}")
def update_model(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a model's schema or description."""
    rules = {"/description": REPLACE, "/schema": REPLACE}
    with ctx.write() as tx:
        found = require_part(tx, ctx, MODELS, req["restApiId"], req["modelName"], _MODEL.format(req["modelName"]))
        found.shape = patching.apply(found.shape, req.get("patchOperations"), rules)
        _check_schema(found.shape.get("schema") or "")
        tx.put(MODELS, found)
    shape: dict[str, Any] = found.shape
    return shape


@call("DeleteModel", "DELETE", "/restapis/{restApiId}/models/{modelName}")
def delete_model(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a model that no method uses."""
    name = req["modelName"]
    with ctx.write() as tx:
        found = require_part(tx, ctx, MODELS, req["restApiId"], name, _MODEL.format(name))
        for resource in tx.scan(RESOURCES, (ctx.account, ctx.region, found.api)):
            for verb, method in resource.methods.items():
                used = {*(method.get("requestModels") or {}).values()}
                for response in (method.get("methodResponses") or {}).values():
                    used |= {*(response.get("responseModels") or {}).values()}
                if name in used:
                    raise Conflict(f"Cannot delete model '{name}', is referenced in method "
                                   f"request: {resource.path}/{verb}")  # fmt: skip
        tx.delete(MODELS, MODELS.key(found))
    return {}


@call("GetModelTemplate", "GET", "/restapis/{restApiId}/models/{modelName}/default_template")
def get_model_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A mapping template that copies what the model's schema names."""
    shape = get_model(ctx, req)
    schema = json.loads(shape["schema"])
    names = list(schema.get("properties") or {})
    lines = [f"  \"{name}\" : $input.json('$.{name}')" for name in names]
    head = "#set($inputRoot = $input.path('$'))\n"
    return {"value": head + ("{\n" + ",\n".join(lines) + "\n}" if names else "{ }")}


# -- request validators ----------------------------------------------------------------------------------------------


@call("CreateRequestValidator", "POST", "/restapis/{restApiId}/requestvalidators")
def create_request_validator(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Says what of a request is checked."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        shape: dict[str, Any] = {
            "id": ctx.ids.lower(6),
            "name": req.get("name") or "",
            "validateRequestBody": bool(req.get("validateRequestBody")),
            "validateRequestParameters": bool(req.get("validateRequestParameters")),
        }
        tx.put(VALIDATORS, _part(ctx, api.id, shape["id"], shape))
    return shape


@call("GetRequestValidator", "GET", "/restapis/{restApiId}/requestvalidators/{requestValidatorId}")
def get_request_validator(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One validator."""
    with ctx.read() as tx:
        found = require_part(tx, ctx, VALIDATORS, req["restApiId"], req["requestValidatorId"], _VALIDATOR)
    shape: dict[str, Any] = found.shape
    return shape


@call("GetRequestValidators", "GET", "/restapis/{restApiId}/requestvalidators")
def get_request_validators(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The validators of an API."""
    with ctx.read() as tx:
        return page(ctx, req, f"validators/{req['restApiId']}", _all(tx, ctx, VALIDATORS, req["restApiId"]))


@call("UpdateRequestValidator", "PATCH", "/restapis/{restApiId}/requestvalidators/{requestValidatorId}")
def update_request_validator(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a validator."""
    rules = {"/name": REPLACE, "/validateRequestBody": FLAG, "/validateRequestParameters": FLAG}
    with ctx.write() as tx:
        found = require_part(tx, ctx, VALIDATORS, req["restApiId"], req["requestValidatorId"], _VALIDATOR)
        found.shape = patching.apply(found.shape, req.get("patchOperations"), rules)
        tx.put(VALIDATORS, found)
    shape: dict[str, Any] = found.shape
    return shape


@call("DeleteRequestValidator", "DELETE", "/restapis/{restApiId}/requestvalidators/{requestValidatorId}")
def delete_request_validator(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a validator that no method uses."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, VALIDATORS, req["restApiId"], req["requestValidatorId"], _VALIDATOR)
        for resource in tx.scan(RESOURCES, (ctx.account, ctx.region, found.api)):
            if any(method.get("requestValidatorId") == found.id for method in resource.methods.values()):
                raise Conflict(f"Cannot delete Request Validator: {found.id}, it is used by a method")
        tx.delete(VALIDATORS, VALIDATORS.key(found))
    return {}


# -- authorizers -----------------------------------------------------------------------------------------------------

_AUTHORIZER_MEMBERS = (
    "name", "type", "providerARNs", "authType", "authorizerUri", "authorizerCredentials", "identitySource",
    "identityValidationExpression", "jwtConfiguration",
)  # fmt: skip
AUTHORIZER_RULES = {
    "/name": REPLACE,
    "/type": REPLACE,
    "/authType": REPLACE,
    "/authorizerUri": REPLACE,
    "/authorizerCredentials": SETTABLE,
    "/identitySource": SETTABLE,
    "/identityValidationExpression": SETTABLE,
    "/authorizerResultTtlInSeconds": COUNT,
    "/providerARNs/{arn}": MEMBER,
}


def check_authorizer(shape: dict[str, Any]) -> None:
    """The rules of an authorizer. Raises BadRequest."""
    kind, ttl = shape["type"], shape.get("authorizerResultTtlInSeconds", 300)
    if not 0 <= ttl <= 3600:
        raise BadRequest("Authorizer result TTL must be between 0 and 3600 seconds")
    if kind in ("TOKEN", "REQUEST") and not shape.get("authorizerUri"):
        raise BadRequest("Invalid Authorizer URI: a Lambda function ARN must be specified")
    source = shape.get("identitySource") or ""
    if kind == "TOKEN" and not source:
        raise BadRequest("Identity source must be specified for a TOKEN authorizer")
    if kind == "REQUEST" and ttl > 0 and not source:
        raise BadRequest("Authorizer must have an identity source when caching is enabled")
    if kind == "COGNITO_USER_POOLS" and not shape.get("providerARNs"):
        raise BadRequest("Provider ARNs must be specified for a COGNITO_USER_POOLS authorizer")


@call("CreateAuthorizer", "POST", "/restapis/{restApiId}/authorizers", also=member("authorizerCredentials"))
def create_authorizer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A function (or a user pool) that says who may call."""
    shape = {name: req[name] for name in _AUTHORIZER_MEMBERS if req.get(name) not in (None, "", [])}
    ttl = req.get("authorizerResultTtlInSeconds")
    shape["authorizerResultTtlInSeconds"] = 300 if ttl is None else ttl
    check_authorizer(shape)
    shape.setdefault("authType", "cognito_user_pools" if shape["type"] == "COGNITO_USER_POOLS" else "custom")
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        if any(p.shape["name"] == shape["name"] for p in tx.scan(AUTHORIZERS, (ctx.account, ctx.region, api.id))):
            raise BadRequest(
                "Authorizer name must be unique. Authorizer " + shape["name"] + " already exists in this RestApi."
            )
        shape["id"] = ctx.ids.lower(6)
        tx.put(AUTHORIZERS, _part(ctx, api.id, shape["id"], shape))
    return shape


@call("GetAuthorizer", "GET", "/restapis/{restApiId}/authorizers/{authorizerId}")
def get_authorizer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One authorizer."""
    with ctx.read() as tx:
        found = require_part(tx, ctx, AUTHORIZERS, req["restApiId"], req["authorizerId"], _AUTHORIZER)
    shape: dict[str, Any] = found.shape
    return shape


@call("GetAuthorizers", "GET", "/restapis/{restApiId}/authorizers")
def get_authorizers(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The authorizers of an API."""
    with ctx.read() as tx:
        return page(ctx, req, f"authorizers/{req['restApiId']}", _all(tx, ctx, AUTHORIZERS, req["restApiId"]))


@call(
    "UpdateAuthorizer",
    "PATCH",
    "/restapis/{restApiId}/authorizers/{authorizerId}",
    also=passing.patched("authorizerCredentials"),
)
def update_authorizer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change an authorizer."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, AUTHORIZERS, req["restApiId"], req["authorizerId"], _AUTHORIZER)
        found.shape = patching.apply(found.shape, req.get("patchOperations"), AUTHORIZER_RULES)
        check_authorizer(found.shape)
        tx.put(AUTHORIZERS, found)
    shape: dict[str, Any] = found.shape
    return shape


@call("DeleteAuthorizer", "DELETE", "/restapis/{restApiId}/authorizers/{authorizerId}")
def delete_authorizer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove an authorizer that no method uses."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, AUTHORIZERS, req["restApiId"], req["authorizerId"], _AUTHORIZER)
        for resource in tx.scan(RESOURCES, (ctx.account, ctx.region, found.api)):
            for verb, method in resource.methods.items():
                if method.get("authorizerId") == found.id:
                    raise Conflict(
                        f"Cannot delete authorizer '{found.id}', is referenced in method {verb} {resource.path}"
                    )
        tx.delete(AUTHORIZERS, AUTHORIZERS.key(found))
    return {}
