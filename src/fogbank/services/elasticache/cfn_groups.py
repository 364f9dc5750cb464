"""AWS::ElastiCache::ParameterGroup, SubnetGroup, User and UserGroup: resources that clusters refer to.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElastiCache.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import unless
from fogbank.core.context import Context

from . import names
from .cfn import changes, once, request, retag
from .errors import ParameterGroupNotFound, SubnetGroupNotFound, UserGroupNotFound, UserNotFound

Properties = dict[str, Any]


@resource("AWS::ElastiCache::ParameterGroup")
class ParameterGroup:
    """Ref: the name. GetAtt: CacheParameterGroupName."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        generated = name.physical(limit=255, lower=True)
        chosen = properties.get("CacheParameterGroupName") or generated
        given = {key: value for key, value in request(properties).items() if key != "Properties"}
        call = ctx.call("elasticache", "CreateCacheParameterGroup", {**given, "CacheParameterGroupName": chosen})
        await once(name, chosen, call, "CacheParameterGroupAlreadyExists")
        await self._set(ctx, chosen, properties.get("Properties") or {})
        return Resource(chosen, {"CacheParameterGroupName": chosen})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        before, after = old.get("Properties") or {}, new.get("Properties") or {}
        reset = [{"ParameterName": key} for key in before if key not in after]
        if reset:
            target = {"CacheParameterGroupName": physical_id, "ParameterNameValues": reset}
            await ctx.call("elasticache", "ResetCacheParameterGroup", target)
        await self._set(ctx, physical_id, {key: value for key, value in after.items() if before.get(key) != value})
        await retag(ctx, names.arn(ctx, names.PARAMETERS, physical_id), old, new)
        return Resource(physical_id, {"CacheParameterGroupName": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("elasticache", "DeleteCacheParameterGroup", {"CacheParameterGroupName": physical_id})
        await unless(call, ParameterGroupNotFound.code)

    @staticmethod
    async def _set(ctx: Context, name: str, values: Properties) -> None:
        given = [{"ParameterName": key, "ParameterValue": str(value)} for key, value in values.items()]
        for start in range(0, len(given), 20):  # "a maximum of 20 parameters may be modified in a single request"
            target = {"CacheParameterGroupName": name, "ParameterNameValues": given[start : start + 20]}
            await ctx.call("elasticache", "ModifyCacheParameterGroup", target)


@resource("AWS::ElastiCache::SubnetGroup")
class SubnetGroup:
    """Ref: the name."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        generated = name.physical(limit=255, lower=True)
        chosen = (properties.get("CacheSubnetGroupName") or generated).lower()
        call = ctx.call("elasticache", "CreateCacheSubnetGroup", {
            "CacheSubnetGroupName": chosen, "CacheSubnetGroupDescription": properties["Description"],
            "SubnetIds": properties["SubnetIds"], "Tags": request(properties).get("Tags", []),
        })  # fmt: skip
        await once(name, chosen, call, "CacheSubnetGroupAlreadyExists")
        return Resource(chosen)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await ctx.call("elasticache", "ModifyCacheSubnetGroup", {
            "CacheSubnetGroupName": physical_id, "CacheSubnetGroupDescription": new["Description"],
            "SubnetIds": new["SubnetIds"],
        })  # fmt: skip
        await retag(ctx, names.arn(ctx, names.SUBNETS, physical_id), old, new)
        return Resource(physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        call = ctx.call("elasticache", "DeleteCacheSubnetGroup", {"CacheSubnetGroupName": physical_id})
        await unless(call, SubnetGroupNotFound.code)


@resource("AWS::ElastiCache::User")
class User:
    """Ref: the id. GetAtt: Arn, Status."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        given = {"AccessString": "off -@all", **request(properties)}
        made = await once(name, given["UserId"], ctx.call("elasticache", "CreateUser", given), "UserAlreadyExists")
        if made is None:
            (made,) = (await ctx.call("elasticache", "DescribeUsers", {"UserId": given["UserId"]}))["Users"]
        return Resource(made["UserId"], {"Arn": made["ARN"], "Status": made["Status"]})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        changed = changes(old, new, "AccessString", "Passwords", "NoPasswordRequired", "AuthenticationMode", "Engine")
        made = await ctx.call("elasticache", "ModifyUser", {"UserId": physical_id, **changed})
        await retag(ctx, made["ARN"], old, new)
        return Resource(made["UserId"], {"Arn": made["ARN"], "Status": made["Status"]})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("elasticache", "DeleteUser", {"UserId": physical_id}), UserNotFound.code)


@resource("AWS::ElastiCache::UserGroup")
class UserGroup:
    """Ref: the id. GetAtt: Arn, Status."""

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        id = properties["UserGroupId"]
        made = await once(
            name, id, ctx.call("elasticache", "CreateUserGroup", request(properties)), "UserGroupAlreadyExists"
        )
        if made is None:
            (made,) = (await ctx.call("elasticache", "DescribeUserGroups", {"UserGroupId": id}))["UserGroups"]
        return Resource(made["UserGroupId"], {"Arn": made["ARN"], "Status": made["Status"]})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        before, after = set(old.get("UserIds") or ()), set(new.get("UserIds") or ())
        lists = {"UserIdsToAdd": sorted(after - before), "UserIdsToRemove": sorted(before - after)}
        changed = {member: ids for member, ids in lists.items() if ids} | changes(old, new, "Engine")
        made = await ctx.call("elasticache", "ModifyUserGroup", {"UserGroupId": physical_id, **changed})
        await retag(ctx, made["ARN"], old, new)
        return Resource(made["UserGroupId"], {"Arn": made["ARN"], "Status": made["Status"]})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(ctx.call("elasticache", "DeleteUserGroup", {"UserGroupId": physical_id}), UserGroupNotFound.code)
