"""CloudFormation's IAM resource types that have a name of their own: roles, users, groups, managed policies, profiles.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.cfn_calls import everything, given, unless, without_system
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.wire.timestamps import iso8601

from .cfn_holders import GONE, Holder, attach, create, drop, policy_json, stack_tags, sync


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
            **given(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        }
        await create(ctx, name, "Role", request, RoleName=chosen)
        await _finish(ctx, self.holder, chosen, {}, properties)
        return await self._read(ctx, chosen)

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None:
        who = {"RoleName": physical_id}
        answer = await unless(ctx.call("iam", "GetRole", who), GONE)
        if answer is None:
            return None
        role = answer["Role"]
        attached = await everything(
            lambda more: ctx.call("iam", "ListAttachedRolePolicies", {**who, **more}), "AttachedPolicies"
        )
        return {
            "AssumeRolePolicyDocument": json.loads(unquote(role["AssumeRolePolicyDocument"])),
            "Description": role.get("Description") or None,
            "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached] or None,
            "PermissionsBoundary": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "Tags": without_system(role.get("Tags") or ()) or None,
            **given(role, "MaxSessionDuration", "Path", "RoleName"),
        }

    async def list(self, ctx: Context) -> list[str]:
        found = await everything(lambda more: ctx.call("iam", "ListRoles", more), "Roles")
        return [role["RoleName"] for role in found]

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
            **given(properties, "Path", "PermissionsBoundary"),
        }
        await create(ctx, name, "User", request, UserName=chosen)
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
        request = {"GroupName": chosen, **given(properties, "Path")}
        await create(ctx, name, "Group", request, GroupName=chosen)
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
            **given(properties, "Path", "Description"),
        }
        arn = ctx.arn("iam", f"policy{properties.get('Path') or '/'}{chosen}", region="")
        await create(ctx, name, "Policy", request, PolicyArn=arn)
        try:
            await attach(ctx, arn, {}, properties)
        except ServiceError:
            await self.delete(ctx, arn, properties)
            raise
        return await self._read(ctx, arn)

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
        await unless(self._drop(ctx, physical_id), GONE)

    @staticmethod
    async def _drop(ctx: Context, arn: str) -> None:
        for version in (await ctx.call("iam", "ListPolicyVersions", {"PolicyArn": arn}))["Versions"]:
            if not version["IsDefaultVersion"]:
                await ctx.call("iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": version["VersionId"]})
        await ctx.call("iam", "DeletePolicy", {"PolicyArn": arn})

    @staticmethod
    async def _read(ctx: Context, arn: str) -> Resource:
        policy = (await ctx.call("iam", "GetPolicy", {"PolicyArn": arn}))["Policy"]
        wanted = ("PolicyId", "AttachmentCount", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount")
        times = {key: iso8601(policy[key]) for key in ("CreateDate", "UpdateDate")}
        return Resource(arn, {"PolicyArn": arn, **{key: policy[key] for key in wanted}, **times})


@resource("AWS::IAM::InstanceProfile")
class InstanceProfile:
    """Ref: the name. GetAtt: Arn."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        chosen = properties.get("InstanceProfileName") or name.physical(limit=128)
        request = {
            "InstanceProfileName": chosen,
            "Tags": stack_tags(name, {}),
            **given(properties, "Path"),
        }
        await create(ctx, name, "InstanceProfile", request, InstanceProfileName=chosen)
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
        await unless(self._drop(ctx, physical_id), GONE)

    async def _drop(self, ctx: Context, name: str) -> None:
        await self._roles(ctx, name, {})
        await ctx.call("iam", "DeleteInstanceProfile", {"InstanceProfileName": name})

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
