"""What the CloudFormation handlers of users, groups and roles share: policies, boundaries, tags, memberships.

The methods of a handler may be repeated after a crash, so each step first looks what is there.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.core.cfn import Name
from fogbank.core.cfn_calls import create_once, retag, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.core.tags import to_list

GONE = "NoSuchEntity"
_STACK = "aws:cloudformation:"


class Holder(msgspec.Struct, frozen=True):
    title: str  # User, Group, Role
    field: str  # UserName, …
    tagged: bool  # groups have no tags


def policy_json(document: object) -> str:
    """A policy document property, which templates write as an object (or as text)."""
    return document if isinstance(document, str) else json.dumps(document)


def stack_tags(name: Name, properties: dict[str, Any]) -> list[dict[str, str]]:
    """The resource's tags and those by which CloudFormation knows its own."""
    own = {"stack-id": name.stack_id, "stack-name": name.stack_name, "logical-id": name.logical_id}
    return to_list(tags_of(properties) | {f"{_STACK}{key}": value for key, value in own.items()})


async def create(ctx: Context, name: Name, title: str, request: dict[str, Any], **who: str) -> None:
    """Create{title}, unless an earlier try of this creation did; `who` is what Get{title} is asked for."""

    async def found() -> dict[str, Any] | None:
        kept = await unless(ctx.call("iam", f"Get{title}", who), GONE)
        made = kept is not None and name.made(kept[title]["CreateDate"])
        return kept if made else None

    await create_once(name, lambda: ctx.call("iam", f"Create{title}", request), found)


async def sync(ctx: Context, holder: Holder, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Make the entity's policies, boundary, tags, groups and password those of `new`, which followed `old`."""
    who = {holder.field: name}
    await _managed(ctx, holder, who, old, new)
    await _inline(ctx, holder, who, old, new)
    if holder.tagged:
        await _boundary(ctx, holder, who, old, new)
        if old:
            await _retag(ctx, holder, who, old, new)
    if holder.title == "User":
        await _groups(ctx, name, old, new)
        await _login(ctx, name, old, new)


async def _managed(ctx: Context, holder: Holder, who: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> None:
    """Only what this resource attached: AWS::IAM::ManagedPolicy may attach to the same entity."""
    before, after = list(old.get("ManagedPolicyArns") or []), list(new.get("ManagedPolicyArns") or [])
    for arn in after:
        await ctx.call("iam", f"Attach{holder.title}Policy", {**who, "PolicyArn": arn})
    for arn in before:
        if arn not in after:
            await unless(ctx.call("iam", f"Detach{holder.title}Policy", {**who, "PolicyArn": arn}), GONE)


async def _inline(ctx: Context, holder: Holder, who: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> None:
    before = {policy["PolicyName"]: policy for policy in old.get("Policies") or []}
    after = {policy["PolicyName"]: policy for policy in new.get("Policies") or []}
    for gone in before.keys() - after.keys():
        await unless(ctx.call("iam", f"Delete{holder.title}Policy", {**who, "PolicyName": gone}), GONE)
    for name, policy in after.items():
        request = {**who, "PolicyName": name, "PolicyDocument": policy_json(policy["PolicyDocument"])}
        await ctx.call("iam", f"Put{holder.title}Policy", request)


async def _boundary(
    ctx: Context, holder: Holder, who: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> None:
    boundary = new.get("PermissionsBoundary")
    if boundary and old:
        await ctx.call("iam", f"Put{holder.title}PermissionsBoundary", {**who, "PermissionsBoundary": boundary})
    elif old.get("PermissionsBoundary") and not boundary:
        await unless(ctx.call("iam", f"Delete{holder.title}PermissionsBoundary", who), GONE)


async def _retag(ctx: Context, holder: Holder, who: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> None:
    await retag(
        tags_of(old),
        tags_of(new),
        lambda keys: ctx.call("iam", f"Untag{holder.title}", {**who, "TagKeys": keys}),
        lambda tags: ctx.call("iam", f"Tag{holder.title}", {**who, "Tags": to_list(tags)}),
    )


async def _groups(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = list(old.get("Groups") or []), list(new.get("Groups") or [])
    for group in after:
        await ctx.call("iam", "AddUserToGroup", {"UserName": name, "GroupName": group})
    for group in before:
        if group not in after:
            await unless(ctx.call("iam", "RemoveUserFromGroup", {"UserName": name, "GroupName": group}), GONE)


async def _login(ctx: Context, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    wanted, before = new.get("LoginProfile"), old.get("LoginProfile")
    if wanted == before:
        return
    await unless(ctx.call("iam", "DeleteLoginProfile", {"UserName": name}), GONE)
    if wanted:
        reset = {"PasswordResetRequired": wanted.get("PasswordResetRequired", False)}
        request = {"UserName": name, "Password": wanted["Password"], **reset}
        await ctx.call("iam", "CreateLoginProfile", request)


async def attach(ctx: Context, arn: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Attach a managed policy to the Users, Groups and Roles of `new`, detach it from those only `old` had."""
    for title in ("User", "Group", "Role"):
        before, after = list(old.get(f"{title}s") or []), list(new.get(f"{title}s") or [])
        for name in after:
            await ctx.call("iam", f"Attach{title}Policy", {f"{title}Name": name, "PolicyArn": arn})
        for name in before:
            if name not in after:
                await unless(ctx.call("iam", f"Detach{title}Policy", {f"{title}Name": name, "PolicyArn": arn}), GONE)


async def drop(ctx: Context, holder: Holder, name: str) -> None:
    """Delete an entity with the policies, memberships and password it has."""
    await unless(_drop(ctx, holder, name), GONE)


async def _drop(ctx: Context, holder: Holder, name: str) -> None:
    who = {holder.field: name}
    attached = await ctx.call("iam", f"ListAttached{holder.title}Policies", who)
    for policy in attached["AttachedPolicies"]:
        await ctx.call("iam", f"Detach{holder.title}Policy", {**who, "PolicyArn": policy["PolicyArn"]})
    for inline in (await ctx.call("iam", f"List{holder.title}Policies", who))["PolicyNames"]:
        await ctx.call("iam", f"Delete{holder.title}Policy", {**who, "PolicyName": inline})
    if holder.title == "User":
        await _drop_memberships(ctx, name)
    await ctx.call("iam", f"Delete{holder.title}", who)


async def _drop_memberships(ctx: Context, name: str) -> None:
    for group in (await ctx.call("iam", "ListGroupsForUser", {"UserName": name}))["Groups"]:
        await ctx.call("iam", "RemoveUserFromGroup", {"UserName": name, "GroupName": group["GroupName"]})
    await unless(ctx.call("iam", "DeleteLoginProfile", {"UserName": name}), GONE)
