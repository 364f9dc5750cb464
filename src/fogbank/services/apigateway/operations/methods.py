"""Methods and method responses. https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, Conflict, NotFound
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .. import patching
from ..arns import call
from ..lookups import require_method, require_resource
from ..patching import ENTRY, FLAG, FLAG_ENTRY, MEMBER, REPLACE, SETTABLE
from ..records import AUTHORIZERS, MODELS, RESOURCES, VALIDATORS, Resource

VERBS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"})
TYPES = frozenset({"NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"})
_PATH = "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}"
_MEMBERS = (
    "authorizationType", "authorizerId", "operationName", "requestParameters", "requestModels", "requestValidatorId",
    "authorizationScopes",
)  # fmt: skip
RULES = {
    "/authorizationType": REPLACE,
    "/authorizerId": SETTABLE,
    "/apiKeyRequired": FLAG,
    "/operationName": SETTABLE,
    "/requestValidatorId": SETTABLE,
    "/requestParameters/{name}": FLAG_ENTRY,
    "/requestModels/{rest}": ENTRY,
    "/authorizationScopes/{scope}": MEMBER,
}


def _check(tx: Reader, ctx: Context, api: str, method: dict[str, Any]) -> None:
    """The rules of a method. Raises BadRequest."""
    kind = method["authorizationType"]
    if kind not in TYPES:
        raise BadRequest("Invalid authorizationType. Must be one of: NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS")
    scope = (ctx.account, ctx.region, api)
    if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        authorizer = method.get("authorizerId")
        if not authorizer or tx.get(AUTHORIZERS, (*scope, authorizer)) is None:
            raise BadRequest(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
                "requires a valid authorizer."
            )
    for name in method.get("requestParameters") or {}:
        if not name.startswith(("method.request.path.", "method.request.querystring.", "method.request.header.")):
            raise BadRequest(f"Invalid mapping expression specified: Validation Result: warnings : [], errors : ["
                             f"Invalid mapping expression parameter specified: {name}]")  # fmt: skip
    for model in (method.get("requestModels") or {}).values():
        if tx.get(MODELS, (*scope, model)) is None:
            raise BadRequest(f"Invalid model identifier specified: {model}")
    validator = method.get("requestValidatorId")
    if validator and tx.get(VALIDATORS, (*scope, validator)) is None:
        raise BadRequest("Invalid Request Validator identifier specified")


@call("PutMethod", "PUT", _PATH)
def put_method(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new method of a resource."""
    verb = req["httpMethod"]
    if verb not in VERBS:
        raise BadRequest(f"Invalid HttpMethod specified. Valid options are {','.join(sorted(VERBS))}")
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        if verb in resource.methods:
            raise Conflict("Method already exists for this resource")
        method = {name: req[name] for name in _MEMBERS if req.get(name) not in (None, "", {}, [])}
        method |= {"httpMethod": verb, "apiKeyRequired": bool(req.get("apiKeyRequired"))}
        _check(tx, ctx, resource.api, method)
        resource.methods = {**resource.methods, verb: method}
        tx.put(RESOURCES, resource)
    return method


@call("GetMethod", "GET", _PATH)
def get_method(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A method with its integration and responses."""
    with ctx.read() as tx:
        return require_method(require_resource(tx, ctx, req["restApiId"], req["resourceId"]), req["httpMethod"])


@call("UpdateMethod", "PATCH", _PATH)
def update_method(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a method; deployed stages show it when they are deployed anew."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        method = patching.apply(require_method(resource, req["httpMethod"]), req.get("patchOperations"), RULES)
        if method["authorizationType"] in ("NONE", "AWS_IAM"):
            method.pop("authorizerId", None)
        _check(tx, ctx, resource.api, method)
        resource.methods = {**resource.methods, req["httpMethod"]: method}
        tx.put(RESOURCES, resource)
    return method


@call("DeleteMethod", "DELETE", _PATH)
def delete_method(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a method."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        require_method(resource, req["httpMethod"])
        resource.methods = {verb: m for verb, m in resource.methods.items() if verb != req["httpMethod"]}
        tx.put(RESOURCES, resource)
    return {}


# -- method responses ------------------------------------------------------------------------------------------------

_RESPONSE = _PATH + "/responses/{statusCode}"
RESPONSE_RULES = {"/responseParameters/{name}": FLAG_ENTRY, "/responseModels/{rest}": ENTRY}


def _response(resource: Resource, req: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] | None = (require_method(resource, req["httpMethod"]).get("methodResponses") or {}).get(
        req["statusCode"]
    )
    if found is None:
        raise NotFound("Invalid Response status code specified")
    return found


def _with(resource: Resource, verb: str, member: str, status: str, shape: dict[str, Any] | None) -> None:
    """Put (or with None remove) one response of a method."""
    method = dict(resource.methods[verb])
    held = {k: v for k, v in (method.get(member) or {}).items() if k != status}
    if shape is not None:
        held[status] = shape
    method[member] = held
    if not held:
        del method[member]
    resource.methods = {**resource.methods, verb: method}


@call("PutMethodResponse", "PUT", _RESPONSE)
def put_method_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What a method may answer with a status."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        method = require_method(resource, req["httpMethod"])
        if req["statusCode"] in (method.get("methodResponses") or {}):
            raise Conflict("Response already exists for this resource")
        shape: dict[str, Any] = {"statusCode": req["statusCode"]}
        for member in ("responseParameters", "responseModels"):
            if req.get(member):
                shape[member] = req[member]
        _with(resource, req["httpMethod"], "methodResponses", req["statusCode"], shape)
        tx.put(RESOURCES, resource)
    return shape


@call("GetMethodResponse", "GET", _RESPONSE)
def get_method_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One response of a method."""
    with ctx.read() as tx:
        return _response(require_resource(tx, ctx, req["restApiId"], req["resourceId"]), req)


@call("UpdateMethodResponse", "PATCH", _RESPONSE)
def update_method_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a response of a method."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        shape = patching.apply(_response(resource, req), req.get("patchOperations"), RESPONSE_RULES)
        _with(resource, req["httpMethod"], "methodResponses", req["statusCode"], shape)
        tx.put(RESOURCES, resource)
    return shape


@call("DeleteMethodResponse", "DELETE", _RESPONSE)
def delete_method_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a response of a method."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        _response(resource, req)
        _with(resource, req["httpMethod"], "methodResponses", req["statusCode"], None)
        tx.put(RESOURCES, resource)
    return {}
