"""Permissions boundaries. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, attachable
from ..errors import NoSuchEntity
from ..kinds import ROLE, USER, Kind


def _put(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    with ctx.write() as tx:
        holder = kind.changeable(tx, ctx, req[kind.field])
        holder.boundary = attachable.boundary(tx, ctx, req)
        tx.put(kind.table, holder)
        records.changed(tx)
    return {}


def _delete(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    with ctx.write() as tx:
        holder = kind.changeable(tx, ctx, req[kind.field])
        if not holder.boundary:
            raise NoSuchEntity(f"The {kind.word} with name {holder.name} has no permissions boundary.")
        holder.boundary = ""
        tx.put(kind.table, holder)
        records.changed(tx)
    return {}


@operation("iam", "PutUserPermissionsBoundary", resource=arns.user)
def put_user_permissions_boundary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Limit a user to what a managed policy allows."""
    return _put(ctx, USER, req)


@operation("iam", "PutRolePermissionsBoundary", resource=arns.role)
def put_role_permissions_boundary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Limit a role to what a managed policy allows."""
    return _put(ctx, ROLE, req)


@operation("iam", "DeleteUserPermissionsBoundary", resource=arns.user)
def delete_user_permissions_boundary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lift a user's boundary."""
    return _delete(ctx, USER, req)


@operation("iam", "DeleteRolePermissionsBoundary", resource=arns.role)
def delete_role_permissions_boundary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lift a role's boundary."""
    return _delete(ctx, ROLE, req)
