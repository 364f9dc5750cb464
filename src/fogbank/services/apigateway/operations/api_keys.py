"""API keys. https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html"""

from __future__ import annotations

import csv
import io
from typing import Any

from fogbank.apis.errors import BadRequest, Conflict
from fogbank.core.context import Context
from fogbank.store.api import Transaction

from .. import account_quotas, patching
from ..arns import call
from ..lookups import changed, page, require_item
from ..patching import FLAG, MEMBER, REPLACE
from ..records import KEYS, PLAN_KEYS, PLANS, STAGES, Item, PlanKey

UNKNOWN = "Invalid API Key identifier specified"
RULES = {
    "/name": REPLACE,
    "/description": REPLACE,
    "/enabled": FLAG,
    "/customerId": REPLACE,
    "/stages/{stage}": MEMBER,
}


def shown(key: Item, *, value: bool) -> dict[str, Any]:
    """The ApiKey structure; its value only where it was asked for."""
    answer = {**key.shape, "id": key.id, "createdDate": key.created, "lastUpdatedDate": key.updated}
    answer["stageKeys"] = answer.pop("stages", None) or []
    if not value:
        answer.pop("value", None)
    return answer


def insert(tx: Transaction, ctx: Context, req: dict[str, Any]) -> Item:
    """A new key. Raises BadRequest or ConflictException."""
    value = req.get("value") or ctx.ids.alnum(40)
    if not 20 <= len(value) <= 128:
        raise BadRequest("API Key value should be at least 20 characters" if len(value) < 20 else
                         "API Key value should be at most 128 characters")  # fmt: skip
    if tx.first(KEYS, "value", (ctx.account, ctx.region, value)) is not None:
        raise Conflict("API Key already exists")
    account_quotas.hold(tx, ctx, "API keys")
    now = float(int(ctx.now()))
    shape: dict[str, Any] = {"value": value, "enabled": bool(req.get("enabled"))}
    for member in ("name", "description", "customerId", "tags"):
        if req.get(member):
            shape[member] = req[member]
    stages = []
    for stage in req.get("stageKeys") or ():
        if tx.get(STAGES, (ctx.account, ctx.region, stage.get("restApiId"), stage.get("stageName"))) is None:
            raise BadRequest("Invalid stage identifier specified")
        stages.append(f"{stage['restApiId']}/{stage['stageName']}")
    if stages:
        shape["stages"] = stages
    key = Item(account=ctx.account, region=ctx.region, id=ctx.ids.lower(10), created=now, updated=now, shape=shape)
    tx.put(KEYS, key)
    changed(tx)
    return key


@call("CreateApiKey", "POST", "/apikeys")
def create_api_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A key; its value is drawn unless given."""
    with ctx.write() as tx:
        key = insert(tx, ctx, req)
    return shown(key, value=True)


@call("ImportApiKeys", "POST", "/apikeys")
async def import_api_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keys from CSV: name, key, description, enabled, usageplanIds.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-key-file-format.html
    """
    body = req.get("body") or b""
    if hasattr(body, "read"):
        body = await body.read(6 * 1024 * 1024)
    rows = list(csv.DictReader(io.StringIO(bytes(body).decode("utf-8-sig", "replace"))))
    if not rows or not {"key", "name"} <= {(n or "").strip().lower() for n in rows[0]}:
        raise BadRequest("Invalid API key file: the columns Key and Name are required")

    def store(tx: Transaction) -> dict[str, Any]:
        ids, warnings = [], []
        for row in rows:
            given = {(name or "").strip().lower(): (text or "").strip() for name, text in row.items() if name}
            request = {
                "name": given.get("name"),
                "value": given.get("key"),
                "description": given.get("description"),
                "enabled": given.get("enabled", "").lower() == "true",
            }
            try:
                key = insert(tx, ctx, request)
            except (BadRequest, Conflict) as error:
                if req.get("failOnWarnings"):
                    raise
                warnings.append(f"{given.get('name')}: {error.message}")
                continue
            ids.append(key.id)
            for plan in filter(None, (p.strip() for p in given.get("usageplanids", "").split(","))):
                if tx.get(PLANS, (ctx.account, ctx.region, plan)) is None:
                    warnings.append(f"{given.get('name')}: Invalid Usage Plan ID specified: {plan}")
                    continue
                tx.put(PLAN_KEYS, PlanKey(account=ctx.account, region=ctx.region, plan=plan, key=key.id))
        return {"ids": ids, "warnings": warnings}

    return await ctx.transact(store)


@call("GetApiKey", "GET", "/apikeys/{apiKey}")
def get_api_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One key."""
    with ctx.read() as tx:
        return shown(require_item(tx, ctx, KEYS, req["apiKey"], UNKNOWN), value=bool(req.get("includeValue")))


@call("GetApiKeys", "GET", "/apikeys")
def get_api_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keys, by the beginning of their name or by customer."""
    name, customer = req.get("nameQuery") or "", req.get("customerId")
    with ctx.read() as tx:
        found = [
            shown(key, value=bool(req.get("includeValues")))
            for key in tx.scan(KEYS, (ctx.account, ctx.region))
            if key.shape.get("name", "").startswith(name) and customer in (None, "", key.shape.get("customerId"))
        ]
    return page(ctx, req, "keys", found)


@call("UpdateApiKey", "PATCH", "/apikeys/{apiKey}")
def update_api_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change a key."""
    with ctx.write() as tx:
        key = require_item(tx, ctx, KEYS, req["apiKey"], UNKNOWN)
        key.shape = patching.apply(key.shape, req.get("patchOperations"), RULES)
        key.updated = float(int(ctx.now()))
        tx.put(KEYS, key)
        changed(tx)
    return shown(key, value=False)


@call("DeleteApiKey", "DELETE", "/apikeys/{apiKey}")
def delete_api_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a key, from usage plans too."""
    with ctx.write() as tx:
        key = require_item(tx, ctx, KEYS, req["apiKey"], UNKNOWN)
        for link in list(tx.scan_index(PLAN_KEYS, "key", (ctx.account, ctx.region, key.id))):
            tx.delete(PLAN_KEYS, PLAN_KEYS.key(link))
        tx.delete(KEYS, KEYS.key(key))
        changed(tx)
    return {}
