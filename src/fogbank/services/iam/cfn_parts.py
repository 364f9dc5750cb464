"""CloudFormation's IAM resource types that belong to an entity: inline policies, keys, memberships.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.core.cfn import Name, Resource, ResourceType, resource
from fogbank.core.cfn_calls import create_once, unless
from fogbank.core.cfn_tables import Call, Named, table
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfn_holders import GONE, policy_json

_TITLES = ("User", "Group", "Role")


@resource("AWS::IAM::Policy")
class Policy:
    """An inline policy embedded in several entities. Ref: a generated name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        try:
            await self._put(ctx, {}, properties)
        except ServiceError:
            await self._delete(ctx, properties, {})
            raise
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._put(ctx, old, new)
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await self._delete(ctx, properties, {})

    async def _put(self, ctx: Context, old: dict[str, Any], new: dict[str, Any]) -> None:
        document = policy_json(new["PolicyDocument"])
        for title in _TITLES:
            for name in new.get(f"{title}s") or []:
                request = {f"{title}Name": name, "PolicyName": new["PolicyName"], "PolicyDocument": document}
                await ctx.call("iam", f"Put{title}Policy", request)
        if old:
            await self._delete(ctx, old, new)

    @staticmethod
    async def _delete(ctx: Context, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Remove it from the entities that only `old` names, or under the name that only `old` has."""
        renamed = old["PolicyName"] != new.get("PolicyName")
        for title in _TITLES:
            for name in old.get(f"{title}s") or []:
                if renamed or name not in (new.get(f"{title}s") or []):
                    request = {f"{title}Name": name, "PolicyName": old["PolicyName"]}
                    await unless(ctx.call("iam", f"Delete{title}Policy", request), GONE)


def _embedded(title: str) -> ResourceType:
    """An inline policy of one entity. Ref: `policy|entity`."""
    field = f"{title}Name"

    def place(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {field: properties[field], "PolicyName": properties["PolicyName"]}

    def policy(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {**place(name, properties), "PolicyDocument": policy_json(properties["PolicyDocument"])}

    handler = Named(
        "iam",
        generate=lambda name, properties: f"{properties['PolicyName']}|{properties[field]}",
        create=Call(f"Put{title}Policy", policy),
        delete=Call(f"Delete{title}Policy", place),
        gone=(GONE,),
    )
    return table(f"AWS::IAM::{title}Policy", handler)


ROLE_POLICY = _embedded("Role")
USER_POLICY = _embedded("User")
GROUP_POLICY = _embedded("Group")


@resource("AWS::IAM::AccessKey")
class AccessKey:
    """Ref: the key id. GetAtt: SecretAccessKey."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        who = {"UserName": properties["UserName"]}

        async def make() -> str:
            return str((await ctx.call("iam", "CreateAccessKey", who))["AccessKey"]["AccessKeyId"])

        async def found() -> str | None:
            keys = (await ctx.call("iam", "ListAccessKeys", who))["AccessKeyMetadata"]
            made = (key["AccessKeyId"] for key in keys if name.made(key["CreateDate"], key["AccessKeyId"]))
            return next(made, None)

        key = await create_once(name, make, found)
        await self._status(ctx, key, properties)
        return await self._made(ctx, key)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._status(ctx, physical_id, {"Status": "Active", **new})
        return await self._made(ctx, physical_id)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        request = {"UserName": properties["UserName"], "AccessKeyId": physical_id}
        await unless(ctx.call("iam", "DeleteAccessKey", request), GONE)

    @staticmethod
    async def _made(ctx: Context, key: str) -> Resource:
        kept = await ctx.fetch(lambda tx: tx.get(records.ACCESS_KEYS, (key,)))  # GetAtt needs the secret each time
        return Resource(key, {"Id": key, "SecretAccessKey": kept.secret if kept else ""})

    @staticmethod
    async def _status(ctx: Context, key: str, properties: dict[str, Any]) -> None:
        if properties.get("Status"):
            request = {"UserName": properties["UserName"], "AccessKeyId": key, "Status": properties["Status"]}
            await ctx.call("iam", "UpdateAccessKey", request)


@resource("AWS::IAM::UserToGroupAddition")
class UserToGroupAddition:
    """Memberships. Ref: a generated name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        await self._add(ctx, properties)
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._add(ctx, new)
        same = old["GroupName"] == new["GroupName"]
        stay = set(new["Users"]) if same else set()
        await self._remove(ctx, old["GroupName"], [user for user in old["Users"] if user not in stay])
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await self._remove(ctx, properties["GroupName"], properties["Users"])

    @staticmethod
    async def _add(ctx: Context, properties: dict[str, Any]) -> None:
        for user in properties["Users"]:
            await ctx.call("iam", "AddUserToGroup", {"GroupName": properties["GroupName"], "UserName": user})

    @staticmethod
    async def _remove(ctx: Context, group: str, users: list[str]) -> None:
        for user in users:
            await unless(ctx.call("iam", "RemoveUserFromGroup", {"GroupName": group, "UserName": user}), GONE)


@resource("AWS::IAM::ServiceLinkedRole")
class ServiceLinkedRole:
    """Ref and GetAtt RoleName: the role's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        wanted = ("AWSServiceName", "CustomSuffix", "Description")
        request = {key: properties[key] for key in wanted if properties.get(key)}

        async def make() -> str:
            return str((await ctx.call("iam", "CreateServiceLinkedRole", request))["Role"]["RoleName"])

        async def found() -> str | None:
            path = f"/aws-service-role/{properties['AWSServiceName']}/"
            roles = (await ctx.call("iam", "ListRoles", {"PathPrefix": path}))["Roles"]
            suffix = f"_{properties['CustomSuffix']}" if properties.get("CustomSuffix") else ""
            ours = (role for role in roles if role["RoleName"].endswith(suffix))
            return next((r["RoleName"] for r in ours if name.made(r["CreateDate"], r["RoleName"])), None)

        role = await create_once(name, make, found)
        return Resource(role, {"RoleName": role})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = {"RoleName": physical_id, "Description": new.get("Description") or ""}
        await ctx.call("iam", "UpdateRoleDescription", request)
        return Resource(physical_id, {"RoleName": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await unless(ctx.call("iam", "DeleteServiceLinkedRole", {"RoleName": physical_id}), GONE)
