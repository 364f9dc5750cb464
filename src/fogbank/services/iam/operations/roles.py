"""Roles and their trust policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import unique_id
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, attachable, documents, quotas, shapes, tags
from ..errors import DeleteConflict, EntityAlreadyExists
from ..kinds import ROLE
from ..paging import page

_RESERVED = "/aws-service-role/"


@operation("iam", "CreateRole", resource=arns.new_role)
def create_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a role that the principals in its trust policy may assume."""
    with ctx.write() as tx:
        name = req["RoleName"]
        if tx.get(records.ROLES, (ctx.account, name.lower())):
            raise EntityAlreadyExists(f"Role with name {name} already exists.")
        quotas.hold_one_more(tx, ctx, "RolesPerAccount", records.ROLES)
        trust = req["AssumeRolePolicyDocument"]
        documents.check_trust(tx, ctx, trust)
        role = records.Role(
            account=ctx.account,
            name=name,
            path=req.get("Path") or "/",
            id=unique_id(ctx.ids, "AROA"),
            created=int(ctx.now()),
            trust=trust,
            description=req.get("Description") or "",
            max_session=req.get("MaxSessionDuration") or 3600,
            tags=tags.read(req),
            boundary=attachable.boundary(tx, ctx, req),
        )
        tx.put(records.ROLES, role)
        records.changed(tx)
    shape = shapes.role(ctx, role)
    del shape["RoleLastUsed"]
    return {"Role": shape}


@operation("iam", "GetRole", resource=arns.role)
def get_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A role with its trust policy, boundary, tags and last use."""
    with ctx.read() as tx:
        return {"Role": shapes.role(ctx, ROLE.require(tx, ctx, req["RoleName"]))}


@operation("iam", "UpdateRole", resource=arns.role)
def update_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new description or longest session."""
    with ctx.write() as tx:
        role = ROLE.changeable(tx, ctx, req["RoleName"])
        role.description = req.get("Description", role.description)
        role.max_session = req.get("MaxSessionDuration") or role.max_session
        tx.put(records.ROLES, role)
    return {}


@operation("iam", "UpdateRoleDescription", resource=arns.role)
def update_role_description(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The older form of UpdateRole."""
    with ctx.write() as tx:
        role = ROLE.require(tx, ctx, req["RoleName"])
        role.description = req["Description"]
        tx.put(records.ROLES, role)
    return {"Role": shapes.role(ctx, role)}


@operation("iam", "UpdateAssumeRolePolicy", resource=arns.role)
def update_assume_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Another trust policy."""
    with ctx.write() as tx:
        role = ROLE.changeable(tx, ctx, req["RoleName"])
        documents.check_trust(tx, ctx, req["PolicyDocument"])
        role.trust = req["PolicyDocument"]
        tx.put(records.ROLES, role)
        records.changed(tx)
    return {}


@operation("iam", "DeleteRole", resource=arns.role)
def delete_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a role that nothing is attached to; its sessions lose their permissions at once."""
    with ctx.write() as tx:
        role = ROLE.changeable(tx, ctx, req["RoleName"])
        for in_use, what in (
            (tx.first(records.PROFILES, "role", role.key), "must remove roles from instance profile first."),
            (role.attached, "must detach all policies first."),
            (role.inline, "must delete policies first."),
        ):
            if in_use:
                raise DeleteConflict(f"Cannot delete entity, {what}")
        tx.delete(records.ROLES, role.key)
        records.changed(tx)
    return {}


@operation("iam", "ListRoles", resource=arns.roles)
def list_roles(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Roles whose path begins with a prefix, by name."""
    prefix = req.get("PathPrefix") or "/"
    with ctx.read() as tx:
        found = (role for role in tx.scan(records.ROLES, (ctx.account,)) if role.path.startswith(prefix))
        return page(
            ctx, req, "Roles", found, lambda role: role.name.lower(), lambda role: shapes.role(ctx, role, full=False)
        )
