"""Routing rules of custom domain names: stored, not served.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-routing-rules.html
"""

from __future__ import annotations

from typing import Any

from fogbank.apis.errors import BadRequest, Conflict, NotFound
from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.kinds import Named, named
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from ..find import Req
from ..records import RULES, RoutingRule
from .domains import require_domain

HIGHEST = 1_000_000


def _path(req: Req) -> str:
    rule = f"/{req['RoutingRuleId']}" if req.get("RoutingRuleId") else ""
    return f"/domainnames/{req['DomainName']}/routingrules{rule}"


def _named(ctx: Context, req: Req) -> Named:
    return named(ctx.arn("apigateway", _path(req)), ctx.account)


def _shown(ctx: Context, rule: RoutingRule) -> dict[str, Any]:
    path = f"/domainnames/{rule.domain}/routingrules/{rule.id}"
    return {
        "Actions": rule.actions,
        "Conditions": rule.conditions,
        "Priority": rule.priority,
        "RoutingRuleArn": ctx.arn("apigateway", path),
        "RoutingRuleId": rule.id,
    }


def _require(tx: Reader, ctx: Context, req: Req) -> RoutingRule:
    require_domain(tx, ctx, req["DomainName"])
    found = tx.get(RULES, (ctx.account, ctx.region, req["DomainName"], req["RoutingRuleId"]))
    if found is None:
        raise NotFound("Invalid routing rule identifier specified")  # not confirmed
    return found


def _check(tx: Reader, rule: RoutingRule) -> None:
    """Raise the error for a rule that cannot be. The texts are not confirmed."""
    if not 1 <= rule.priority <= HIGHEST:
        raise BadRequest(f"Priority must be between 1 and {HIGHEST}")
    if len(rule.actions) != 1:
        raise BadRequest("A routing rule has exactly one action")
    for other in tx.scan(RULES, (rule.account, rule.region, rule.domain)):
        if other.priority == rule.priority and other.id != rule.id:
            raise Conflict(f"A routing rule with priority {rule.priority} already exists for this domain name")


def _made(ctx: Context, req: Req, id: str) -> RoutingRule:
    return RoutingRule(account=ctx.account, region=ctx.region, domain=req["DomainName"], id=id,
                       priority=req["Priority"], conditions=req["Conditions"], actions=req["Actions"])  # fmt: skip


@operation("apigatewayv2", "CreateRoutingRule", action="apigateway:CreateRoutingRule", resource=_named,
           fidelity="recorded")  # fmt: skip
def create_routing_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """Create a routing rule."""
    with ctx.write() as tx:
        require_domain(tx, ctx, req["DomainName"])
        rule = _made(ctx, req, ctx.ids.lower(8))
        _check(tx, rule)
        tx.put(RULES, rule)
    return _shown(ctx, rule)


@operation("apigatewayv2", "GetRoutingRule", action="apigateway:GetRoutingRule", resource=_named, fidelity="recorded")
def get_routing_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """One routing rule."""
    with ctx.read() as tx:
        return _shown(ctx, _require(tx, ctx, req))


@operation("apigatewayv2", "ListRoutingRules", action="apigateway:ListRoutingRules", resource=_named,
           fidelity="recorded")  # fmt: skip
def list_routing_rules(ctx: Context, req: Req) -> dict[str, Any]:
    """A page of a domain name's routing rules, by priority."""
    with ctx.read() as tx:
        domain = require_domain(tx, ctx, req["DomainName"])
        found = sorted(tx.scan(RULES, (ctx.account, ctx.region, domain.id)), key=lambda rule: rule.priority)
    return lists.page(ctx, req, found, key=lambda rule: rule.priority, shape=lambda rule: _shown(ctx, rule), size=100,
                      refused=lambda: BadRequest("Invalid nextToken"), scope=domain.id)  # fmt: skip


@operation("apigatewayv2", "PutRoutingRule", action="apigateway:UpdateRoutingRule", resource=_named,
           fidelity="recorded")  # fmt: skip
def put_routing_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """Replace a routing rule."""
    with ctx.write() as tx:
        rule = _made(ctx, req, _require(tx, ctx, req).id)
        _check(tx, rule)
        tx.put(RULES, rule)
    return _shown(ctx, rule)


@operation("apigatewayv2", "DeleteRoutingRule", action="apigateway:DeleteRoutingRule", resource=_named,
           fidelity="recorded")  # fmt: skip
def delete_routing_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """Remove a routing rule."""
    with ctx.write() as tx:
        tx.delete(RULES, RULES.key(_require(tx, ctx, req)))
    return {}
