"""Tags of users, roles, policies and instance profiles. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.auth import records
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader, Table

from .. import arns, attachable, tags
from ..errors import NoSuchEntity
from ..kinds import ROLE, USER
from ..paging import page
from .profiles import require as require_profile

Find = Callable[[Reader], records.Entity]


def _tag(ctx: Context, table: Table[Any], find: Find, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.write() as tx:
        entity = find(tx)
        entity.tags = tags.read(req, entity.tags)
        tx.put(table, entity)
        records.changed(tx)
    return {}


def _untag(ctx: Context, table: Table[Any], find: Find, req: dict[str, Any]) -> dict[str, Any]:
    gone = {key.lower() for key in req["TagKeys"]}
    with ctx.write() as tx:
        entity = find(tx)
        entity.tags = {key: value for key, value in entity.tags.items() if key.lower() not in gone}
        tx.put(table, entity)
        records.changed(tx)
    return {}


def _list(ctx: Context, find: Find, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.read() as tx:
        found = tags.shape(find(tx).tags)
    found.sort(key=_key)
    return page(ctx, req, "Tags", found, _key, lambda tag: tag)


def _key(tag: dict[str, str]) -> str:
    return tag["Key"]


def _policy(ctx: Context, req: dict[str, Any]) -> Find:
    def find(tx: Reader) -> records.Entity:
        found = attachable.customer_policy(tx, ctx, req["PolicyArn"])
        if found is None:
            raise NoSuchEntity(f"Policy {req['PolicyArn']} was not found.")
        return found

    return find


@operation("iam", "TagUser", resource=arns.user)
def tag_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add or replace tags."""
    return _tag(ctx, records.USERS, lambda tx: USER.require(tx, ctx, req["UserName"]), req)


@operation("iam", "UntagUser", resource=arns.user)
def untag_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    return _untag(ctx, records.USERS, lambda tx: USER.require(tx, ctx, req["UserName"]), req)


@operation("iam", "ListUserTags", resource=arns.user)
def list_user_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A user's tags, by key."""
    return _list(ctx, lambda tx: USER.require(tx, ctx, req["UserName"]), req)


@operation("iam", "TagRole", resource=arns.role)
def tag_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add or replace tags."""
    return _tag(ctx, records.ROLES, lambda tx: ROLE.changeable(tx, ctx, req["RoleName"]), req)


@operation("iam", "UntagRole", resource=arns.role)
def untag_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    return _untag(ctx, records.ROLES, lambda tx: ROLE.changeable(tx, ctx, req["RoleName"]), req)


@operation("iam", "ListRoleTags", resource=arns.role)
def list_role_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A role's tags, by key."""
    return _list(ctx, lambda tx: ROLE.require(tx, ctx, req["RoleName"]), req)


@operation("iam", "TagPolicy", resource=arns.policy)
def tag_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add or replace tags."""
    return _tag(ctx, records.POLICIES, _policy(ctx, req), req)


@operation("iam", "UntagPolicy", resource=arns.policy)
def untag_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    return _untag(ctx, records.POLICIES, _policy(ctx, req), req)


@operation("iam", "ListPolicyTags", resource=arns.policy)
def list_policy_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A policy's tags, by key."""
    return _list(ctx, _policy(ctx, req), req)


@operation("iam", "TagInstanceProfile", resource=arns.profile)
def tag_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add or replace tags."""
    return _tag(ctx, records.PROFILES, lambda tx: require_profile(tx, ctx, req["InstanceProfileName"]), req)


@operation("iam", "UntagInstanceProfile", resource=arns.profile)
def untag_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    return _untag(ctx, records.PROFILES, lambda tx: require_profile(tx, ctx, req["InstanceProfileName"]), req)


@operation("iam", "ListInstanceProfileTags", resource=arns.profile)
def list_instance_profile_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """An instance profile's tags, by key."""
    return _list(ctx, lambda tx: require_profile(tx, ctx, req["InstanceProfileName"]), req)
