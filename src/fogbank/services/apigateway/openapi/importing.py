"""An OpenAPI document into records: resources, methods, integrations, models, authorizers, validators, responses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.document import Document
from fogbank.apis.errors import BadRequest, full
from fogbank.core.context import Context
from fogbank.store.api import Table, Transaction

from .. import account_quotas
from ..lookups import changed
from ..records import AUTHORIZERS, MODELS, RESOURCES, RESPONSES, VALIDATORS, Api, Part, Resource
from .reading import Content, Described, with_references

MOST_RESOURCES = 10_000  # of an API, whatever its quota is


def write(
    tx: Transaction, ctx: Context, api: Api, content: Content, parameters: dict[str, str], *, overwrite: bool
) -> None:
    """Put everything the document describes into `api`; with `overwrite` what it does not describe goes."""
    importer = _Importer(tx, ctx, api, content)
    if overwrite:
        importer.clear()
    importer.models()
    importer.authorizers()
    importer.validators()
    importer.responses()
    importer.paths(_prefix(content.document, parameters.get("basepath", "ignore")))
    changed(tx)


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
    def __init__(self, tx: Transaction, ctx: Context, api: Api, content: Content) -> None:
        self._tx, self._ctx, self._api, self._content = tx, ctx, api, content
        self._scope = (api.account, api.region, api.id)
        self._paths: dict[str, Resource] = {r.path: r for r in tx.scan(RESOURCES, self._scope)}
        self._known: dict[str, Resource] = {}  # those that an overwrite took away
        self._validators: dict[str, str] = {p.shape["name"]: p.id for p in tx.scan(VALIDATORS, self._scope)}
        self._authorizers: dict[str, dict[str, Any]] = {}
        self._most = min(MOST_RESOURCES, ctx.quota("apigateway", account_quotas.RESOURCES_PER_API, tx))

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

    def _put_model(self, shape: dict[str, Any]) -> None:
        text = with_references(shape["schema"], self._content.document.schema_prefix, self._api.id)
        self._put(MODELS, shape["name"], {"id": self._ctx.ids.lower(6), **shape, "schema": text})

    def models(self) -> None:
        for shape in self._content.models.values():
            self._put_model(shape)

    def authorizers(self) -> None:
        held = {p.shape["name"]: p.id for p in self._tx.scan(AUTHORIZERS, self._scope)}
        for name, shape in self._content.authorizers.items():
            found = dict(shape)
            if found["type"] not in ("API_KEY", "AWS_IAM"):
                found["id"] = held.get(name) or self._ctx.ids.lower(6)
                self._put(AUTHORIZERS, found["id"], found)
            self._authorizers[name] = found

    def validators(self) -> None:
        for name, shape in self._content.validators.items():
            part_id = self._validators.setdefault(name, self._ctx.ids.lower(6))
            self._put(VALIDATORS, part_id, {"id": part_id, **shape})

    def responses(self) -> None:
        for kind, shape in self._content.responses.items():
            self._put(RESPONSES, kind, dict(shape))

    # -- paths -------------------------------------------------------------------------------------------------------

    def paths(self, prefix: str) -> None:
        resources = {path: self._resource((prefix + path).rstrip("/") or "/") for path in self._content.paths}
        for described in self._content.operations:
            resource = resources[described.path]
            resource.methods = {**resource.methods, described.verb: self._method(described)}
        for resource in {id(found): found for found in resources.values()}.values():
            self._tx.put(RESOURCES, resource)

    def _method(self, described: Described) -> dict[str, Any]:
        method = described.method | described.reader.security(self._authorizers)
        name = described.validator
        if name:
            if name not in self._validators:
                raise BadRequest(f"Invalid request validator name '{name}' for {described.verb} {described.path}")
            method["requestValidatorId"] = self._validators[name]
        for inline, schema in described.inline.items():
            self._put_model({"name": inline, "schema": schema, "contentType": "application/json"})
        if described.integration is not None:
            namespace = {"cacheNamespace": self._paths_id(described.path)}
            method["methodIntegration"] = {**namespace, **described.integration}
        return method

    def _paths_id(self, path: str) -> str:
        found = self._paths.get(path.rstrip("/") or "/")
        return found.id if found else self._api.root

    def _resource(self, path: str) -> Resource:
        """The resource of a path, made with those above it when it is new. Raises LimitExceeded."""
        missing = []
        while path not in self._paths:
            missing.append(path)
            if len(self._paths) + len(missing) > self._most:
                raise full("resources", "API")
            path = path.rpartition("/")[0] or "/"
        found = self._paths[path]
        for path in reversed(missing):
            found = self._made(path, found)
        return found

    def _made(self, path: str, parent: Resource) -> Resource:
        known = self._known.get(path)
        found = Resource(
            account=self._api.account,
            region=self._api.region,
            api=self._api.id,
            id=known.id if known else self._ctx.ids.lower(6),
            parent=parent.id,
            part=path.rpartition("/")[2],
            path=path,
        )
        self._paths[path] = found
        self._tx.put(RESOURCES, found)
        return found
