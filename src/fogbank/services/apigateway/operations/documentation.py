"""Documentation parts and versions: kept and returned; exports do not carry them.

https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDocumentationPart.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import Conflict
from fogbank.core.context import Context

from .. import patching
from ..arns import call
from ..lookups import page, require_api, require_part
from ..patching import REPLACE
from ..records import DOCUMENTATION, DOCUMENTATION_VERSIONS, Part

UNKNOWN_PART = "Invalid Documentation part identifier specified"
UNKNOWN_VERSION = "Invalid Documentation version identifier specified"
_PARTS = "/restapis/{restApiId}/documentation/parts"
_VERSIONS = "/restapis/{restApiId}/documentation/versions"


def _part(ctx: Context, api: str, part: str, shape: dict[str, Any]) -> Part:
    return Part(account=ctx.account, region=ctx.region, api=api, id=part, shape=shape)


@call("CreateDocumentationPart", "POST", _PARTS, fidelity="recorded")
def create_documentation_part(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Text about one place of an API."""
    location = {k: v for k, v in req["location"].items() if v is not None}
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        for part in tx.scan(DOCUMENTATION, (ctx.account, ctx.region, api.id)):
            if part.shape["location"] == location:
                raise Conflict("Documentation part already exists for the specified location: type "
                               f"'{location['type']}'")  # fmt: skip
        shape = {"id": ctx.ids.lower(6), "location": location, "properties": req["properties"]}
        tx.put(DOCUMENTATION, _part(ctx, api.id, str(shape["id"]), shape))
    return shape


@call("GetDocumentationPart", "GET", _PARTS + "/{documentationPartId}")
def get_documentation_part(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One part."""
    with ctx.read() as tx:
        found = require_part(tx, ctx, DOCUMENTATION, req["restApiId"], req["documentationPartId"], UNKNOWN_PART)
    shape: dict[str, Any] = found.shape
    return shape


@call("GetDocumentationParts", "GET", _PARTS)
def get_documentation_parts(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The parts of an API, by type, name or path."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = [part.shape for part in tx.scan(DOCUMENTATION, (ctx.account, ctx.region, api.id))]
    for member, wanted in (("type", req.get("type")), ("name", req.get("nameQuery")), ("path", req.get("path"))):
        if wanted:
            found = [shape for shape in found if shape["location"].get(member) == wanted]
    return page(ctx, req, f"documentation/{api.id}", found)


@call("UpdateDocumentationPart", "PATCH", _PARTS + "/{documentationPartId}", fidelity="recorded")
def update_documentation_part(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a part's text."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, DOCUMENTATION, req["restApiId"], req["documentationPartId"], UNKNOWN_PART)
        found.shape = patching.apply(found.shape, req.get("patchOperations"), {"/properties": REPLACE})
        tx.put(DOCUMENTATION, found)
    shape: dict[str, Any] = found.shape
    return shape


@call("DeleteDocumentationPart", "DELETE", _PARTS + "/{documentationPartId}")
def delete_documentation_part(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a part."""
    with ctx.write() as tx:
        found = require_part(tx, ctx, DOCUMENTATION, req["restApiId"], req["documentationPartId"], UNKNOWN_PART)
        tx.delete(DOCUMENTATION, DOCUMENTATION.key(found))
    return {}


@call("CreateDocumentationVersion", "POST", _VERSIONS, fidelity="recorded")
def create_documentation_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The parts as they are now, under a name."""
    name = req["documentationVersion"]
    with ctx.write() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        if tx.get(DOCUMENTATION_VERSIONS, (ctx.account, ctx.region, api.id, name)) is not None:
            raise Conflict("Documentation version already exists: " + name)
        shape: dict[str, Any] = {"version": name, "createdDate": float(int(ctx.now()))}
        if req.get("description"):
            shape["description"] = req["description"]
        tx.put(DOCUMENTATION_VERSIONS, _part(ctx, api.id, name, shape))
    return shape


@call("GetDocumentationVersion", "GET", _VERSIONS + "/{documentationVersion}")
def get_documentation_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One version."""
    with ctx.read() as tx:
        name = req["documentationVersion"]
        found = require_part(tx, ctx, DOCUMENTATION_VERSIONS, req["restApiId"], name, UNKNOWN_VERSION)
    shape: dict[str, Any] = found.shape
    return shape


@call("GetDocumentationVersions", "GET", _VERSIONS)
def get_documentation_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The versions of an API's documentation."""
    with ctx.read() as tx:
        api = require_api(tx, ctx, req["restApiId"])
        found = [part.shape for part in tx.scan(DOCUMENTATION_VERSIONS, (ctx.account, ctx.region, api.id))]
    return page(ctx, req, f"docversions/{api.id}", found)


@call("DeleteDocumentationVersion", "DELETE", _VERSIONS + "/{documentationVersion}")
def delete_documentation_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a version."""
    with ctx.write() as tx:
        name = req["documentationVersion"]
        found = require_part(tx, ctx, DOCUMENTATION_VERSIONS, req["restApiId"], name, UNKNOWN_VERSION)
        tx.delete(DOCUMENTATION_VERSIONS, DOCUMENTATION_VERSIONS.key(found))
    return {}
