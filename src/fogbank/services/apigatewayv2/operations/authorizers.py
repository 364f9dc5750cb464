"""Authorizers: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fogbank.apis.errors import BadRequest, Conflict
from fogbank.apis.passing import member
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import quotas, rules
from ..find import Req, call, changed, require_api, require_part, scope_of
from ..part_operations import part_operations
from ..records import AUTHORIZERS, HTTP, ROUTES, Api, Part
from ..snapshots import redeploy

_PATH = "/apis/{ApiId}/authorizers"
MEMBERS = (
    "AuthorizerCredentialsArn", "AuthorizerPayloadFormatVersion", "AuthorizerResultTtlInSeconds", "AuthorizerType",
    "AuthorizerUri", "EnableSimpleResponses", "IdentitySource", "IdentityValidationExpression", "JwtConfiguration",
    "Name",
)  # fmt: skip
_SOURCES = {
    HTTP: re.compile(r"\$?\$(?:request\.(?:header|querystring)\.[^\s,]+|context\.[\w.]+|stageVariables\.\w+)"),
    "WEBSOCKET": re.compile(r"route\.request\.(?:header|querystring)\.[^\s,]+|context\.[\w.]+|stageVariables\.\w+"),
}
MOST_TTL, USUAL_TTL = 3600, 300


def _unused(tx: Transaction, api: Api, part: Part) -> None:
    """Raise Conflict while a route has the authorizer (the text is not confirmed)."""
    if any(route.shape.get("AuthorizerId") == part.id for route in tx.scan(ROUTES, scope_of(api))):
        raise Conflict(f"Cannot delete authorizer '{part.id}', is referenced in a route")


get_authorizer, get_authorizers, delete_authorizer = part_operations(
    __name__, AUTHORIZERS, "Authorizer", "Authorizers", _PATH, _unused
)


def new_authorizer(tx: Transaction, ctx: Context, api: Api, given: Mapping[str, Any]) -> Part:
    """Store a new authorizer. Raises BadRequest, Conflict, LimitExceeded."""
    quotas.hold(tx, ctx, api, "authorizers")
    shape = rules.without_empty(rules.present(given, MEMBERS))
    _check(tx, api, shape)
    if shape["AuthorizerType"] == "REQUEST" and api.protocol == HTTP:
        shape.setdefault("AuthorizerResultTtlInSeconds", USUAL_TTL if shape.get("IdentitySource") else 0)
        if shape["AuthorizerPayloadFormatVersion"] == "2.0":
            shape.setdefault("EnableSimpleResponses", False)
    shape["AuthorizerId"] = ctx.ids.lower(6)
    made = Part(account=api.account, region=api.region, api=api.id, id=shape["AuthorizerId"], shape=shape)
    tx.put(AUTHORIZERS, made)
    return made


def _check(tx: Transaction, api: Api, shape: Mapping[str, Any], id: str = "") -> None:
    """Raise AWS's error for an authorizer that cannot be. Texts are not confirmed."""
    rules.require(shape, "Name", "AuthorizerType")
    kind, sources = shape["AuthorizerType"], shape.get("IdentitySource") or []
    for other in tx.scan(AUTHORIZERS, scope_of(api)):
        if other.shape["Name"] == shape["Name"] and other.id != id:
            raise Conflict(f"Authorizer with name {shape['Name']} already exists for this API")
    for source in sources:
        if not _SOURCES[api.protocol].fullmatch(source):
            raise BadRequest(f"Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                             f"[Invalid mapping expression specified: {source}]")  # fmt: skip
    if kind == "JWT":
        _check_jwt(api, shape, sources)
        return
    if not shape.get("AuthorizerUri"):
        raise BadRequest("AuthorizerUri is required for REQUEST authorizers")
    if api.protocol == HTTP and shape.get("AuthorizerPayloadFormatVersion") not in ("1.0", "2.0"):
        raise BadRequest("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer")
    ttl = shape.get("AuthorizerResultTtlInSeconds") or 0
    if not 0 <= ttl <= MOST_TTL:
        raise BadRequest(f"Authorizer result TTL must be between 0 and {MOST_TTL}")
    if ttl and not sources:
        raise BadRequest("IdentitySource is required when caching is enabled")


def _check_jwt(api: Api, shape: Mapping[str, Any], sources: list[str]) -> None:
    configuration = shape.get("JwtConfiguration") or {}
    if api.protocol != HTTP:
        raise BadRequest("JWT authorizers are only supported for HTTP APIs")
    if len(sources) != 1:
        raise BadRequest("JWT authorizers need exactly one identity source")
    if not configuration.get("Issuer") or not configuration.get("Audience"):
        raise BadRequest("JwtConfiguration needs an issuer and an audience")
    parts = urlsplit(configuration["Issuer"])
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise BadRequest("Invalid issuer: " + configuration["Issuer"] + ". Issuer must have a valid discovery endpoint "
                         "ended with '/.well-known/openid-configuration'")  # fmt: skip


@call("CreateAuthorizer", "POST", _PATH, also=member("AuthorizerCredentialsArn"))
def create_authorizer(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a JWT authorizer, or a REQUEST authorizer, which is a function."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        authorizer = new_authorizer(tx, ctx, api, req)
        redeploy(tx, ctx, api)
        changed(tx)
    return authorizer.shape


@call("UpdateAuthorizer", "PATCH", _PATH + "/{AuthorizerId}", also=member("AuthorizerCredentialsArn"))
def update_authorizer(ctx: Context, req: Req) -> dict[str, Any]:
    """Change an authorizer."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["ApiId"])
        authorizer = require_part(tx, ctx, AUTHORIZERS, api.id, req["AuthorizerId"])
        authorizer.shape = rules.without_empty({**authorizer.shape, **rules.present(req, MEMBERS)})
        _check(tx, api, authorizer.shape, authorizer.id)
        tx.put(AUTHORIZERS, authorizer)
        redeploy(tx, ctx, api)
        changed(tx)
    return authorizer.shape
