"""Integrations and integration responses. https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html"""

from __future__ import annotations

import re
from typing import Any

from fogbank.apis.errors import BadRequest, NotFound
from fogbank.apis.passing import member
from fogbank.apis.vtl import MAX_TEMPLATE
from fogbank.core.context import Context

from .. import passing, patching
from ..arns import call
from ..lookups import require_integration, require_method, require_resource
from ..patching import COUNT, ENTRY, FLAG, MEMBER, REPLACE, SETTABLE
from ..records import RESOURCES, Resource

_PATH = "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration"
_RESPONSE = _PATH + "/responses/{statusCode}"
_AWS_URI = re.compile(r"arn:[^:]+:apigateway:[^:]+:[^:]+:(?:path|action)/.*", re.DOTALL)
_MEMBERS = (
    "type", "uri", "connectionType", "connectionId", "credentials", "requestParameters", "requestTemplates",
    "passthroughBehavior", "cacheNamespace", "contentHandling", "timeoutInMillis", "tlsConfig", "responseTransferMode",
    "integrationTarget",
)  # fmt: skip
RULES = {
    "/type": REPLACE,
    "/httpMethod": REPLACE,
    "/uri": REPLACE,
    "/credentials": SETTABLE,
    "/connectionType": REPLACE,
    "/connectionId": SETTABLE,
    "/passthroughBehavior": REPLACE,
    "/contentHandling": SETTABLE,
    "/timeoutInMillis": COUNT,
    "/cacheNamespace": REPLACE,
    "/responseTransferMode": REPLACE,
    "/tlsConfig/insecureSkipVerification": FLAG,
    "/cacheKeyParameters/{name}": MEMBER,
    "/requestParameters/{name}": ENTRY,
    "/requestTemplates/{rest}": ENTRY,
}
RESPONSE_RULES = {
    "/selectionPattern": REPLACE,
    "/contentHandling": SETTABLE,
    "/responseParameters/{name}": ENTRY,
    "/responseTemplates/{rest}": ENTRY,
}


def check(shape: dict[str, Any]) -> None:
    """The rules of an integration. Raises BadRequest."""
    kind = shape["type"]
    if kind != "MOCK" and not shape.get("httpMethod"):
        raise BadRequest("Enumeration value for HttpMethod must be non-empty")
    uri = shape.get("uri") or ""
    if kind in ("AWS", "AWS_PROXY") and not _AWS_URI.fullmatch(uri):
        raise BadRequest("Invalid ARN specified in the request" if not uri.startswith("arn:") else
                         "AWS ARN for integration must contain path or action")  # fmt: skip
    if kind in ("HTTP", "HTTP_PROXY") and not uri.startswith(("http://", "https://", "${stageVariables")):
        raise BadRequest("Invalid HTTP endpoint specified for URI")
    if not 50 <= int(shape.get("timeoutInMillis") or 29000) <= 29000:
        raise BadRequest("Timeout should be between 50 ms and 29000 ms")
    if shape.get("passthroughBehavior") not in ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"):
        raise BadRequest("Invalid passthroughBehavior. Must be one of: WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER")
    _check_templates(shape.get("requestTemplates"))


def _check_templates(templates: dict[str, str] | None) -> None:
    """No template is larger than AWS's quota; the text of AWS's error is not confirmed."""
    if any(len(text) > MAX_TEMPLATE for text in (templates or {}).values()):
        raise BadRequest(f"Invalid mapping template: it is larger than {MAX_TEMPLATE} bytes")


def _replace(resource: Resource, verb: str, integration: dict[str, Any] | None) -> None:
    method = {k: v for k, v in resource.methods[verb].items() if k != "methodIntegration"}
    if integration is not None:
        method["methodIntegration"] = integration
    resource.methods = {**resource.methods, verb: method}


@call("PutIntegration", "PUT", _PATH, also=member("credentials"))
def put_integration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What a method does; replaces what it did."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        held = require_method(resource, req["httpMethod"]).get("methodIntegration") or {}
        shape = {name: req[name] for name in _MEMBERS if req.get(name) not in (None, "", {})}
        if req.get("integrationHttpMethod"):
            shape["httpMethod"] = req["integrationHttpMethod"]
        shape["cacheKeyParameters"] = req.get("cacheKeyParameters") or []
        shape.setdefault("cacheNamespace", resource.id)
        shape.setdefault("passthroughBehavior", "WHEN_NO_MATCH")
        shape.setdefault("timeoutInMillis", 29000)
        check(shape)
        if held.get("integrationResponses"):
            shape["integrationResponses"] = held["integrationResponses"]
        _replace(resource, req["httpMethod"], shape)
        tx.put(RESOURCES, resource)
    return shape


@call("GetIntegration", "GET", _PATH)
def get_integration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The integration of a method."""
    with ctx.read() as tx:
        return require_integration(require_resource(tx, ctx, req["restApiId"], req["resourceId"]), req["httpMethod"])


@call("UpdateIntegration", "PATCH", _PATH, also=passing.patched("credentials"))
def update_integration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change an integration."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        shape = patching.apply(require_integration(resource, req["httpMethod"]), req.get("patchOperations"), RULES)
        shape.setdefault("cacheKeyParameters", [])
        check(shape)
        _replace(resource, req["httpMethod"], shape)
        tx.put(RESOURCES, resource)
    return shape


@call("DeleteIntegration", "DELETE", _PATH)
def delete_integration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a method's integration."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        require_integration(resource, req["httpMethod"])
        _replace(resource, req["httpMethod"], None)
        tx.put(RESOURCES, resource)
    return {}


# -- integration responses -------------------------------------------------------------------------------------------


def _response(resource: Resource, req: dict[str, Any]) -> dict[str, Any]:
    responses = require_integration(resource, req["httpMethod"]).get("integrationResponses") or {}
    if req["statusCode"] not in responses:
        raise NotFound("Invalid Response status code specified")
    found: dict[str, Any] = responses[req["statusCode"]]
    return found


def _with(resource: Resource, verb: str, status: str, shape: dict[str, Any] | None) -> None:
    integration = dict(require_integration(resource, verb))
    held = {k: v for k, v in (integration.get("integrationResponses") or {}).items() if k != status}
    if shape is not None:
        held[status] = shape
    integration["integrationResponses"] = held
    if not held:
        del integration["integrationResponses"]
    _replace(resource, verb, integration)


def _check_response(method: dict[str, Any], shape: dict[str, Any]) -> None:
    """The status is declared by the method, and so is every header that is mapped."""
    _check_templates(shape.get("responseTemplates"))
    declared = (method.get("methodResponses") or {}).get(shape["statusCode"])
    parameters = shape.get("responseParameters") or {}
    errors = [
        f"Invalid mapping expression parameter specified: {name}"
        for name in parameters
        if name not in ((declared or {}).get("responseParameters") or {})
    ]
    if errors:
        raise BadRequest(
            f"Invalid mapping expression specified: Validation Result: warnings : [], errors : [{', '.join(errors)}]"
        )


@call("PutIntegrationResponse", "PUT", _RESPONSE)
def put_integration_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """How an integration's answer becomes the method's; replaces the one of this status."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        require_integration(resource, req["httpMethod"])
        shape: dict[str, Any] = {"statusCode": req["statusCode"]}
        if req.get("selectionPattern") is not None:
            shape["selectionPattern"] = req["selectionPattern"]
        for member in ("responseParameters", "responseTemplates", "contentHandling"):
            if req.get(member):
                shape[member] = (
                    {k: v or "" for k, v in req[member].items()} if member != "contentHandling" else req[member]
                )
        _check_response(resource.methods[req["httpMethod"]], shape)
        _with(resource, req["httpMethod"], req["statusCode"], shape)
        tx.put(RESOURCES, resource)
    return shape


@call("GetIntegrationResponse", "GET", _RESPONSE)
def get_integration_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One response of an integration."""
    with ctx.read() as tx:
        return _response(require_resource(tx, ctx, req["restApiId"], req["resourceId"]), req)


@call("UpdateIntegrationResponse", "PATCH", _RESPONSE)
def update_integration_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a response of an integration."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        shape = patching.apply(_response(resource, req), req.get("patchOperations"), RESPONSE_RULES)
        _check_response(resource.methods[req["httpMethod"]], shape)
        _with(resource, req["httpMethod"], req["statusCode"], shape)
        tx.put(RESOURCES, resource)
    return shape


@call("DeleteIntegrationResponse", "DELETE", _RESPONSE)
def delete_integration_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a response of an integration."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        _response(resource, req)
        _with(resource, req["httpMethod"], req["statusCode"], None)
        tx.put(RESOURCES, resource)
    return {}
