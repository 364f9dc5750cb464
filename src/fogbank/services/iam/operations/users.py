"""Users: create, read, rename, delete. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import unique_id
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import arns, attachable, quotas, shapes, tags
from ..errors import DeleteConflict, EntityAlreadyExists
from ..kinds import USER, own_name
from ..paging import page


@operation("iam", "CreateUser", resource=arns.new_user)
def create_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a user without permissions or credentials."""
    with ctx.write() as tx:
        name = req["UserName"]
        if tx.get(records.USERS, (ctx.account, name.lower())):
            raise EntityAlreadyExists(f"User with name {name} already exists.")
        quotas.hold_one_more(tx, ctx, "UsersPerAccount", records.USERS)
        user = records.User(
            account=ctx.account,
            name=name,
            path=req.get("Path") or "/",
            id=unique_id(ctx.ids, "AIDA"),
            created=int(ctx.now()),
            tags=tags.read(req),
            boundary=attachable.boundary(tx, ctx, req),
        )
        tx.put(records.USERS, user)
        records.changed(tx)
    return {"User": shapes.user(ctx, user)}


@operation("iam", "GetUser", resource=arns.user)
def get_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A user; without a name the caller. The root user has a shape of its own: no name, no path."""
    name = req.get("UserName") or own_name(ctx)
    if not name and ctx.principal.kind == "root":
        root = {"UserId": ctx.account, "Arn": ctx.principal.arn, "CreateDate": 0}
        return {"User": root}
    with ctx.read() as tx:
        return {"User": shapes.user(ctx, USER.require(tx, ctx, name))}


@operation("iam", "UpdateUser", resource=arns.renamed_user)
def update_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new name or path; keys and memberships move along."""
    with ctx.write() as tx:
        user = USER.require(tx, ctx, req["UserName"])
        new = req.get("NewUserName") or user.name
        if new.lower() != user.name.lower():
            if tx.get(records.USERS, (ctx.account, new.lower())):
                raise EntityAlreadyExists(f"User with name {new} already exists.")
            tx.delete(records.USERS, user.key)
        for key in list(tx.scan_index(records.ACCESS_KEYS, "user", (ctx.account, user.name.lower()))):
            key.user = new
            tx.put(records.ACCESS_KEYS, key)
        user.name, user.path = new, req.get("NewPath") or user.path
        tx.put(records.USERS, user)
        records.changed(tx)
    return {}


@operation("iam", "DeleteUser", resource=arns.user)
def delete_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a user that nothing is attached to any more."""
    with ctx.write() as tx:
        user = USER.require(tx, ctx, req["UserName"])
        _refuse_if_in_use(tx, user)
        tx.delete(records.USERS, user.key)
        records.changed(tx)
    return {}


def _refuse_if_in_use(tx: Transaction, user: records.User) -> None:
    for in_use, what in (
        (user.groups, "must remove users from group first."),
        (user.attached, "must detach all policies first."),
        (user.inline, "must delete policies first."),
        (tx.first(records.ACCESS_KEYS, "user", (user.account, user.name.lower())), "must delete access keys first."),
        (user.login, "must delete login profile first."),
    ):
        if in_use:
            raise DeleteConflict(f"Cannot delete entity, {what}")


@operation("iam", "ListUsers", resource=arns.users)
def list_users(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Users whose path begins with a prefix, by name."""
    prefix = req.get("PathPrefix") or "/"
    with ctx.read() as tx:
        found = (user for user in tx.scan(records.USERS, (ctx.account,)) if user.path.startswith(prefix))
        return page(ctx, req, "Users", found, _name, lambda user: shapes.user(ctx, user, full=False))


def _name(user: records.User) -> str:
    return user.name.lower()
