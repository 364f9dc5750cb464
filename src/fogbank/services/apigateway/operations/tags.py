"""Tags of APIs, stages, keys, usage plans, domain names, VPC links and client certificates.

https://docs.aws.amazon.com/apigateway/latest/api/API_TagResource.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fogbank.apis.domains import DOMAINS
from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Table

from ..arns import resource
from ..records import APIS, CERTIFICATES, KEYS, PLANS, STAGES, VPC_LINKS

TABLES: dict[str, Table[Any]] = {
    "restapis": APIS,
    "stages": STAGES,
    "apikeys": KEYS,
    "usageplans": PLANS,
    "domainnames": DOMAINS,
    "vpclinks": VPC_LINKS,
    "clientcertificates": CERTIFICATES,
}


def _key(ctx: Context, text: str) -> tuple[str, tuple[str, ...]]:
    """(collection, key of the record) of what an ARN names; BadRequest unless it is spelled exactly so."""
    prefix = ctx.arn("apigateway", "/", account="")
    kind, *ids = text.removeprefix(prefix).split("/") if text.startswith(prefix) else [""]
    if kind == "restapis" and len(ids) == 3 and ids[1] == "stages":
        return "stages", (ctx.account, ctx.region, ids[0], ids[2])
    if len(ids) != 1 or kind not in TABLES:
        raise BadRequest("Invalid ARN specified in the request")
    return kind, (ctx.account, ctx.region, ids[0])


def _tagged(ctx: Context, req: dict[str, Any]) -> Named:
    """/tags/ and the encoded ARN."""
    text = req["resourceArn"]
    _key(ctx, text)
    return resource(ctx, f"/tags/{quote(text, safe='')}")


def _find(tx: Reader, ctx: Context, text: str) -> tuple[Table[Any], Any]:
    kind, key = _key(ctx, text)
    found = tx.get(TABLES[kind], key)
    if found is None:
        raise NotFound("Invalid resource identifier specified")
    return TABLES[kind], found


@operation("apigateway", "GetTags", action="apigateway:GET", resource=_tagged)
def get_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a resource."""
    with ctx.read() as tx:
        return {"tags": _find(tx, ctx, req["resourceArn"])[1].shape.get("tags") or {}}


@operation("apigateway", "TagResource", action="apigateway:PUT", resource=_tagged)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add or change tags; at most 50."""
    with ctx.write() as tx:
        table, found = _find(tx, ctx, req["resourceArn"])
        held = {**(found.shape.get("tags") or {}), **req["tags"]}
        if len(held) > 50:
            raise BadRequest("The number of tags exceeds the limit of 50")
        found.shape["tags"] = held
        tx.put(table, found)
    return {}


@operation("apigateway", "UntagResource", action="apigateway:DELETE", resource=_tagged)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    with ctx.write() as tx:
        table, found = _find(tx, ctx, req["resourceArn"])
        held = {k: v for k, v in (found.shape.get("tags") or {}).items() if k not in req["tagKeys"]}
        if held:
            found.shape["tags"] = held
        else:
            found.shape.pop("tags", None)
        tx.put(table, found)
    return {}
