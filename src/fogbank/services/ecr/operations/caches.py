"""Pull through cache rules."""

from __future__ import annotations

from typing import Any

from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import find, upstream, upstream_registries
from ..errors import (
    CacheRuleAlreadyExists,
    CacheRuleNotFound,
    InvalidParameter,
    LimitExceeded,
    UnableToGetUpstreamImage,
    UnsupportedUpstream,
)
from ..settings import CACHE_RULES, CacheRule
from .templates import check_prefix

Req = dict[str, Any]
RULES = 50  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html


@operation("ecr", "CreatePullThroughCacheRule", resource=find.with_role)
def create_pull_through_cache_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html"""
    _mine(ctx, req)
    prefix = check_prefix(req["ecrRepositoryPrefix"], "ecrRepositoryPrefix")
    url = req["upstreamRegistryUrl"]
    kind = upstream_registries.kind_of(url)
    if kind is None or req.get("upstreamRegistry", kind) != kind:
        raise UnsupportedUpstream(f"The upstream registry '{url}' is not supported")
    now, given = ctx.now(), req.get("upstreamRepositoryPrefix")
    made = CacheRule(
        account=ctx.account,
        region=ctx.region,
        prefix=prefix,
        url=url,
        upstream=kind,
        created=now,
        updated=now,
        credential=req.get("credentialArn"),
        role=req.get("customRoleArn"),
        upstream_prefix=check_prefix(given, "upstreamRepositoryPrefix") if given else None,
    )
    with ctx.write() as tx:
        if tx.get(CACHE_RULES, CACHE_RULES.key(made)) is not None:
            raise CacheRuleAlreadyExists(
                f"A pull through cache rule with prefix '{prefix}' already exists in the registry with id "
                f"'{ctx.account}'"
            )
        if tx.count(CACHE_RULES, (ctx.account, ctx.region)) >= RULES:
            raise LimitExceeded(f"The limit of {RULES} pull through cache rules has been exceeded")
        tx.put(CACHE_RULES, made)
    return {**_shape(made), "upstreamRegistry": kind}


def _mine(ctx: Context, req: Req) -> None:
    if find.account_of(ctx, req) != ctx.account:
        raise InvalidParameter.at("registryId", "must be the id of the caller's registry")


@operation("ecr", "UpdatePullThroughCacheRule", resource=find.with_role)
def update_pull_through_cache_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdatePullThroughCacheRule.html"""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        found.credential = req.get("credentialArn") or found.credential
        found.role = req.get("customRoleArn") or found.role
        found.updated = ctx.now()
        tx.put(CACHE_RULES, found)
    shown = {name: value for name, value in _shape(found).items() if name not in ("createdAt", "upstreamRegistryUrl")}
    return {**shown, "updatedAt": found.updated}


@operation("ecr", "DeletePullThroughCacheRule", resource="*")
def delete_pull_through_cache_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeletePullThroughCacheRule.html"""
    with ctx.write() as tx:
        found = _require(tx, ctx, req)
        tx.delete(CACHE_RULES, CACHE_RULES.key(found))
    return _shape(found)


@operation("ecr", "DescribePullThroughCacheRules", resource="*")
def describe_pull_through_cache_rules(ctx: Context, req: Req) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribePullThroughCacheRules.html"""
    _mine(ctx, req)
    asked = req.get("ecrRepositoryPrefixes") or []
    with ctx.read() as tx:
        if asked:
            found = [_require(tx, ctx, {"ecrRepositoryPrefix": prefix}) for prefix in asked]
            return {"pullThroughCacheRules": [_described(each) for each in found]}
        listed = list(tx.scan(CACHE_RULES, (ctx.account, ctx.region)))
    return lists.page(
        ctx,
        req,
        listed,
        key=lambda each: each.prefix,
        shape=_described,
        size=100,
        refused=lambda: InvalidParameter.at("nextToken", "must be a token that this operation returned"),
    )


@operation("ecr", "ValidatePullThroughCacheRule", resource="*")
async def validate_pull_through_cache_rule(ctx: Context, req: Req) -> dict[str, Any]:
    """Asks the upstream registry whether it takes the rule's credentials.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ValidatePullThroughCacheRule.html
    """
    found = await ctx.fetch(_require, ctx, req)
    shown = {name: value for name, value in _shape(found).items() if name != "createdAt"}
    try:
        await upstream.check(ctx, found)
    except UnableToGetUpstreamImage as error:
        return {**shown, "isValid": False, "failure": error.message}
    return {**shown, "isValid": True}


def _require(tx: Reader, ctx: Context, req: Req) -> CacheRule:
    _mine(ctx, req)
    prefix = check_prefix(req["ecrRepositoryPrefix"], "ecrRepositoryPrefix")
    found = tx.get(CACHE_RULES, (ctx.account, ctx.region, prefix))
    if found is None:
        raise CacheRuleNotFound(
            f"The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{ctx.account}'"
        )
    return found


def _shape(found: CacheRule) -> dict[str, Any]:
    # without a default for upstreamRepositoryPrefix: Terraform would want to replace the rule
    optional = {
        "credentialArn": found.credential,
        "customRoleArn": found.role,
        "upstreamRepositoryPrefix": found.upstream_prefix,
    }
    return {
        "ecrRepositoryPrefix": found.prefix,
        "upstreamRegistryUrl": found.url,
        "createdAt": found.created,
        "registryId": found.account,
        **{name: value for name, value in optional.items() if value},
    }


def _described(found: CacheRule) -> dict[str, Any]:
    return {**_shape(found), "upstreamRegistry": found.upstream, "updatedAt": found.updated}
