"""Tags of APIs, stages, VPC links and custom domain names.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/tags-resource-arn.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fogbank.apis.control import resource
from fogbank.apis.domains import DOMAINS, Domain
from fogbank.apis.errors import BadRequest, NotFound
from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Table, Transaction

from ..find import Req
from ..records import APIS, STAGES, VPC_LINKS

_TABLES: dict[str, Table[Any]] = {"apis": APIS, "vpclinks": VPC_LINKS, "domainnames": DOMAINS}
MOST = 50


def _place(ctx: Context, text: str) -> tuple[Table[Any], tuple[str, ...]]:
    """The table and key of what an ARN names; BadRequest unless it is spelled exactly so."""
    prefix = ctx.arn("apigateway", "/", account="")
    kind, *ids = text.removeprefix(prefix).split("/") if text.startswith(prefix) else [""]
    if kind == "apis" and len(ids) == 3 and ids[1] == "stages":
        return STAGES, (ctx.account, ctx.region, ids[0], ids[2])
    if len(ids) != 1 or kind not in _TABLES:
        raise BadRequest("Invalid ARN specified in the request")
    return _TABLES[kind], (ctx.account, ctx.region, ids[0])


def _tagged(ctx: Context, req: Req) -> Named:
    """/tags/ and the encoded ARN."""
    _place(ctx, req["ResourceArn"])
    return resource(ctx, f"/tags/{quote(req['ResourceArn'], safe='')}")


def _find(tx: Reader, ctx: Context, req: Req) -> Any:
    table, key = _place(ctx, req["ResourceArn"])
    found = tx.get(table, key)
    if found is None:
        raise NotFound("Invalid resource identifier specified")
    return found


def tags_of(record: Any) -> dict[str, str]:
    """Domain names keep their tags in their structure, as version 1 of the API writes it."""
    return dict(record.shape.get("tags") or {}) if isinstance(record, Domain) else dict(record.tags)


def _keep(tx: Transaction, ctx: Context, req: Req, record: Any, kept: dict[str, str]) -> None:
    table, _ = _place(ctx, req["ResourceArn"])
    if isinstance(record, Domain):
        record.shape["tags"] = kept
    else:
        record.tags = kept
    tx.put(table, record)


@operation("apigatewayv2", "GetTags", action="apigateway:GET", resource=_tagged)
def get_tags(ctx: Context, req: Req) -> dict[str, Any]:
    """The tags of a resource."""
    with ctx.read() as tx:
        return {"Tags": tags_of(_find(tx, ctx, req))}


@operation("apigatewayv2", "TagResource", action="apigateway:POST", resource=_tagged)
def tag_resource(ctx: Context, req: Req) -> dict[str, Any]:
    """Add or change tags."""
    with ctx.write() as tx:
        record = _find(tx, ctx, req)
        kept = {**tags_of(record), **(req.get("Tags") or {})}
        if len(kept) > MOST:
            raise BadRequest(f"The number of tags exceeds the limit of {MOST}")
        _keep(tx, ctx, req, record, kept)
    return {}


@operation("apigatewayv2", "UntagResource", action="apigateway:DELETE", resource=_tagged)
def untag_resource(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove tags by key."""
    with ctx.write() as tx:
        record = _find(tx, ctx, req)
        _keep(tx, ctx, req, record, tags.without(tags_of(record), req["TagKeys"]))
    return {}
