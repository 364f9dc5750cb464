"""Gateway responses. https://docs.aws.amazon.com/apigateway/latest/api/API_PutGatewayResponse.html"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, NotFound
from fogbank.apis.failures import TYPES
from fogbank.core.context import Context

from .. import patching
from ..arns import call
from ..lookups import page, require_api
from ..patching import ENTRY, REPLACE
from ..records import RESPONSES, Part

_PATH = "/restapis/{restApiId}/gatewayresponses/{responseType}"
RULES = {"/statusCode": REPLACE, "/responseParameters/{name}": ENTRY, "/responseTemplates/{rest}": ENTRY}


def _default(kind: str) -> dict[str, Any]:
    """What API Gateway answers where an API has nothing of its own."""
    if kind not in TYPES:
        raise BadRequest(f"Invalid response type '{kind}'")
    shape: dict[str, Any] = {
        "responseType": kind,
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    if not kind.startswith("DEFAULT"):
        shape["statusCode"] = str(TYPES[kind][0])
    return shape


@call("PutGatewayResponse", "PUT", _PATH)
def put_gateway_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The API's own response of a type; replaces it."""
    kind = req["responseType"]
    default = _default(kind)
    shape: dict[str, Any] = {
        "responseType": kind,
        "responseParameters": req.get("responseParameters") or {},
        "responseTemplates": req.get("responseTemplates") or {},
        "defaultResponse": False,
    }
    status = req.get("statusCode") or default.get("statusCode")
    if status:
        shape["statusCode"] = status
    for name in shape["responseParameters"]:
        if not name.startswith("gatewayresponse.header."):
            raise BadRequest(f"Invalid gateway response parameter: {name}")
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        tx.put(RESPONSES, Part(account=ctx.account, region=ctx.region, api=api.id, id=kind, shape=shape))
    return shape


@call("GetGatewayResponse", "GET", _PATH)
def get_gateway_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One type: the API's own, or the default."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = tx.get(RESPONSES, (ctx.account, ctx.region, api.id, req["responseType"]))
    return found.shape if found else _default(req["responseType"])


@call("GetGatewayResponses", "GET", "/restapis/{restApiId}/gatewayresponses")
def get_gateway_responses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Every type."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        own = {part.id: part.shape for part in tx.scan(RESPONSES, (ctx.account, ctx.region, api.id))}
    return page(ctx, req, f"responses/{api.id}", [own.get(kind) or _default(kind) for kind in sorted(TYPES)])


@call("UpdateGatewayResponse", "PATCH", _PATH)
def update_gateway_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a type; the default becomes the API's own."""
    kind = req["responseType"]
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = tx.get(RESPONSES, (ctx.account, ctx.region, api.id, kind))
        shape = patching.apply(found.shape if found else _default(kind), req.get("patchOperations"), RULES)
        shape["defaultResponse"] = False
        tx.put(RESPONSES, Part(account=ctx.account, region=ctx.region, api=api.id, id=kind, shape=shape))
    return shape


@call("DeleteGatewayResponse", "DELETE", _PATH)
def delete_gateway_response(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Back to the default."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        if not tx.delete(RESPONSES, (ctx.account, ctx.region, api.id, req["responseType"])):
            raise NotFound("Gateway response type not defined on api")
    return {}
