"""CloudFormation's IAM resource types that have a name of their own: roles, users, groups, managed policies, profiles.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfn_holders import Holder, attach, drop, ensure, gone_is_fine, policy_json, stack_tags, sync


@resource("AWS::IAM::Role")
class Role:
    """Ref: the name. GetAtt: Arn, RoleId."""

    holder = Holder("Role", "RoleName", tagged=True)

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("RoleName") or name.physical()
        request = {
            "RoleName": chosen,
            "AssumeRolePolicyDocument": policy_json(properties["AssumeRolePolicyDocument"]),
            "Tags": stack_tags(name, properties),
            **_some(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        }
        await ensure(ctx, self.holder, name, "CreateRole", request)
        await _finish(ctx, self.holder, chosen, {}, properties)
        return await self._read(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        who = {"RoleName": physical_id}
        trust = policy_json(new["AssumeRolePolicyDocument"])
        await ctx.call("iam", "UpdateAssumeRolePolicy", {**who, "PolicyDocument": trust})
        await ctx.call(
            "iam",
            "UpdateRole",
            {
                **who,
                "Description": new.get("Description") or "",
                "MaxSessionDuration": int(new.get("MaxSessionDuration") or 3600),
            },
        )
        await sync(ctx, self.holder, physical_id, old, new)
        return await self._read(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await drop(ctx, self.holder, physical_id)

    @staticmethod
    async def _read(ctx: Context, name: str) -> Resource:
        role = (await ctx.call("iam", "GetRole", {"RoleName": name}))["Role"]
        return Resource(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


@resource("AWS::IAM::User")
class User:
    """Ref: the name. GetAtt: Arn."""

    holder = Holder("User", "UserName", tagged=True)

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("UserName") or name.physical()
        request = {
            "UserName": chosen,
            "Tags": stack_tags(name, properties),
            **_some(properties, "Path", "PermissionsBoundary"),
        }
        await ensure(ctx, self.holder, name, "CreateUser", request)
        await _finish(ctx, self.holder, chosen, {}, properties)
        return await self._read(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        if (new.get("Path") or "/") != (old.get("Path") or "/"):
            await ctx.call("iam", "UpdateUser", {"UserName": physical_id, "NewPath": new.get("Path") or "/"})
        await sync(ctx, self.holder, physical_id, old, new)
        return await self._read(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await drop(ctx, self.holder, physical_id)

    @staticmethod
    async def _read(ctx: Context, name: str) -> Resource:
        user = (await ctx.call("iam", "GetUser", {"UserName": name}))["User"]
        return Resource(name, {"Arn": user["Arn"]})


@resource("AWS::IAM::Group")
class Group:
    """Ref: the name. GetAtt: Arn."""

    holder = Holder("Group", "GroupName", tagged=False)

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("GroupName") or name.physical()
        await ensure(ctx, self.holder, name, "CreateGroup", {"GroupName": chosen, **_some(properties, "Path")})
        await _finish(ctx, self.holder, chosen, {}, properties)
        return await self._read(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        if (new.get("Path") or "/") != (old.get("Path") or "/"):
            await ctx.call("iam", "UpdateGroup", {"GroupName": physical_id, "NewPath": new.get("Path") or "/"})
        await sync(ctx, self.holder, physical_id, old, new)
        return await self._read(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await drop(ctx, self.holder, physical_id)

    @staticmethod
    async def _read(ctx: Context, name: str) -> Resource:
        group = (await ctx.call("iam", "GetGroup", {"GroupName": name}))["Group"]
        return Resource(name, {"Arn": group["Arn"]})


async def _finish(ctx: Context, holder: Holder, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Attach what belongs to a new entity; what cannot be finished does not stay behind."""
    try:
        await sync(ctx, holder, name, old, new)
    except ServiceError:
        await drop(ctx, holder, name)
        raise


def _some(properties: dict[str, Any], *names: str) -> dict[str, Any]:
    found = {name: properties[name] for name in names if properties.get(name) not in (None, "")}
    if "MaxSessionDuration" in found:
        found["MaxSessionDuration"] = int(found["MaxSessionDuration"])
    return found


# -- managed policies --------------------------------------------------------------------------------------------------


@resource("AWS::IAM::ManagedPolicy")
class ManagedPolicy:
    """Ref: the ARN. GetAtt: PolicyArn, PolicyId, AttachmentCount, DefaultVersionId, IsAttachable, …"""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("ManagedPolicyName") or name.physical(limit=128)
        request = {
            "PolicyName": chosen,
            "PolicyDocument": policy_json(properties["PolicyDocument"]),
            "Tags": stack_tags(name, properties),
            **_some(properties, "Path", "Description"),
        }
        arn = ctx.arn("iam", f"policy{properties.get('Path') or '/'}{chosen}", region="")
        try:
            await ctx.call("iam", "CreatePolicy", request)
        except ServiceError as error:
            if error.code != "EntityAlreadyExists" or not await self._ours(ctx, arn, name):
                raise
        try:
            await attach(ctx, arn, {}, properties)
        except ServiceError:
            await self.delete(ctx, arn, properties)
            raise
        return await self._read(ctx, arn)

    @staticmethod
    async def _ours(ctx: Context, arn: str, name: Name) -> bool:
        """Whether an earlier try of this creation made it."""
        try:
            tags = (await ctx.call("iam", "ListPolicyTags", {"PolicyArn": arn}))["Tags"]
        except ServiceError:
            return False
        return {"Key": "aws:cloudformation:stack-id", "Value": name.stack_id} in tags

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        document = policy_json(new["PolicyDocument"])
        if document != policy_json(old["PolicyDocument"]):
            versions = (await ctx.call("iam", "ListPolicyVersions", {"PolicyArn": physical_id}))["Versions"]
            if len(versions) >= 5:
                oldest = [version for version in versions if not version["IsDefaultVersion"]][-1]["VersionId"]
                await ctx.call("iam", "DeletePolicyVersion", {"PolicyArn": physical_id, "VersionId": oldest})
            request = {"PolicyArn": physical_id, "PolicyDocument": document, "SetAsDefault": True}
            await ctx.call("iam", "CreatePolicyVersion", request)
        await attach(ctx, physical_id, old, new)
        return await self._read(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await attach(ctx, physical_id, properties, {})
        with gone_is_fine():
            versions = (await ctx.call("iam", "ListPolicyVersions", {"PolicyArn": physical_id}))["Versions"]
            for version in versions:
                if not version["IsDefaultVersion"]:
                    request = {"PolicyArn": physical_id, "VersionId": version["VersionId"]}
                    await ctx.call("iam", "DeletePolicyVersion", request)
            await ctx.call("iam", "DeletePolicy", {"PolicyArn": physical_id})

    @staticmethod
    async def _read(ctx: Context, arn: str) -> Resource:
        policy = (await ctx.call("iam", "GetPolicy", {"PolicyArn": arn}))["Policy"]
        wanted = ("PolicyId", "AttachmentCount", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount")
        return Resource(arn, {"PolicyArn": arn, **{key: policy[key] for key in wanted}})


@resource("AWS::IAM::InstanceProfile")
class InstanceProfile:
    """Ref: the name. GetAtt: Arn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("InstanceProfileName") or name.physical(limit=128)
        request = {
            "InstanceProfileName": chosen,
            "Tags": stack_tags(name, {}),
            **_some(properties, "Path"),
        }
        try:
            await ctx.call("iam", "CreateInstanceProfile", request)
        except ServiceError as error:
            if error.code != "EntityAlreadyExists":
                raise
            tags = (await ctx.call("iam", "ListInstanceProfileTags", {"InstanceProfileName": chosen}))["Tags"]
            if {"Key": "aws:cloudformation:stack-id", "Value": name.stack_id} not in tags:
                raise
        try:
            await self._roles(ctx, chosen, properties)
        except ServiceError:
            await self.delete(ctx, chosen, properties)
            raise
        return await self._read(ctx, chosen)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._roles(ctx, physical_id, new)
        return await self._read(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        with gone_is_fine():
            await self._roles(ctx, physical_id, {})
            await ctx.call("iam", "DeleteInstanceProfile", {"InstanceProfileName": physical_id})

    @staticmethod
    async def _roles(ctx: Context, name: str, properties: dict[str, Any]) -> None:
        """Make the profile carry exactly the roles of the properties."""
        who = {"InstanceProfileName": name}
        profile = (await ctx.call("iam", "GetInstanceProfile", who))["InstanceProfile"]
        present = [role["RoleName"] for role in profile["Roles"]]
        wanted = list(properties.get("Roles") or [])
        for role in present:
            if role not in wanted:
                await ctx.call("iam", "RemoveRoleFromInstanceProfile", {**who, "RoleName": role})
        for role in wanted:
            if role not in present:
                await ctx.call("iam", "AddRoleToInstanceProfile", {**who, "RoleName": role})

    @staticmethod
    async def _read(ctx: Context, name: str) -> Resource:
        found = await ctx.call("iam", "GetInstanceProfile", {"InstanceProfileName": name})
        return Resource(name, {"Arn": found["InstanceProfile"]["Arn"]})
