"""Usage plans, their keys, and what the keys used.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from fogbank.apis.errors import BadRequest, Conflict, NotFound
from fogbank.core.context import Context
from fogbank.store.api import Reader, Table

from .. import account_quotas, patching, quotas
from ..arns import call
from ..lookups import changed, page, require_item
from ..patching import COUNT, RATE, REPLACE, Rule
from ..records import GRANTS, KEYS, PLAN_KEYS, PLANS, STAGES, USAGE, Granted, Item, PlanKey

UNKNOWN = "Invalid Usage Plan ID specified"
RULES = {
    "/name": REPLACE,
    "/description": REPLACE,
    "/productCode": Rule("add replace remove"),
    "/throttle/rateLimit": Rule("add replace remove", patching.number),
    "/throttle/burstLimit": Rule("add replace remove", int),
    "/throttle": Rule("remove"),
    "/quota/limit": Rule("add replace remove", int),
    "/quota/offset": Rule("add replace remove", int),
    "/quota/period": Rule("add replace remove"),
    "/quota": Rule("remove"),
}
_STAGE_RULES = {"/rateLimit": RATE, "/burstLimit": COUNT}


def shown(plan: Item) -> dict[str, Any]:
    """The UsagePlan structure."""
    return {"apiStages": [], **plan.shape, "id": plan.id}


def check(tx: Reader, ctx: Context, shape: dict[str, Any]) -> None:
    """The rules of a plan. Raises BadRequest."""
    quota = shape.get("quota")
    if quota is not None:
        if quota.get("period") not in ("DAY", "WEEK", "MONTH"):
            raise BadRequest("Usage Plan quota period must be one of DAY, WEEK, MONTH")
        if int(quota.get("limit") or 0) <= 0:
            raise BadRequest("Usage Plan quota limit must be greater than 0")
        offset = int(quota.get("offset") or 0)
        longest = {"DAY": 0, "WEEK": 6, "MONTH": 27}[quota["period"]]
        if not 0 <= offset <= longest:
            raise BadRequest(f"Usage Plan quota offset must be zero in the {quota['period']} period" if not longest else
                             f"Usage Plan quota offset must be between zero and {longest}, inclusive, in the "
                             f"{quota['period']} period")  # fmt: skip
        quota.setdefault("offset", 0)
    throttle = shape.get("throttle") or {}
    if any(float(value) < 0 for value in throttle.values()):
        raise BadRequest("Usage Plan throttle limits must not be negative")
    for stage in shape.get("apiStages") or ():
        if not stage.get("apiId") or not stage.get("stage"):
            raise BadRequest("Usage Plan must contain both apiId and stage for each API stage")
        if tx.get(STAGES, (ctx.account, ctx.region, stage["apiId"], stage["stage"])) is None:
            raise NotFound(f"API Stage not found: {stage['apiId']}:{stage['stage']}")


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if v is not None}
    return [_clean(v) for v in value] if isinstance(value, list) else value


@call("CreateUsagePlan", "POST", "/usageplans")
def create_usage_plan(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Limits for keys on stages."""
    members = ("name", "description", "apiStages", "throttle", "quota", "tags")
    shape = _clean({name: req[name] for name in members if req.get(name) not in (None, "", {})})
    now = float(int(ctx.now()))
    with ctx.write() as tx:
        check(tx, ctx, shape)
        account_quotas.hold(tx, ctx, "usage plans")
        plan = Item(account=ctx.account, region=ctx.region, id=ctx.ids.lower(6), created=now, updated=now, shape=shape)
        tx.put(PLANS, plan)
        changed(tx)
    return shown(plan)


@call("GetUsagePlan", "GET", "/usageplans/{usagePlanId}")
def get_usage_plan(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One plan."""
    with ctx.read() as tx:
        return shown(require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN))


@call("GetUsagePlans", "GET", "/usageplans")
def get_usage_plans(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The plans, or those of one key."""
    with ctx.read() as tx:
        plans = list(tx.scan(PLANS, (ctx.account, ctx.region)))
        if req.get("keyId"):
            linked = {k.plan for k in tx.scan_index(PLAN_KEYS, "key", (ctx.account, ctx.region, req["keyId"]))}
            plans = [plan for plan in plans if plan.id in linked]
    return page(ctx, req, f"plans/{req.get('keyId') or ''}", [shown(plan) for plan in plans])


@call("UpdateUsagePlan", "PATCH", "/usageplans/{usagePlanId}")
def update_usage_plan(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change limits, or which stages they are for; held against requests at once."""
    with ctx.write() as tx:
        plan = require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        shape = plan.shape
        for operation in req.get("patchOperations") or ():
            if (operation.get("path") or "").startswith("/apiStages"):
                shape = {**shape, "apiStages": _stages(list(shape.get("apiStages") or ()), operation)}
            else:
                shape = patching.apply(shape, [operation], RULES)
        check(tx, ctx, shape)
        plan.shape = shape
        plan.updated = float(int(ctx.now()))
        tx.put(PLANS, plan)
        changed(tx)
    return shown(plan)


def _stages(stages: list[dict[str, Any]], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """`/apiStages` with api:stage as the value, or /apiStages/api:stage[/throttle[/path/METHOD[/rateLimit]]]."""
    op, path, value = operation.get("op"), operation.get("path") or "", operation.get("value")
    keys = patching.steps(path)[1:]
    name = keys[0] if keys else (value or "")
    if ":" not in name:
        raise BadRequest(f"Invalid stage key: {name}. Key must be in format <restapi>:<stage>.")
    api, _, stage = name.partition(":")
    found = next((s for s in stages if (s["apiId"], s["stage"]) == (api, stage)), None)
    if len(keys) <= 1:
        rest = [s for s in stages if s is not found]
        if op == "add":
            if found is not None:
                raise Conflict(f"Usage plan already contains the stage {name}")
            return [*stages, {"apiId": api, "stage": stage}]
        if op == "remove":
            if found is None:
                raise NotFound(f"API Stage not found: {name}")
            return rest
        raise patching.refusal(path, op or "", {"/apiStages": Rule("add remove")})
    if found is None or keys[1] != "throttle":
        raise BadRequest(f"Invalid patch path  '{path}' specified for op '{op}'.")
    throttle = {k: dict(v) for k, v in (found.get("throttle") or {}).items()}
    _throttle(throttle, keys[2:], op or "", value, path)
    changed_stage = {"apiId": api, "stage": stage} | ({"throttle": throttle} if throttle else {})
    return [changed_stage if s is found else s for s in stages]


def _throttle(throttle: dict[str, Any], keys: list[str], op: str, value: str | None, path: str) -> None:
    if not keys:
        given = json.loads(value) if op != "remove" and value else {}
        throttle.clear()
        throttle.update(given)
        return
    limit = keys[-1] if keys[-1] in ("rateLimit", "burstLimit") else None
    parts = keys[:-1] if limit else keys
    name = "/" + "/".join(part.strip("/") for part in parts)
    if op == "remove":
        if limit:
            throttle.get(name, {}).pop(limit, None)
        else:
            throttle.pop(name, None)
        return
    if limit is None:
        raise BadRequest(f"Invalid patch path  '{path}' specified for op '{op}'.")
    one = {"op": "replace", "path": f"/{limit}", "value": value}
    throttle[name] = patching.apply(throttle.get(name) or {}, [one], _STAGE_RULES)


@call("DeleteUsagePlan", "DELETE", "/usageplans/{usagePlanId}")
def delete_usage_plan(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Only a plan without stages can go."""
    with ctx.write() as tx:
        plan = require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        if plan.shape.get("apiStages"):
            raise BadRequest(f"Cannot delete Usage Plan {plan.id} because it is associated with at least one API "
                             "Stage. Please remove the API stages first.")  # fmt: skip
        scope = (ctx.account, ctx.region, plan.id)
        tables: tuple[Table[Any], ...] = (PLAN_KEYS, USAGE, GRANTS)
        for table in tables:
            for record in list(tx.scan(table, scope)):
                tx.delete(table, table.key(record))
        tx.delete(PLANS, PLANS.key(plan))
        changed(tx)
    return {}


# -- keys of plans ---------------------------------------------------------------------------------------------------


def _shown_key(key: Item) -> dict[str, Any]:
    return {"id": key.id, "type": "API_KEY", "value": key.shape["value"], "name": key.shape.get("name")}


@call("CreateUsagePlanKey", "POST", "/usageplans/{usagePlanId}/keys")
def create_usage_plan_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Put a key under a plan."""
    if req["keyType"] != "API_KEY":
        raise BadRequest("Usage Plan Key type must be API_KEY")
    with ctx.write() as tx:
        plan = require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        key = require_item(tx, ctx, KEYS, req["keyId"], "Invalid API Key identifier specified")
        mine = {(s["apiId"], s["stage"]) for s in plan.shape.get("apiStages") or ()}
        for link in tx.scan_index(PLAN_KEYS, "key", (ctx.account, ctx.region, key.id)):
            if link.plan == plan.id:
                raise Conflict("Usage Plan Key already exists")
            other = tx.get(PLANS, (ctx.account, ctx.region, link.plan))
            stages = {(s["apiId"], s["stage"]) for s in other.shape.get("apiStages") or ()} if other else set()
            for api, stage in sorted(mine & stages):
                raise Conflict(f"API Key {key.id} cannot be added to the plan because it is already associated with "
                               f"the API Stage {api}:{stage} through another usage plan")  # fmt: skip
        tx.put(PLAN_KEYS, PlanKey(account=ctx.account, region=ctx.region, plan=plan.id, key=key.id))
        changed(tx)
    return _shown_key(key)


@call("GetUsagePlanKey", "GET", "/usageplans/{usagePlanId}/keys/{keyId}")
def get_usage_plan_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """One key of a plan."""
    with ctx.read() as tx:
        require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        key = tx.get(KEYS, (ctx.account, ctx.region, req["keyId"]))
        if key is None or tx.get(PLAN_KEYS, (ctx.account, ctx.region, req["usagePlanId"], req["keyId"])) is None:
            raise NotFound("Invalid Usage Plan Key identifier specified")
    return _shown_key(key)


@call("GetUsagePlanKeys", "GET", "/usageplans/{usagePlanId}/keys")
def get_usage_plan_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The keys of a plan."""
    name = req.get("nameQuery") or ""
    with ctx.read() as tx:
        plan = require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        links = list(tx.scan(PLAN_KEYS, (ctx.account, ctx.region, plan.id)))
        keys = [tx.get(KEYS, (ctx.account, ctx.region, link.key)) for link in links]
    found = [_shown_key(key) for key in keys if key is not None and key.shape.get("name", "").startswith(name)]
    return page(ctx, req, f"plankeys/{plan.id}", found)


@call("DeleteUsagePlanKey", "DELETE", "/usageplans/{usagePlanId}/keys/{keyId}")
def delete_usage_plan_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take a key from a plan."""
    with ctx.write() as tx:
        require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        if not tx.delete(PLAN_KEYS, (ctx.account, ctx.region, req["usagePlanId"], req["keyId"])):
            raise NotFound("Invalid Usage Plan Key identifier specified")
        changed(tx)
    return {}


# -- usage -----------------------------------------------------------------------------------------------------------


@call("GetUsage", "GET", "/usageplans/{usagePlanId}/usage")
def get_usage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Per key and day: [used, remaining]."""
    first, last = _day(req["startDate"]), _day(req["endDate"])
    if last < first or last - first > 90:
        raise BadRequest("Usage date range must be at most 90 days, and end on or after its start")
    with ctx.read() as tx:
        plan = require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        links = [link.key for link in tx.scan(PLAN_KEYS, (ctx.account, ctx.region, plan.id))]
        wanted = [req["keyId"]] if req.get("keyId") else links
        limit = int((plan.shape.get("quota") or {}).get("limit") or 0)
        items: dict[str, list[list[int]]] = {}
        for key in wanted:
            days = {u.day: u for u in tx.scan(USAGE, (ctx.account, ctx.region, plan.id, key))}
            if days:
                items[key] = [
                    [days[d].used, days[d].remaining] if d in days else [0, limit] for d in range(first, last + 1)
                ]
    scope = f"usage/{plan.id}/{first}/{last}/{req.get('keyId')}"
    shown = page(ctx, req, scope, sorted(items.items()))
    return {"usagePlanId": plan.id, "startDate": req["startDate"], "endDate": req["endDate"], **shown,
            "items": dict(shown["items"])}  # fmt: skip


def _day(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        raise BadRequest(f"Invalid date: {text}. Dates are in the form of YYYY-MM-DD") from None


@call("UpdateUsage", "PATCH", "/usageplans/{usagePlanId}/keys/{keyId}/usage")
def update_usage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a key a new balance for the rest of the period (`/remaining`)."""
    shape = patching.apply({}, req.get("patchOperations"), {"/remaining": COUNT})
    today = int(ctx.now() // 86400)
    with ctx.write() as tx:
        plan = require_item(tx, ctx, PLANS, req["usagePlanId"], UNKNOWN)
        if tx.get(PLAN_KEYS, (ctx.account, ctx.region, plan.id, req["keyId"])) is None:
            raise NotFound("Invalid Usage Plan Key identifier specified")
        quota = plan.shape.get("quota")
        if not quota:
            raise BadRequest("Usage plan has no quota")
        period = quotas.period_start(quota, today)
        grant = Granted(account=ctx.account, region=ctx.region, plan=plan.id, key=req["keyId"], period=period,
                        remaining=shape.get("remaining", 0))  # fmt: skip
        tx.put(GRANTS, grant)
        changed(tx)
    text = datetime.fromtimestamp(ctx.now(), UTC).date().isoformat()
    items = {req["keyId"]: [[0, grant.remaining]]}
    return {"usagePlanId": plan.id, "startDate": text, "endDate": text, "items": items}
