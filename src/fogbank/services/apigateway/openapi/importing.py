"""An OpenAPI document into records: resources, methods, integrations, models, authorizers, validators, responses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Table, Transaction

from ..errors import BadRequest
from ..lookups import changed
from ..records import AUTHORIZERS, MODELS, RESOURCES, RESPONSES, VALIDATORS, Api, Part, Resource
from . import operations
from .document import Document

LIBRARY = "x-amazon-apigateway-"


def write(
    tx: Transaction, ctx: Context, api: Api, document: Document, parameters: dict[str, str], *, overwrite: bool
) -> None:
    """Put everything the document describes into `api`; with `overwrite` what it does not describe goes."""
    importer = _Importer(tx, ctx, api, document)
    if overwrite:
        importer.clear()
    importer.models()
    importer.authorizers()
    importer.validators()
    importer.responses()
    importer.paths(_prefix(document, parameters.get("basepath", "ignore")))
    changed(tx)


def roles(document: Document) -> list[Any]:
    """What the document's integrations and authorizers name as roles."""
    schemes = document.security_schemes.items()
    authorizers = [operations.authorizer_of(name, scheme) or {} for name, scheme in schemes]
    found = [authorizer.get("authorizerCredentials") for authorizer in authorizers]
    for path, given in (document.raw.get("paths") or {}).items():
        if path.startswith("/"):
            item = document.resolve(given) or {}
            for _, described in document.methods(item):
                integration = operations.Operation(document, item, described).integration() or {}
                found.append(integration.get("credentials"))
    return [role for role in found if role]


def _prefix(document: Document, mode: str) -> str:
    """What `basepath=ignore|prepend|split` puts in front of each path.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html
    """
    base = document.base_path.rstrip("/")
    if mode == "prepend":
        return base
    if mode == "split":
        rest = base.lstrip("/").partition("/")[2]
        return f"/{rest}" if rest else ""
    return ""


class _Importer:
    def __init__(self, tx: Transaction, ctx: Context, api: Api, document: Document) -> None:
        self._tx, self._ctx, self._api, self._document = tx, ctx, api, document
        self._scope = (api.account, api.region, api.id)
        self._paths: dict[str, Resource] = {r.path: r for r in tx.scan(RESOURCES, self._scope)}
        self._validators: dict[str, str] = {p.shape["name"]: p.id for p in tx.scan(VALIDATORS, self._scope)}
        self._authorizers: dict[str, dict[str, Any]] = {}

    def _put(self, table: Table[Part], part_id: str, shape: dict[str, Any]) -> None:
        account, region, api = self._scope
        self._tx.put(table, Part(account=account, region=region, api=api, id=part_id, shape=shape))

    def clear(self) -> None:
        """Forget the old definition. Identifiers of paths that are described again are kept."""
        for table in (MODELS, VALIDATORS, AUTHORIZERS, RESPONSES):
            for part in list(self._tx.scan(table, self._scope)):
                self._tx.delete(table, table.key(part))
        for resource in self._paths.values():
            self._tx.delete(RESOURCES, RESOURCES.key(resource))
            resource.methods = {}
        self._known, self._paths = self._paths, {}
        root = self._known["/"]
        self._paths["/"] = root
        self._tx.put(RESOURCES, root)
        self._validators = {}

    def models(self) -> None:
        prefix = self._document.schema_prefix
        base = f"https://apigateway.amazonaws.com/restapis/{self._api.id}/models/"
        for name, schema in self._document.schemas.items():
            text = json.dumps(schema).replace(prefix, base)
            description = schema.get("description") if isinstance(schema, dict) else None
            shape = {
                "id": self._ctx.ids.lower(6),
                "name": name,
                "schema": text,
                "contentType": "application/json",
            }
            if description:
                shape["description"] = description
            self._put(MODELS, name, shape)

    def authorizers(self) -> None:
        held = {p.shape["name"]: p.id for p in self._tx.scan(AUTHORIZERS, self._scope)}
        for name, scheme in self._document.security_schemes.items():
            found = operations.authorizer_of(name, scheme)
            if found is not None and found["type"] != "API_KEY" and found["type"] != "AWS_IAM":
                found["id"] = held.get(name) or self._ctx.ids.lower(6)
                self._put(AUTHORIZERS, found["id"], found)
            if found is not None:
                self._authorizers[name] = found

    def validators(self) -> None:
        for name, given in (self._document.raw.get(LIBRARY + "request-validators") or {}).items():
            part_id = self._validators.setdefault(name, self._ctx.ids.lower(6))
            shape = {
                "id": part_id,
                "name": name,
                "validateRequestBody": bool(given.get("validateRequestBody")),
                "validateRequestParameters": bool(given.get("validateRequestParameters")),
            }
            self._put(VALIDATORS, part_id, shape)

    def responses(self) -> None:
        for kind, given in (self._document.raw.get(LIBRARY + "gateway-responses") or {}).items():
            shape: dict[str, Any] = {"responseType": kind, "defaultResponse": False}
            if given.get("statusCode") is not None:
                shape["statusCode"] = str(given["statusCode"])
            shape["responseParameters"] = {k: str(v) for k, v in (given.get("responseParameters") or {}).items()}
            shape["responseTemplates"] = dict(given.get("responseTemplates") or {})
            self._put(RESPONSES, kind, shape)

    # -- paths -------------------------------------------------------------------------------------------------------

    def paths(self, prefix: str) -> None:
        for path, given in (self._document.raw.get("paths") or {}).items():
            if not path.startswith("/"):
                continue
            item = self._document.resolve(given) or {}
            resource = self._resource((prefix + path).rstrip("/") or "/")
            for verb, described in self._document.methods(item):
                resource.methods = {**resource.methods, verb: self._method(verb, path, item, described)}
            self._tx.put(RESOURCES, resource)

    def _method(self, verb: str, path: str, item: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
        reader = operations.Operation(self._document, item, described)
        method = reader.method(verb)
        method |= reader.security(self._authorizers)
        name = described.get(LIBRARY + "request-validator") or self._document.raw.get(LIBRARY + "request-validator")
        if name:
            if name not in self._validators:
                raise BadRequest(f"Invalid request validator name '{name}' for {verb} {path}")
            method["requestValidatorId"] = self._validators[name]
        for inline, schema in reader.inline.items():
            shape = {"id": self._ctx.ids.lower(6), "name": inline, "schema": schema, "contentType": "application/json"}
            self._put(MODELS, inline, shape)
        integration = reader.integration()
        if integration is not None:
            integration.setdefault("cacheNamespace", self._paths_id(path))
            method["methodIntegration"] = integration
        return method

    def _paths_id(self, path: str) -> str:
        found = self._paths.get(path.rstrip("/") or "/")
        return found.id if found else self._api.root

    def _resource(self, path: str) -> Resource:
        """The resource of a path, made with those above it when it is new."""
        found = self._paths.get(path)
        if found is not None:
            return found
        above, _, part = path.rpartition("/")
        parent = self._resource(above or "/")
        known = getattr(self, "_known", {}).get(path)
        found = Resource(
            account=self._api.account,
            region=self._api.region,
            api=self._api.id,
            id=known.id if known else self._ctx.ids.lower(6),
            parent=parent.id,
            part=part,
            path=path,
        )
        self._paths[path] = found
        self._tx.put(RESOURCES, found)
        return found
