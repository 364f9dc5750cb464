"""Resources: the paths of an API. https://docs.aws.amazon.com/apigateway/latest/api/API_CreateResource.html"""

from __future__ import annotations

import re
from typing import Any

from fogbank.apis.errors import BadRequest, Conflict
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .. import account_quotas, patching
from ..arns import call
from ..lookups import page, require_api, require_resource
from ..patching import REPLACE
from ..records import RESOURCES, Resource

_PART = re.compile(r"[a-zA-Z0-9._:$~-]+|\{[a-zA-Z0-9._-]+\+?\}")


def shown(resource: Resource, *, methods: bool = False) -> dict[str, Any]:
    """The Resource structure: its methods named, or whole with `embed=methods`."""
    answer: dict[str, Any] = {"id": resource.id, "path": resource.path}
    if resource.parent:
        answer |= {"parentId": resource.parent, "pathPart": resource.part}
    if resource.methods:
        answer["resourceMethods"] = resource.methods if methods else {verb: {} for verb in resource.methods}
    return answer


def _check_part(part: str) -> None:
    if not _PART.fullmatch(part):
        raise BadRequest(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )


def _children(tx: Reader, resource: Resource) -> list[Resource]:
    scope = (resource.account, resource.region, resource.api)
    return [r for r in tx.scan(RESOURCES, scope) if r.parent == resource.id]


def _check_siblings(tx: Reader, parent: Resource, part: str, but: str = "") -> None:
    """No two of one name, and no two path variables, under one parent."""
    if parent.part.endswith("+}"):
        raise BadRequest(f"Cannot create a child of a resource with a greedy path variable: {parent.part}")
    for sibling in _children(tx, parent):
        if sibling.id == but:
            continue
        if sibling.part == part:
            raise Conflict(f"Another resource with the same parent already has this name: {part}")
        both = part.startswith("{") and sibling.part.startswith("{")
        if both and part.endswith("+}") == sibling.part.endswith("+}"):
            raise BadRequest(f"A sibling ({sibling.part}) of this resource already has a variable path part -- only "
                             "one is allowed")  # fmt: skip


@call("CreateResource", "POST", "/restapis/{restApiId}/resources/{parentId}")
def create_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A path under another one."""
    part = req["pathPart"]
    with ctx.write() as tx:
        parent = require_resource(tx, ctx, req["restApiId"], req["parentId"])
        _check_part(part)
        _check_siblings(tx, parent, part)
        account_quotas.hold_resource(tx, ctx, (parent.account, parent.region, parent.api))
        resource = Resource(
            account=ctx.account,
            region=ctx.region,
            api=parent.api,
            id=ctx.ids.lower(6),
            parent=parent.id,
            part=part,
            path=f"{parent.path.rstrip('/')}/{part}",
        )
        tx.put(RESOURCES, resource)
    return shown(resource)


@call("GetResource", "GET", "/restapis/{restApiId}/resources/{resourceId}")
def get_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One resource."""
    with ctx.read() as tx:
        found = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
    return shown(found, methods="methods" in (req.get("embed") or []))


@call("GetResources", "GET", "/restapis/{restApiId}/resources")
def get_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The resources of an API."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = sorted(tx.scan(RESOURCES, (ctx.account, ctx.region, api.id)), key=lambda r: r.path)
    embed = "methods" in (req.get("embed") or [])
    return page(ctx, req, f"resources/{api.id}", [shown(resource, methods=embed) for resource in found])


@call("UpdateResource", "PATCH", "/restapis/{restApiId}/resources/{resourceId}")
def update_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Rename a path part, or move it under another parent; what is below moves along."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        if not resource.parent:
            raise BadRequest("Root resource cannot be updated.")
        shape = patching.apply(
            {"pathPart": resource.part, "parentId": resource.parent},
            req.get("patchOperations"),
            {"/pathPart": REPLACE, "/parentId": REPLACE},
        )
        parent = require_resource(tx, ctx, req["restApiId"], shape["parentId"])
        if parent.path == resource.path or parent.path.startswith(resource.path + "/"):
            raise BadRequest("Resources cannot be cyclical.")
        _check_part(shape["pathPart"])
        _check_siblings(tx, parent, shape["pathPart"], but=resource.id)
        resource.part, resource.parent = shape["pathPart"], parent.id
        _move(tx, resource, f"{parent.path.rstrip('/')}/{resource.part}")
    return shown(resource)


def _move(tx: Transaction, resource: Resource, path: str) -> None:
    resource.path = path
    tx.put(RESOURCES, resource)
    for child in _children(tx, resource):
        _move(tx, child, f"{path}/{child.part}")


@call("DeleteResource", "DELETE", "/restapis/{restApiId}/resources/{resourceId}")
def delete_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a path and everything below it."""
    with ctx.write() as tx:
        resource = require_resource(tx, ctx, req["restApiId"], req["resourceId"])
        if not resource.parent:
            raise BadRequest("Root resource cannot be deleted.")
        waiting = [resource]
        while waiting:
            gone = waiting.pop()
            waiting += _children(tx, gone)
            tx.delete(RESOURCES, (gone.account, gone.region, gone.api, gone.id))
    return {}
