"""Tags of APIs, stages, keys, usage plans, domain names, VPC links and client certificates.

https://docs.aws.amazon.com/apigateway/latest/api/API_TagResource.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Table

from ..arns import tagged
from ..errors import BadRequest, NotFound
from ..records import APIS, CERTIFICATES, DOMAINS, KEYS, PLANS, STAGES, VPC_LINKS

_TABLES: dict[str, Table[Any]] = {
    "restapis": APIS,
    "apikeys": KEYS,
    "usageplans": PLANS,
    "domainnames": DOMAINS,
    "vpclinks": VPC_LINKS,
    "clientcertificates": CERTIFICATES,
}


def _find(tx: Reader, ctx: Context, arn: str) -> tuple[Table[Any], Any]:
    try:
        parts = arns.parse(arn).resource.strip("/").split("/")
    except ValueError:
        raise BadRequest("Invalid ARN specified in the request") from None
    table: Table[Any] | None = _TABLES.get(parts[0])
    key: tuple[str, ...] = (ctx.account, ctx.region, *parts[1:2])
    if parts[0] == "restapis" and len(parts) == 4 and parts[2] == "stages":
        table, key = STAGES, (*key, parts[3])
    elif len(parts) != 2:
        raise BadRequest("Invalid ARN specified in the request")
    found = tx.get(table, key) if table is not None else None
    if table is None or found is None:
        raise NotFound("Invalid resource identifier specified" if table else "Invalid ARN specified in the request")
    return table, found


@operation("apigateway", "GetTags", action="apigateway:GET", resource=tagged)
def get_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a resource."""
    with ctx.read() as tx:
        return {"tags": _find(tx, ctx, req["resourceArn"])[1].shape.get("tags") or {}}


@operation("apigateway", "TagResource", action="apigateway:PUT", resource=tagged)
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


@operation("apigateway", "UntagResource", action="apigateway:DELETE", resource=tagged)
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
