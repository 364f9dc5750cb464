"""API mappings: which stage answers below a path of a custom domain name. The path may have several levels.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mappings.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.apis.domains import MAPPINGS, NONE, Mapping
from fogbank.apis.errors import BadRequest, Conflict, NotFound
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from ..find import Req, call, changed, page, require_stage
from ..records import APIS
from .domains import require_domain

_PATH = "/domainnames/{DomainName}/apimappings"
_MAPPING = _PATH + "/{ApiMappingId}"
_KEY = re.compile(r"[A-Za-z0-9$\-_.+!*'()]+(?:/[A-Za-z0-9$\-_.+!*'()]+)*")
MOST_KEY = 300  # characters


def _shown(mapping: Mapping) -> dict[str, Any]:
    return {
        "ApiId": mapping.api,
        "ApiMappingId": mapping.id,
        "ApiMappingKey": "" if mapping.base == NONE else mapping.base,
        "Stage": mapping.stage,
    }


def _find(tx: Reader, ctx: Context, req: Req) -> Mapping:
    domain = require_domain(tx, ctx, req["DomainName"])
    for mapping in tx.scan(MAPPINGS, (ctx.account, ctx.region, domain.id)):
        if mapping.id and mapping.id == req["ApiMappingId"]:
            return mapping
    raise NotFound("Invalid API mapping identifier specified")


def _base(key: str | None) -> str:
    """What a mapping's key is stored as. Raises BadRequest."""
    if not key:
        return NONE
    if len(key) > MOST_KEY or not _KEY.fullmatch(key):
        raise BadRequest("API mapping key should match: [a-zA-Z0-9$-_.+!*'()/]")  # not confirmed
    return key


def _is_ours(tx: Reader, ctx: Context, api: str) -> bool:
    return tx.get(APIS, (ctx.account, ctx.region, api)) is not None


async def _check_rest(ctx: Context, api: str, stage: str) -> None:
    """Raise NotFound unless a REST API has the stage, if the id is none of an HTTP or WebSocket API."""
    if not await ctx.fetch(_is_ours, ctx, api):
        await ctx.call("apigateway", "GetStage", {"restApiId": api, "stageName": stage})


def _put(tx: Transaction, ctx: Context, mapping: Mapping, old: Mapping | None = None) -> Mapping:
    """Store a mapping, in the place of `old`. Raises Conflict, NotFound."""
    if _is_ours(tx, ctx, mapping.api):
        require_stage(tx, ctx, mapping.api, mapping.stage)
    if old is not None:
        tx.delete(MAPPINGS, MAPPINGS.key(old))
    if tx.get(MAPPINGS, MAPPINGS.key(mapping)) is not None:
        raise Conflict("ApiMapping key already exists for this domain name")
    tx.put(MAPPINGS, mapping)
    changed(tx)
    return mapping


@call("CreateApiMapping", "POST", _PATH)
async def create_api_mapping(ctx: Context, req: Req) -> dict[str, Any]:
    """Map a path of a domain name to a stage of any API."""
    base = _base(req.get("ApiMappingKey"))
    await _check_rest(ctx, req["ApiId"], req["Stage"])

    def store(tx: Transaction) -> Mapping:
        domain = require_domain(tx, ctx, req["DomainName"])
        made = Mapping(account=ctx.account, region=ctx.region, domain=domain.id, base=base, api=req["ApiId"],
                       stage=req["Stage"], id=ctx.ids.lower(6))  # fmt: skip
        return _put(tx, ctx, made)

    return _shown(await ctx.transact(store))


@call("GetApiMapping", "GET", _MAPPING)
def get_api_mapping(ctx: Context, req: Req) -> dict[str, Any]:
    """One mapping."""
    with ctx.read() as tx:
        return _shown(_find(tx, ctx, req))


@call("GetApiMappings", "GET", _PATH)
def get_api_mappings(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of a domain name's mappings."""
    with ctx.read() as tx:
        domain = require_domain(tx, ctx, req["DomainName"])
        found = [_shown(mapping) for mapping in tx.scan(MAPPINGS, (ctx.account, ctx.region, domain.id))]
    return page(ctx, req, found, "ApiMappingId", domain.id)


@call("UpdateApiMapping", "PATCH", _MAPPING)
async def update_api_mapping(ctx: Context, req: Req) -> dict[str, Any]:
    """Change a mapping's path, API or stage."""
    held = await ctx.fetch(_find, ctx, req)
    await _check_rest(ctx, req["ApiId"], req.get("Stage") or held.stage)

    def store(tx: Transaction) -> Mapping:
        old = _find(tx, ctx, req)
        key = req.get("ApiMappingKey")
        made = Mapping(
            account=old.account, region=old.region, domain=old.domain, base=old.base if key is None else _base(key),
            api=req["ApiId"], stage=req.get("Stage") or old.stage, id=old.id,
        )  # fmt: skip
        return _put(tx, ctx, made, old)

    return _shown(await ctx.transact(store))


@call("DeleteApiMapping", "DELETE", _MAPPING)
def delete_api_mapping(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove a mapping."""
    with ctx.write() as tx:
        tx.delete(MAPPINGS, MAPPINGS.key(_find(tx, ctx, req)))
        changed(tx)
    return {}
