"""CreateRestApi, GetRestApi(s), UpdateRestApi, DeleteRestApi, ImportRestApi, PutRestApi."""

from __future__ import annotations

from typing import Any

from fogbank.apis import workers
from fogbank.apis.document import MAX_DOCUMENT, Document
from fogbank.apis.errors import BadRequest
from fogbank.apis.passing import passed
from fogbank.core.context import Context
from fogbank.core.errors import RequestTooLarge
from fogbank.core.http import BodyTooLarge
from fogbank.core.operation import Access
from fogbank.store.api import Reader, Transaction

from .. import account_quotas, apis, passing, patching
from ..arns import call, resource
from ..lookups import page, require_api
from ..openapi import importing, reading
from ..patching import FLAG, MEMBER, REPLACE, SETTABLE, Rule
from ..records import APIS, RESOURCES, Api, Part, Resource

_MEMBERS = (
    "name", "description", "version", "binaryMediaTypes", "minimumCompressionSize", "apiKeySource",
    "endpointConfiguration", "policy", "tags", "disableExecuteApiEndpoint", "securityPolicy", "endpointAccessMode",
)  # fmt: skip
RULES = {
    "/name": REPLACE,
    "/description": SETTABLE,
    "/version": REPLACE,
    "/policy": SETTABLE,
    "/apiKeySource": REPLACE,
    "/minimumCompressionSize": Rule("add remove replace", patching.optional_number),
    "/disableExecuteApiEndpoint": FLAG,
    "/securityPolicy": REPLACE,
    "/endpointAccessMode": REPLACE,
    "/binaryMediaTypes/{rest}": MEMBER,
    "/endpointConfiguration/types/{type}": MEMBER,
    "/endpointConfiguration/vpcEndpointIds/{id}": MEMBER,
    "/endpointConfiguration/ipAddressType": REPLACE,
}


def _making(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """A policy needs its own permission; who copies an API has to be allowed to read it and to pass its roles."""
    needed = [_policy(ctx, "/restapis")] if req.get("policy") else []
    if req.get("cloneFrom"):
        with ctx.read() as tx:
            source = require_api(tx, ctx, req["cloneFrom"])
        needed += [Access("apigateway:GET", resource(ctx, f"/restapis/{source.id}")), *passing.of_api(ctx, source)]
        needed += [_policy(ctx, "/restapis")] if source.shape.get("policy") else []
    return needed


def _policy(ctx: Context, path: str) -> Access:
    return Access("apigateway:UpdateRestApiPolicy", resource(ctx, path))


def _changing(ctx: Context, req: dict[str, Any]) -> list[Access]:
    touched = any((o.get("path") or "").startswith("/policy") for o in req.get("patchOperations") or ())
    return [_policy(ctx, f"/restapis/{req['restApiId']}")] if touched else []


def _loses_policy(tx: Reader, ctx: Context, req: dict[str, Any]) -> bool:
    """An overwrite forgets the policy that an API has."""
    api = tx.get(APIS, (ctx.account, ctx.region, req.get("restApiId") or ""))
    return api is not None and req.get("mode") == "overwrite" and bool(api.shape.get("policy"))


@call("CreateRestApi", "POST", "/restapis", also=_making)
def create_rest_api(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new API with a root resource and the models Empty and Error; or a copy of `cloneFrom`."""
    api = apis.fresh(ctx, {name: req[name] for name in _MEMBERS if req.get(name) not in (None, "")})
    with ctx.write() as tx:
        account_quotas.hold_api(tx, ctx, api)
        if req.get("cloneFrom"):
            _clone(tx, ctx, require_api(tx, ctx, req["cloneFrom"]), api)
        else:
            apis.insert(tx, api)
            apis.insert_default_models(tx, ctx, api)
    return apis.shown(api, ctx.partition)


def _clone(tx: Transaction, ctx: Context, source: Api, api: Api) -> None:
    from ..records import AUTHORIZERS, MODELS, RESPONSES, VALIDATORS

    kept = {k: v for k, v in source.shape.items() if k not in ("tags", "name", "description", "version")}
    given = api.shape
    api.shape = {**given, **kept, "name": given["name"]}
    tx.put(APIS, api)
    ids = {r.id: ctx.ids.lower(6) for r in tx.scan(RESOURCES, (source.account, source.region, source.id))}
    ids[source.root] = api.root
    for old in list(tx.scan(RESOURCES, (source.account, source.region, source.id))):
        tx.put(RESOURCES, Resource(account=api.account, region=api.region, api=api.id, id=ids[old.id],
                                   parent=ids.get(old.parent, ""), part=old.part, path=old.path,
                                   methods=old.methods))  # fmt: skip
    for table in (MODELS, VALIDATORS, AUTHORIZERS, RESPONSES):
        for part in list(tx.scan(table, (source.account, source.region, source.id))):
            copy = Part(account=api.account, region=api.region, api=api.id, id=part.id, shape=part.shape)
            tx.put(table, copy)


@call("GetRestApi", "GET", "/restapis/{restApiId}")
def get_rest_api(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One API."""
    with ctx.read() as tx:
        return apis.shown(require_api(tx, ctx, req["restApiId"]), ctx.partition)


@call("GetRestApis", "GET", "/restapis")
def get_rest_apis(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """All APIs of the account in the region."""
    with ctx.read() as tx:
        found = [apis.shown(api, ctx.partition) for api in tx.scan(APIS, (ctx.account, ctx.region))]
    return page(ctx, req, "apis", found)


@call("UpdateRestApi", "PATCH", "/restapis/{restApiId}", also=_changing)
def update_rest_api(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change settings; stages show them when they are deployed anew."""
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        shape = patching.apply(api.shape, req.get("patchOperations"), RULES)
        types = shape["endpointConfiguration"]["types"]
        if not set(types) <= {"EDGE", "REGIONAL", "PRIVATE"}:
            raise BadRequest(f"Invalid endpoint type {types[0]}")
        apis.check(shape)
        api.shape = shape
        tx.put(APIS, api)
    return apis.shown(api, ctx.partition)


@call("DeleteRestApi", "DELETE", "/restapis/{restApiId}")
def delete_rest_api(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove an API with its stages."""
    with ctx.write() as tx:
        apis.remove(tx, require_api(tx, ctx, req["restApiId"]))
    return {}


@call("ImportRestApi", "POST", "/restapis")
async def import_rest_api(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new API from an OpenAPI document. https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html"""
    parameters = {k: v for k, v in (req.get("parameters") or {}).items() if k not in ("mode", "failonwarnings")}
    content = await _content(ctx, req, "/restapis", parameters)
    document = content.document

    def store(tx: Transaction) -> Api:
        api = apis.fresh(ctx, document.settings(parameters))
        account_quotas.hold_api(tx, ctx, api)
        apis.insert(tx, api)
        importing.write(tx, ctx, api, content, parameters, overwrite=True)
        return api

    api = await ctx.transact(store)
    return _with_warnings(ctx, api, document, req)


@call("PutRestApi", "PUT", "/restapis/{restApiId}")
async def put_rest_api(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Merge an OpenAPI document into an API (the default), or replace its definition (`mode=overwrite`)."""
    parameters = {k: v for k, v in (req.get("parameters") or {}).items() if k not in ("mode", "failonwarnings")}
    content = await _content(ctx, req, f"/restapis/{req['restApiId']}", parameters)
    document = content.document
    overwrite = req.get("mode") == "overwrite"

    def store(tx: Transaction) -> Api:
        api = require_api(tx, ctx, req["restApiId"])
        api.shape = merged_settings(api.shape, document.settings(parameters), overwrite=overwrite)
        apis.check(api.shape)
        tx.put(APIS, api)
        importing.write(tx, ctx, api, content, parameters, overwrite=overwrite)
        return api

    api = await ctx.transact(store)
    return _with_warnings(ctx, api, document, req)


def merged_settings(held: dict[str, Any], given: dict[str, Any], *, overwrite: bool) -> dict[str, Any]:
    """An API's own settings after a document was put. An overwrite forgets what the document does not say."""
    kept = dict(held)
    if overwrite:
        for name in ("description", "version", "binaryMediaTypes", "minimumCompressionSize", "policy"):
            kept.pop(name, None)
    elif given.get("binaryMediaTypes"):
        both = [*(held.get("binaryMediaTypes") or []), *given["binaryMediaTypes"]]
        given = {**given, "binaryMediaTypes": list(dict.fromkeys(both))}
    return {**kept, **{k: v for k, v in given.items() if v is not None}}


async def _content(ctx: Context, req: dict[str, Any], path: str, parameters: dict[str, str]) -> reading.Content:
    """What the request's document describes, when the caller may do what is in it: set a policy, pass roles.

    Raises BadRequest, RequestTooLarge, AccessDenied.
    """
    body = req.get("body") or b""
    try:
        if hasattr(body, "read"):
            body = await body.read(MAX_DOCUMENT)
    except BodyTooLarge:
        raise RequestTooLarge from None
    if len(body) > MAX_DOCUMENT:
        raise RequestTooLarge
    content = await workers.read(ctx.app, reading.read, bytes(body))
    needed = passed(ctx, content.roles)
    if content.document.settings(parameters).get("policy") or await ctx.fetch(_loses_policy, ctx, req):
        needed.append(_policy(ctx, path))
    for access in needed:
        ctx.require(access.action, access.resource, access.conditions)
    return content


def _with_warnings(ctx: Context, api: Api, document: Document, req: dict[str, Any]) -> dict[str, Any]:
    answer = apis.shown(api, ctx.partition)
    if document.warnings:
        if req.get("failOnWarnings"):
            raise BadRequest("Warnings found during import:\n\t" + "\n\t".join(document.warnings))
        answer["warnings"] = document.warnings
    return answer


def all_resources(tx: Reader, api: Api) -> list[Resource]:
    return list(tx.scan(RESOURCES, (api.account, api.region, api.id)))
