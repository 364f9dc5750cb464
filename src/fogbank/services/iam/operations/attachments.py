"""Managed policies attached to users, groups and roles; see holders.py for what happens."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns, holders
from ..kinds import GROUP, ROLE, USER


@operation("iam", "AttachUserPolicy", resource=arns.user)
def attach_user_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a user a managed policy's permissions."""
    return holders.attach(ctx, USER, req)


@operation("iam", "DetachUserPolicy", resource=arns.user)
def detach_user_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take a managed policy from a user."""
    return holders.detach(ctx, USER, req)


@operation("iam", "ListAttachedUserPolicies", resource=arns.user)
def list_attached_user_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The managed policies of a user."""
    return holders.list_attached(ctx, USER, req)


@operation("iam", "AttachGroupPolicy", resource=arns.group)
def attach_group_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a group a managed policy's permissions."""
    return holders.attach(ctx, GROUP, req)


@operation("iam", "DetachGroupPolicy", resource=arns.group)
def detach_group_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take a managed policy from a group."""
    return holders.detach(ctx, GROUP, req)


@operation("iam", "ListAttachedGroupPolicies", resource=arns.group)
def list_attached_group_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The managed policies of a group."""
    return holders.list_attached(ctx, GROUP, req)


@operation("iam", "AttachRolePolicy", resource=arns.role)
def attach_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a role a managed policy's permissions."""
    return holders.attach(ctx, ROLE, req)


@operation("iam", "DetachRolePolicy", resource=arns.role)
def detach_role_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take a managed policy from a role."""
    return holders.detach(ctx, ROLE, req)


@operation("iam", "ListAttachedRolePolicies", resource=arns.role)
def list_attached_role_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The managed policies of a role."""
    return holders.list_attached(ctx, ROLE, req)
