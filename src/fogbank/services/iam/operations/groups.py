"""Groups and their members. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import unique_id
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, quotas, shapes
from ..errors import DeleteConflict, EntityAlreadyExists
from ..kinds import GROUP, USER
from ..paging import page


@operation("iam", "CreateGroup", resource=arns.new_group)
def create_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make an empty group."""
    with ctx.write() as tx:
        name = req["GroupName"]
        if tx.get(records.GROUPS, (ctx.account, name.lower())):
            raise EntityAlreadyExists(f"Group with name {name} already exists.")
        quotas.hold_one_more(tx, ctx, "GroupsPerAccount", records.GROUPS)
        group = records.Group(
            account=ctx.account,
            name=name,
            path=req.get("Path") or "/",
            id=unique_id(ctx.ids, "AGPA"),
            created=int(ctx.now()),
        )
        tx.put(records.GROUPS, group)
        records.changed(tx)
    return {"Group": shapes.group(ctx, group)}


@operation("iam", "GetGroup", resource=arns.group)
def get_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A group and a page of its members."""
    with ctx.read() as tx:
        group = GROUP.require(tx, ctx, req["GroupName"])
        found = _members(tx, group)
        users = page(ctx, req, "Users", found, _name, lambda user: shapes.user(ctx, user, full=False))
    return {"Group": shapes.group(ctx, group), **users}


def _members(tx: Reader, group: records.Group) -> list[records.User]:
    return list(tx.scan_index(records.USERS, "group", group.key))


def _name(entity: records.Entity) -> str:
    return entity.name.lower()


@operation("iam", "UpdateGroup", resource=arns.renamed_group)
def update_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new name or path; the members stay."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["GroupName"])
        new, old = req.get("NewGroupName") or group.name, group.name
        if new.lower() != old.lower():
            if tx.get(records.GROUPS, (ctx.account, new.lower())):
                raise EntityAlreadyExists(f"Group with name {new} already exists.")
            for user in _members(tx, group):
                user.groups = [new if name == old else name for name in user.groups]
                tx.put(records.USERS, user)
            tx.delete(records.GROUPS, group.key)
        group.name, group.path = new, req.get("NewPath") or group.path
        tx.put(records.GROUPS, group)
        records.changed(tx)
    return {}


@operation("iam", "DeleteGroup", resource=arns.group)
def delete_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a group without members and policies."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["GroupName"])
        for in_use, what in (
            (_members(tx, group), "must remove users from group first."),
            (group.attached, "must detach all policies first."),
            (group.inline, "must delete policies first."),
        ):
            if in_use:
                raise DeleteConflict(f"Cannot delete entity, {what}")
        tx.delete(records.GROUPS, group.key)
        records.changed(tx)
    return {}


@operation("iam", "ListGroups", resource=arns.groups)
def list_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Groups whose path begins with a prefix, by name."""
    prefix = req.get("PathPrefix") or "/"
    with ctx.read() as tx:
        found = (group for group in tx.scan(records.GROUPS, (ctx.account,)) if group.path.startswith(prefix))
        return page(ctx, req, "Groups", found, _name, lambda group: shapes.group(ctx, group))


@operation("iam", "ListGroupsForUser", resource=arns.user)
def list_groups_for_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The groups a user is in, by name."""
    with ctx.read() as tx:
        names = sorted(name.lower() for name in USER.require(tx, ctx, req["UserName"]).groups)
        found = (group for group in (tx.get(records.GROUPS, (ctx.account, name)) for name in names) if group)
        return page(ctx, req, "Groups", found, _name, lambda group: shapes.group(ctx, group))


@operation("iam", "AddUserToGroup", resource=arns.group)
def add_user_to_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a user a member; nothing happens when it is one."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["GroupName"])
        user = USER.require(tx, ctx, req["UserName"])
        if group.name not in user.groups:
            quotas.hold(tx, ctx, "GroupsPerUser", len(user.groups) + 1)
            user.groups = [*user.groups, group.name]
            tx.put(records.USERS, user)
            records.changed(tx)
    return {}


@operation("iam", "RemoveUserFromGroup", resource=arns.group)
def remove_user_from_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """End a membership; nothing happens when there is none (not confirmed)."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, req["GroupName"])
        user = USER.require(tx, ctx, req["UserName"])
        user.groups = [name for name in user.groups if name != group.name]
        tx.put(records.USERS, user)
        records.changed(tx)
    return {}
