"""Policies embedded in users, groups and roles; see holders.py for what happens."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, holders
from ..kinds import GROUP, ROLE, USER


@operation("iam", "PutUserPolicy", resource=arns.user)
def put_user_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Embed a policy in a user."""
    return holders.put_inline(ctx, USER, req)


@operation("iam", "GetUserPolicy", resource=arns.user)
def get_user_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A policy embedded in a user."""
    return holders.get_inline(ctx, USER, req)


@operation("iam", "DeleteUserPolicy", resource=arns.user)
def delete_user_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a policy embedded in a user."""
    return holders.delete_inline(ctx, USER, req)


@operation("iam", "ListUserPolicies", resource=arns.user)
def list_user_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The names of the policies embedded in a user."""
    return holders.list_inline(ctx, USER, req)


@operation("iam", "PutGroupPolicy", resource=arns.group)
def put_group_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Embed a policy in a group."""
    return holders.put_inline(ctx, GROUP, req)


@operation("iam", "GetGroupPolicy", resource=arns.group)
def get_group_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A policy embedded in a group."""
    return holders.get_inline(ctx, GROUP, req)


@operation("iam", "DeleteGroupPolicy", resource=arns.group)
def delete_group_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a policy embedded in a group."""
    return holders.delete_inline(ctx, GROUP, req)


@operation("iam", "ListGroupPolicies", resource=arns.group)
def list_group_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The names of the policies embedded in a group."""
    return holders.list_inline(ctx, GROUP, req)


@operation("iam", "PutRolePolicy", resource=arns.role)
def put_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Embed a policy in a role."""
    return holders.put_inline(ctx, ROLE, req)


@operation("iam", "GetRolePolicy", resource=arns.role)
def get_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A policy embedded in a role."""
    return holders.get_inline(ctx, ROLE, req)


@operation("iam", "DeleteRolePolicy", resource=arns.role)
def delete_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a policy embedded in a role."""
    return holders.delete_inline(ctx, ROLE, req)


@operation("iam", "ListRolePolicies", resource=arns.role)
def list_role_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The names of the policies embedded in a role."""
    return holders.list_inline(ctx, ROLE, req)
