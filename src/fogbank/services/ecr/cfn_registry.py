"""The resource types of a registry's settings. Of most there is one in each registry, whose Ref is the account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, text, unless
from fogbank.core.cfn_tables import Call, Named, table
from fogbank.core.context import Context
from fogbank.store.api import Reader

from .cfn import camel, encryption, mutability
from .errors import (
    CacheRuleNotFound,
    ExclusionNotFound,
    RegistryPolicyNotFound,
    SigningConfigurationNotFound,
    TemplateNotFound,
)
from .settings import CACHE_RULES, TEMPLATES, Template, registry_of

Properties = dict[str, Any]


class _Setting:
    """One setting of the registry: `put` sets it, `unset` takes it back."""

    def __init__(
        self, put: str, request: Callable[[Properties], Properties], unset: tuple[str, Properties], *gone: str
    ) -> None:
        self._put, self._request, self._unset, self._gone = put, request, unset, gone

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        await ctx.call("ecr", self._put, self._request(properties))
        return Resource(ctx.account, {"RegistryId": ctx.account})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await ctx.call("ecr", self._put, self._request(new))
        return Resource(physical_id, {"RegistryId": ctx.account})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("ecr", *self._unset), *self._gone)


REGISTRY_POLICY = table(
    "AWS::ECR::RegistryPolicy",
    _Setting(
        "PutRegistryPolicy",
        lambda p: {"policyText": text(p["PolicyText"])},
        ("DeleteRegistryPolicy", {}),
        RegistryPolicyNotFound.code,
    ),
)
REPLICATION = table(
    "AWS::ECR::ReplicationConfiguration",
    _Setting(
        "PutReplicationConfiguration",
        lambda p: {"replicationConfiguration": camel(p["ReplicationConfiguration"])},
        ("PutReplicationConfiguration", {"replicationConfiguration": {"rules": []}}),
    ),
)
SCANNING = table(
    "AWS::ECR::RegistryScanningConfiguration",
    _Setting(
        "PutRegistryScanningConfiguration",
        lambda p: {"scanType": p["ScanType"], "rules": camel(p["Rules"])},
        ("PutRegistryScanningConfiguration", {"scanType": "BASIC", "rules": []}),
    ),
)
SIGNING = table(
    "AWS::ECR::SigningConfiguration",
    _Setting(
        "PutSigningConfiguration",
        lambda p: {"signingConfiguration": {"rules": camel(p["Rules"])}},
        ("DeleteSigningConfiguration", {}),
        SigningConfigurationNotFound.code,
    ),
)


def _rule_made(tx: Reader, ctx: Context, name: Name, prefix: str, properties: Properties) -> bool:
    kept = tx.get(CACHE_RULES, (ctx.account, ctx.region, prefix.removesuffix("/")))
    return kept is not None and name.made(kept.created)


def _template_made(tx: Reader, ctx: Context, name: Name, prefix: str) -> Template | None:
    kept = tx.get(TEMPLATES, (ctx.account, ctx.region, prefix.removesuffix("/")))
    return kept if kept is not None and name.made(kept.created) else None


def _exclusion_made(tx: Reader, ctx: Context, name: Name, arn: str, properties: Properties) -> bool:
    since = registry_of(tx, ctx.account, ctx.region).exclusions.get(arn)
    return since is not None and name.made(since)


CACHE_RULE = table(
    "AWS::ECR::PullThroughCacheRule",  # Ref: the prefix
    Named(
        "ecr",
        name="EcrRepositoryPrefix",
        create=Call("CreatePullThroughCacheRule", lambda prefix, p: {**camel(p), "ecrRepositoryPrefix": prefix}),
        unchanging=True,
        delete=Call("DeletePullThroughCacheRule", lambda prefix, p: {"ecrRepositoryPrefix": prefix}),
        gone=(CacheRuleNotFound.code,),
        made=_rule_made,
    ),
)


def _template(prefix: str, p: Properties) -> Properties:
    same = ("AppliedFor", "CustomRoleArn", "Description", "LifecyclePolicy", "RepositoryPolicy")
    tags = {"resourceTags": [{"Key": tag["Key"], "Value": tag["Value"]} for tag in p.get("ResourceTags") or ()]}
    given = camel({name: p[name] for name in same if name in p})
    return {"prefix": prefix, **given, **tags, **mutability(p), **encryption(p)}


@resource("AWS::ECR::RepositoryCreationTemplate")
class RepositoryCreationTemplate:
    """Ref: the prefix. GetAtt: CreatedAt, UpdatedAt."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        prefix = properties["Prefix"]
        request = _template(prefix, properties)
        await create_once(
            name,
            lambda: ctx.call("ecr", "CreateRepositoryCreationTemplate", request),
            lambda: ctx.fetch(_template_made, ctx, name, prefix),
        )
        return await self._made(ctx, prefix)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        before, after = _template(physical_id, old), _template(physical_id, new)
        if after != before:
            emptied = {member: "" for member in before if member in _TEXTS}
            await ctx.call("ecr", "UpdateRepositoryCreationTemplate", {**emptied, **after})
        return await self._made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("ecr", "DeleteRepositoryCreationTemplate", {"prefix": physical_id})
        await unless(call, TemplateNotFound.code)

    @staticmethod
    async def _made(ctx: Context, prefix: str) -> Resource:
        found = await ctx.call("ecr", "DescribeRepositoryCreationTemplates", {"prefixes": [prefix]})
        (shown,) = found["repositoryCreationTemplates"]
        times = {name: datetime.fromtimestamp(shown[member], UTC).isoformat() for name, member in _TIMES.items()}
        return Resource(prefix, times)


_TEXTS = frozenset(("description", "lifecyclePolicy", "repositoryPolicy"))  # an empty text takes them away
_TIMES = {"CreatedAt": "createdAt", "UpdatedAt": "updatedAt"}
EXCLUSION = table(
    "AWS::ECR::PullTimeUpdateExclusion",  # Ref: the principal's ARN
    Named(
        "ecr",
        name="PrincipalArn",
        create=Call("RegisterPullTimeUpdateExclusion", lambda arn, p: {"principalArn": arn}),
        unchanging=True,
        delete=Call("DeregisterPullTimeUpdateExclusion", lambda arn, p: {"principalArn": arn}),
        gone=(ExclusionNotFound.code,),
        made=_exclusion_made,
    ),
)
