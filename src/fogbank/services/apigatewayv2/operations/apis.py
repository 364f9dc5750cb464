"""APIs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.apis.domains import MAPPINGS
from fogbank.apis.errors import BadRequest
from fogbank.apis.passing import member
from fogbank.core.context import Context
from fogbank.core.http import is_header
from fogbank.store.api import Reader, Transaction

from .. import quotas, rules
from ..find import Req, call, changed, page, require_api, scope_of
from ..parts import changed_integration, changed_route, new_integration, new_route
from ..records import APIS, CHILDREN, HTTP, INTEGRATIONS, ROUTES, Api, Part
from ..shapes import shown_api
from ..snapshots import redeploy
from .stages import new_stage

MEMBERS = (
    "ApiKeySelectionExpression", "CorsConfiguration", "Description", "DisableSchemaValidation",
    "DisableExecuteApiEndpoint", "IpAddressType", "Name", "RouteSelectionExpression", "Version",
)  # fmt: skip
_HTTP_SELECTIONS = (rules.HTTP_SELECTION, "$request.method $request.path")


def new_api(ctx: Context, given: Mapping[str, Any], protocol: str, tags: Mapping[str, str] | None = None) -> Api:
    """A new API with AWS's defaults, not stored yet. Raises BadRequest."""
    shape: dict[str, Any] = {
        "ApiKeySelectionExpression": rules.API_KEY_SELECTION,
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "ProtocolType": protocol,
    }
    if protocol == HTTP:
        shape["RouteSelectionExpression"] = "$request.method $request.path"
    shape |= rules.without_empty(rules.present(given, MEMBERS))
    check(shape)
    return Api(account=ctx.account, region=ctx.region, id=ctx.ids.lower(10), created=float(int(ctx.now())),
               shape=shape, tags=dict(tags or {}))  # fmt: skip


def check(shape: Mapping[str, Any]) -> None:
    """Raise BadRequest for settings that an API of this protocol cannot have. The texts are not confirmed."""
    selection = shape.get("RouteSelectionExpression")
    rules.require(shape, "Name")
    if shape["ProtocolType"] == HTTP:
        if selection not in _HTTP_SELECTIONS:
            raise BadRequest("RouteSelectionExpression must be ${request.method} ${request.path} for HTTP APIs")
        if shape.get("DisableSchemaValidation"):
            raise BadRequest("DisableSchemaValidation is only supported for WebSocket APIs")
        cors = shape.get("CorsConfiguration") or {}
        if cors.get("AllowCredentials") and "*" in (cors.get("AllowOrigins") or ()):
            raise BadRequest("allowCredentials is not supported with allowOrigins *")
        texts = [text for value in cors.values() if isinstance(value, list) for text in value]
        if not all(text.isascii() and is_header("x", text) for text in texts):
            raise BadRequest("Invalid value in the CORS configuration")
        if cors.get("MaxAge") is not None and not -1 <= cors["MaxAge"] <= 86400:
            raise BadRequest("Invalid max age. Must be between -1 and 86400")
        return
    if not selection:
        raise BadRequest("RouteSelectionExpression is required for WebSocket APIs")
    if shape.get("CorsConfiguration"):
        raise BadRequest("CORS is only supported for HTTP APIs")


@call("CreateApi", "POST", "/apis", also=member("CredentialsArn"))
def create_api(ctx: Context, req: Req) -> dict[str, Any]:
    """Create an API. With a Target, an HTTP API gets an integration, a route, and the stage $default ("quick create").

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html#http-api-examples.cli.quick-create
    """
    api = new_api(ctx, req, req["ProtocolType"], req.get("Tags"))
    with ctx.write() as tx:
        quotas.hold_api(tx, ctx)
        tx.put(APIS, api)
        if req.get("Target") or req.get("RouteKey") or req.get("CredentialsArn"):
            _quick(tx, ctx, api, req)
        changed(tx)
    return shown_api(ctx, api)


def _quick(tx: Transaction, ctx: Context, api: Api, req: Req) -> None:
    if api.protocol != HTTP or not req.get("Target"):
        raise BadRequest("Quick create needs a target and is only supported for HTTP APIs")  # not confirmed
    integration = new_integration(tx, ctx, api, _target(req["Target"], req.get("CredentialsArn")), managed=True)
    route = {"RouteKey": req.get("RouteKey") or rules.DEFAULT, "Target": f"integrations/{integration.id}"}
    new_route(tx, ctx, api, route, managed=True)
    new_stage(tx, ctx, api, rules.DEFAULT, {"AutoDeploy": True, "ApiGatewayManaged": True})


def _target(target: str, credentials: str | None) -> dict[str, Any]:
    """The managed integration for a target: a function's ARN or a URL."""
    if target.startswith("arn:"):
        shape = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0", "IntegrationMethod": "POST"}
    else:
        shape = {"IntegrationType": "HTTP_PROXY", "PayloadFormatVersion": "1.0", "IntegrationMethod": "ANY"}
    shape["IntegrationUri"] = target
    return {**shape, "CredentialsArn": credentials} if credentials else shape


@call("GetApi", "GET", "/apis/{ApiId}")
def get_api(ctx: Context, req: Req) -> dict[str, Any]:
    """One API."""
    with ctx.read() as tx:
        return shown_api(ctx, require_api(tx, ctx, req["ApiId"]))


@call("GetApis", "GET", "/apis")
def get_apis(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of the account's HTTP and WebSocket APIs in the region."""
    with ctx.read() as tx:
        found = [shown_api(ctx, api) for api in tx.scan(APIS, (ctx.account, ctx.region))]
    return page(ctx, req, found, "ApiId")


@call("UpdateApi", "PATCH", "/apis/{ApiId}", also=member("CredentialsArn"))
def update_api(ctx: Context, req: Req) -> dict[str, Any]:
    """Change settings. Target, RouteKey and CredentialsArn change what quick create has made."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        api.shape = rules.without_empty({**api.shape, **rules.present(req, MEMBERS)})
        check(api.shape)
        tx.put(APIS, api)
        if req.get("Target") or req.get("RouteKey") or req.get("CredentialsArn"):
            _update_quick(tx, api, req)
        redeploy(tx, ctx, api)
        changed(tx)
    return shown_api(ctx, api)


def _managed(tx: Reader, api: Api) -> tuple[Part, Part]:
    """The route and the integration that quick create has made."""
    found = [
        next((part for part in tx.scan(table, scope_of(api)) if part.shape.get("ApiGatewayManaged")), None)
        for table in (ROUTES, INTEGRATIONS)
    ]
    if found[0] is None or found[1] is None:
        raise BadRequest("Only APIs that were created by quick create have a target, route key and credentials")
    return found[0], found[1]


def _update_quick(tx: Transaction, api: Api, req: Req) -> None:
    route, integration = _managed(tx, api)
    if req.get("RouteKey"):
        changed_route(tx, api, route, {"RouteKey": req["RouteKey"]})
        tx.put(ROUTES, route)
    target = _target(req["Target"], None) if req.get("Target") else {}
    given = {**target, "CredentialsArn": req.get("CredentialsArn")}
    changed_integration(tx, api, integration, given)
    tx.put(INTEGRATIONS, integration)


@call("DeleteApi", "DELETE", "/apis/{ApiId}")
def delete_api(ctx: Context, req: Req) -> dict[str, Any]:
    """Delete an API with everything in it, unless a custom domain name maps it."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        if any(mapping.api == api.id for mapping in tx.scan(MAPPINGS, (ctx.account, ctx.region))):
            raise BadRequest("Deleting API with active API mappings is not allowed")  # not confirmed
        for table in CHILDREN:
            for record in list(tx.scan(table, scope_of(api))):
                tx.delete(table, table.key(record))
        tx.delete(APIS, APIS.key(api))
        changed(tx)
    return {}


@call("DeleteCorsConfiguration", "DELETE", "/apis/{ApiId}/cors")
def delete_cors_configuration(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove an API's CORS configuration."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        api.shape.pop("CorsConfiguration", None)
        tx.put(APIS, api)
        redeploy(tx, ctx, api)
    return {}
