"""AWS::ECR::Repository and AWS::ECR::PublicRepository; `cfn_registry.py` has the types of a registry's settings.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import create_once, text, unless
from fogbank.core.cfn_tables import Tags, change_tags, tags_of
from fogbank.core.context import Context
from fogbank.core.tags import to_list
from fogbank.store.api import Reader

from . import names
from .errors import LifecyclePolicyNotFound, RepositoryNotFound, RepositoryPolicyNotFound
from .find import arn_of
from .records import PUBLIC, REPOSITORIES, Repository

Properties = dict[str, Any]


def camel(value: Any) -> Any:
    """Properties as members of a request: all names begin with a small letter."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: camel(each) for name, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def exclusions(properties: Properties) -> list[dict[str, str]]:
    """The exclusion filters of a repository or a template, whose properties have long names."""
    return [
        {
            "filterType": each["ImageTagMutabilityExclusionFilterType"],
            "filter": each["ImageTagMutabilityExclusionFilterValue"],
        }
        for each in properties.get("ImageTagMutabilityExclusionFilters") or ()
    ]


def mutability(properties: Properties) -> Properties:
    filters = exclusions(properties)
    return {
        "imageTagMutability": properties.get("ImageTagMutability") or "MUTABLE",
        **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
    }


def encryption(properties: Properties) -> Properties:
    given = properties.get("EncryptionConfiguration")
    if not given:
        return {}
    key = {"kmsKey": given["KmsKey"]} if given.get("KmsKey") else {}
    return {"encryptionConfiguration": {"encryptionType": given["EncryptionType"], **key}}


def _tagging(region: bool) -> Tags:
    def arn(ctx: Context, name: str) -> str:
        return arn_of(ctx, (ctx.account, ctx.region if region else PUBLIC, name))

    return Tags(
        untag=("UntagResource", lambda ctx, name, keys: {"resourceArn": arn(ctx, name), "tagKeys": keys}),
        tag=("TagResource", lambda ctx, name, tags: {"resourceArn": arn(ctx, name), "tags": to_list(tags)}),
    )


class _Repository:
    """What both types of repositories share. `service` is their API."""

    service = "ecr"
    tagging = _tagging(True)

    def request(self, properties: Properties) -> Properties:
        raise NotImplementedError

    async def settle(self, ctx: Context, name: str, old: Properties, new: Properties) -> None:
        """Set what the creation does not set, where it differs from before."""
        if new.get("RepositoryPolicyText") == old.get("RepositoryPolicyText"):
            return
        if new.get("RepositoryPolicyText"):
            policy = text(new["RepositoryPolicyText"])
            await ctx.call(self.service, "SetRepositoryPolicy", {"repositoryName": name, "policyText": policy})
        else:
            call = ctx.call(self.service, "DeleteRepositoryPolicy", {"repositoryName": name})
            await unless(call, RepositoryPolicyNotFound.code)

    def made(self, ctx: Context, name: str) -> Resource:
        raise NotImplementedError

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        chosen = properties.get("RepositoryName") or name.physical(limit=256, lower=True)
        request = {"repositoryName": chosen, "tags": to_list(tags_of(properties)), **self.request(properties)}
        region = ctx.region if self.service == "ecr" else PUBLIC

        def earlier(tx: Reader) -> Repository | None:
            kept = tx.get(REPOSITORIES, (ctx.account, region, chosen))
            return kept if kept is not None and name.made(kept.created) else None

        await create_once(name, lambda: ctx.call(self.service, "CreateRepository", request), lambda: ctx.fetch(earlier))
        await self.settle(ctx, chosen, {}, properties)
        return self.made(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await self.settle(ctx, physical_id, old, new)
        await change_tags(ctx, self.service, self.tagging, physical_id, old, new)
        return self.made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {"repositoryName": physical_id, "force": bool(properties.get("EmptyOnDelete"))}
        await unless(ctx.call(self.service, "DeleteRepository", request), RepositoryNotFound.code)


@resource("AWS::ECR::Repository")
class PrivateRepository(_Repository):
    """Ref: the name. GetAtt: Arn, RepositoryUri."""

    def request(self, properties: Properties) -> Properties:
        return {**mutability(properties), **_scanning(properties), **encryption(properties)}

    async def settle(self, ctx: Context, name: str, old: Properties, new: Properties) -> None:
        await super().settle(ctx, name, old, new)
        target = {"repositoryName": name}
        before, after = _lifecycle(old), _lifecycle(new)
        if after and after != before:
            await ctx.call("ecr", "PutLifecyclePolicy", {**target, "lifecyclePolicyText": after})
        elif before and not after:
            await unless(ctx.call("ecr", "DeleteLifecyclePolicy", target), LifecyclePolicyNotFound.code)
        if not old:
            return
        if mutability(new) != mutability(old):
            await ctx.call("ecr", "PutImageTagMutability", {**target, **mutability(new)})
        if _scanning(new) != _scanning(old):
            await ctx.call("ecr", "PutImageScanningConfiguration", {**target, **_scanning(new)})

    def made(self, ctx: Context, name: str) -> Resource:
        uri = names.repository_uri(ctx, ctx.account, ctx.region, name)
        return Resource(name, {"Arn": arn_of(ctx, (ctx.account, ctx.region, name)), "RepositoryUri": uri})


def _scanning(properties: Properties) -> Properties:
    on_push = bool((properties.get("ImageScanningConfiguration") or {}).get("ScanOnPush"))
    return {"imageScanningConfiguration": {"scanOnPush": on_push}}


def _lifecycle(properties: Properties) -> str:
    return str((properties.get("LifecyclePolicy") or {}).get("LifecyclePolicyText") or "")


@resource("AWS::ECR::PublicRepository")
class PublicRepository(_Repository):
    """Ref: the name. GetAtt: Arn."""

    service = "ecr-public"
    tagging = _tagging(False)

    def request(self, properties: Properties) -> Properties:
        catalog = _catalog(properties)
        return {"catalogData": catalog} if catalog else {}

    async def settle(self, ctx: Context, name: str, old: Properties, new: Properties) -> None:
        await super().settle(ctx, name, old, new)
        if old and _catalog(new) != _catalog(old):
            request = {"repositoryName": name, "catalogData": _catalog(new)}
            await ctx.call("ecr-public", "PutRepositoryCatalogData", request)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {"repositoryName": physical_id, "force": True}  # "deletes the repository with its images"
        await unless(ctx.call(self.service, "DeleteRepository", request), RepositoryNotFound.code)

    def made(self, ctx: Context, name: str) -> Resource:
        return Resource(name, {"Arn": arn_of(ctx, (ctx.account, PUBLIC, name))})


def _catalog(properties: Properties) -> Properties:
    given = properties.get("RepositoryCatalogData") or {}
    members = {
        "UsageText": "usageText",
        "AboutText": "aboutText",
        "OperatingSystems": "operatingSystems",
        "Architectures": "architectures",
        "RepositoryDescription": "description",
    }
    return {member: given[name] for name, member in members.items() if given.get(name)}
