"""CloudFormation's IAM resource types that belong to an entity: inline policies, keys, memberships.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.core.cfn import Name, Resource, resource
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .cfn_holders import gone_is_fine, policy_json

_TITLES = ("User", "Group", "Role")


@resource("AWS::IAM::Policy", immutable=("PolicyName",))
class Policy:
    """An inline policy embedded in several entities. Ref: a generated name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        try:
            await self._put(ctx, {}, properties)
        except ServiceError:
            await self._delete(ctx, properties, {})
            raise
        return Resource(name.physical(), {})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._put(ctx, old, new)
        return Resource(physical_id, {})

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
        """Remove it from the entities that only `old` names."""
        for title in _TITLES:
            for name in old.get(f"{title}s") or []:
                if name not in (new.get(f"{title}s") or []):
                    with gone_is_fine():
                        request = {f"{title}Name": name, "PolicyName": old["PolicyName"]}
                        await ctx.call("iam", f"Delete{title}Policy", request)


class _Embedded:
    """An inline policy of one entity. Ref: `policy|entity`."""

    title: str

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        return await self._put(ctx, properties)

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        return await self._put(ctx, new)

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        field = f"{self.title}Name"
        request = {field: properties[field], "PolicyName": properties["PolicyName"]}
        with gone_is_fine():
            await ctx.call("iam", f"Delete{self.title}Policy", request)

    async def _put(self, ctx: Context, properties: dict[str, Any]) -> Resource:
        field = f"{self.title}Name"
        document = policy_json(properties["PolicyDocument"])
        request = {field: properties[field], "PolicyName": properties["PolicyName"], "PolicyDocument": document}
        await ctx.call("iam", f"Put{self.title}Policy", request)
        return Resource(f"{properties['PolicyName']}|{properties[field]}", {})


@resource("AWS::IAM::RolePolicy")
class RolePolicy(_Embedded):
    """An inline policy of a role."""

    title = "Role"


@resource("AWS::IAM::UserPolicy")
class UserPolicy(_Embedded):
    """An inline policy of a user."""

    title = "User"


@resource("AWS::IAM::GroupPolicy")
class GroupPolicy(_Embedded):
    """An inline policy of a group."""

    title = "Group"


@resource("AWS::IAM::AccessKey")
class AccessKey:
    """Ref: the key id. GetAtt: SecretAccessKey."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        key = (await ctx.call("iam", "CreateAccessKey", {"UserName": properties["UserName"]}))["AccessKey"]
        await self._status(ctx, key["AccessKeyId"], properties)
        return Resource(key["AccessKeyId"], {"SecretAccessKey": key["SecretAccessKey"]})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._status(ctx, physical_id, {"Status": "Active", **new})
        kept = await ctx.fetch(lambda tx: tx.get(records.ACCESS_KEYS, (physical_id,)))  # GetAtt needs the secret again
        return Resource(physical_id, {"SecretAccessKey": kept.secret if kept else ""})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        with gone_is_fine():
            request = {"UserName": properties["UserName"], "AccessKeyId": physical_id}
            await ctx.call("iam", "DeleteAccessKey", request)

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
        return Resource(name.physical(), {})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        await self._add(ctx, new)
        same = old["GroupName"] == new["GroupName"]
        stay = set(new["Users"]) if same else set()
        await self._remove(ctx, old["GroupName"], [user for user in old["Users"] if user not in stay])
        return Resource(physical_id, {})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        await self._remove(ctx, properties["GroupName"], properties["Users"])

    @staticmethod
    async def _add(ctx: Context, properties: dict[str, Any]) -> None:
        for user in properties["Users"]:
            await ctx.call("iam", "AddUserToGroup", {"GroupName": properties["GroupName"], "UserName": user})

    @staticmethod
    async def _remove(ctx: Context, group: str, users: list[str]) -> None:
        for user in users:
            with gone_is_fine():
                await ctx.call("iam", "RemoveUserFromGroup", {"GroupName": group, "UserName": user})


@resource("AWS::IAM::ServiceLinkedRole")
class ServiceLinkedRole:
    """Ref and GetAtt RoleName: the role's name."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource:
        wanted = ("AWSServiceName", "CustomSuffix", "Description")
        request = {key: properties[key] for key in wanted if properties.get(key)}
        role = (await ctx.call("iam", "CreateServiceLinkedRole", request))["Role"]
        return Resource(role["RoleName"], {"RoleName": role["RoleName"]})

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource:
        request = {"RoleName": physical_id, "Description": new.get("Description") or ""}
        await ctx.call("iam", "UpdateRoleDescription", request)
        return Resource(physical_id, {"RoleName": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None:
        with gone_is_fine():
            await ctx.call("iam", "DeleteServiceLinkedRole", {"RoleName": physical_id})
