"""ImportApi, ReimportApi and ExportApi.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fogbank.apis import workers
from fogbank.apis.document import MAX_DOCUMENT
from fogbank.apis.errors import BadRequest
from fogbank.apis.passing import passed
from fogbank.core.context import Context
from fogbank.core.errors import RequestTooLarge
from fogbank.store.api import Reader, Transaction

from .. import quotas, rules
from ..find import Req, call, changed, require_api, require_stage, scope_of
from ..openapi import content as documents
from ..openapi import exports
from ..openapi.content import Content
from ..parts import new_integration, new_route
from ..records import APIS, AUTHORIZERS, DEPLOYMENTS, HTTP, INTEGRATIONS, ROUTES, Api
from ..shapes import shown_api
from ..snapshots import redeploy, take
from .apis import check, new_api
from .authorizers import new_authorizer

MODES = ("ignore", "prepend", "split")


async def _content(ctx: Context, req: Req) -> Content:
    """What the document describes, if the caller may pass the roles in it. Raises BadRequest, AccessDenied."""
    body = (req["Body"] or "").encode()
    if len(body) > MAX_DOCUMENT:
        raise RequestTooLarge
    if (req.get("Basepath") or "ignore") not in MODES:
        raise BadRequest(f"Invalid basepath {req['Basepath']}. Valid values are {', '.join(MODES)}")
    content = await workers.read(ctx.app, documents.read, body)
    for access in passed(ctx, content.roles):
        ctx.require(access.action, access.resource, access.conditions)
    if req.get("FailOnWarnings") and content.warnings:
        raise BadRequest("Warnings found during import:\n\t" + "\n\t".join(content.warnings))
    return content


def _write(tx: Transaction, ctx: Context, api: Api, content: Content, mode: str) -> None:
    """Store the routes, integrations and authorizers of a document."""
    prefix = documents.prefix_of(content.base_path, mode)
    authorizers = {name: new_authorizer(tx, ctx, api, shape) for name, shape in content.authorizers.items()}
    made: dict[str, str] = {}  # integrations that several routes have alike
    for described in content.routes:
        shape: dict[str, Any] = {**described.shape, "RouteKey": _key(described.key, prefix)}
        if described.integration is not None:
            text = json.dumps(described.integration, sort_keys=True)
            if text not in made:
                made[text] = new_integration(tx, ctx, api, described.integration).id
            shape["Target"] = f"integrations/{made[text]}"
        if described.security is not None:
            name, scopes = described.security
            if name == documents.IAM:
                shape["AuthorizationType"] = documents.IAM
            else:
                authorizer = authorizers[name]
                is_jwt = authorizer.shape["AuthorizerType"] == "JWT"
                shape |= {"AuthorizationType": "JWT" if is_jwt else "CUSTOM", "AuthorizerId": authorizer.id}
                if scopes and is_jwt:
                    shape["AuthorizationScopes"] = scopes
        new_route(tx, ctx, api, shape)


def _key(key: str, prefix: str) -> str:
    method, space, path = key.partition(" ")
    return f"{method} {prefix}{path}" if space else key


def _answer(ctx: Context, api: Api, content: Content) -> dict[str, Any]:
    shown = shown_api(ctx, api)
    if content.info:
        shown["ImportInfo"] = content.info
    if content.warnings:
        shown["Warnings"] = content.warnings
    return shown


@call("ImportApi", "PUT", "/apis")
async def import_api(ctx: Context, req: Req) -> dict[str, Any]:
    """Create an HTTP API from an OpenAPI document."""
    content = await _content(ctx, req)

    def store(tx: Transaction) -> Api:
        quotas.hold_api(tx, ctx)
        api = new_api(ctx, content.settings, HTTP, content.tags)
        tx.put(APIS, api)
        _write(tx, ctx, api, content, req.get("Basepath") or "ignore")
        changed(tx)
        return api

    return _answer(ctx, await ctx.transact(store), content)


@call("ReimportApi", "PUT", "/apis/{ApiId}")
async def reimport_api(ctx: Context, req: Req) -> dict[str, Any]:
    """Replace an HTTP API's definition by an OpenAPI document. Its stages, deployments and tags stay."""
    content = await _content(ctx, req)

    def store(tx: Transaction) -> Api:
        api = require_api(tx, ctx, req["ApiId"])
        if api.protocol != HTTP:
            raise BadRequest("Only HTTP APIs can be imported")  # not confirmed
        for table in (ROUTES, INTEGRATIONS, AUTHORIZERS):
            for part in list(tx.scan(table, scope_of(api))):
                tx.delete(table, table.key(part))
        kept = {name: value for name, value in api.shape.items() if name not in ("Description", "CorsConfiguration")}
        api.shape = rules.without_empty({**kept, **content.settings})
        check(api.shape)
        api.tags |= content.tags
        tx.put(APIS, api)
        _write(tx, ctx, api, content, req.get("Basepath") or "ignore")
        redeploy(tx, ctx, api)
        changed(tx)
        return api

    return _answer(ctx, await ctx.transact(store), content)


def _exported(tx: Reader, ctx: Context, req: Req) -> tuple[Api, dict[str, Any]]:
    """The API, and what is to be exported of it: what a stage runs, or its latest configuration."""
    api = require_api(tx, ctx, req["ApiId"])
    if api.protocol != HTTP:
        raise BadRequest("Only HTTP APIs can be exported")  # not confirmed
    if not req.get("StageName"):
        return api, take(tx, api)
    stage = require_stage(tx, ctx, api.id, req["StageName"])
    deployment = tx.get(DEPLOYMENTS, (*scope_of(api), stage.shape.get("DeploymentId") or ""))
    if deployment is None:
        raise BadRequest(f"Nothing is deployed to the stage {stage.name}")  # not confirmed
    return api, deployment.content


@call("ExportApi", "GET", "/apis/{ApiId}/exports/{Specification}")
def export_api(ctx: Context, req: Req) -> dict[str, Any]:
    """Write an HTTP API as an OpenAPI document, in JSON or YAML."""
    kind, output = req["Specification"], req["OutputType"]
    if kind != "OAS30":
        raise BadRequest("Invalid specification. Only OAS30 is supported")
    if output not in ("JSON", "YAML"):
        raise BadRequest("Invalid output type. It must be JSON or YAML")
    if req.get("ExportVersion") not in (None, "1.0"):
        raise BadRequest("Invalid export version. Only 1.0 is supported")
    with ctx.read() as tx:
        api, content = _exported(tx, ctx, req)
    found = exports.document(
        content,
        api.tags,
        shown_api(ctx, api)["ApiEndpoint"],
        req.get("StageName") or "",
        extensions=req.get("IncludeExtensions") is not False,
        version=datetime.fromtimestamp(api.created, UTC).strftime("%Y-%m-%d %H:%M:%SUTC"),
    )
    if output == "YAML":
        import yaml

        return {"body": yaml.safe_dump(found, sort_keys=False).encode()}
    return {"body": json.dumps(found, indent=2).encode()}
