"""Instance profiles: the roles that EC2 instances carry.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.auth.credentials import unique_id
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns, quotas, shapes, tags
from ..errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from ..kinds import ROLE, find_profile
from ..paging import page


def require(tx: Reader, ctx: Context, name: str) -> records.InstanceProfile:
    found = find_profile(tx, ctx, name)
    if found is None:
        raise NoSuchEntity(f"Instance Profile {name} cannot be found.")
    return found


def _shape(tx: Reader, ctx: Context, found: records.InstanceProfile) -> dict[str, Any]:
    roles = [tx.get(records.ROLES, (ctx.account, name.lower())) for name in found.roles]
    return shapes.profile(ctx, found, [role for role in roles if role is not None])


@operation("iam", "CreateInstanceProfile", resource=arns.new_profile)
def create_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make an empty instance profile."""
    with ctx.write() as tx:
        name = req["InstanceProfileName"]
        if tx.get(records.PROFILES, (ctx.account, name.lower())):
            raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
        quotas.hold_one_more(tx, ctx, "InstanceProfilesPerAccount", records.PROFILES)
        profile = records.InstanceProfile(
            account=ctx.account,
            name=name,
            path=req.get("Path") or "/",
            id=unique_id(ctx.ids, "AIPA"),
            created=int(ctx.now()),
            tags=tags.read(req),
        )
        tx.put(records.PROFILES, profile)
    return {"InstanceProfile": shapes.profile(ctx, profile, [])}


@operation("iam", "GetInstanceProfile", resource=arns.profile)
def get_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """An instance profile with its role."""
    with ctx.read() as tx:
        return {"InstanceProfile": _shape(tx, ctx, require(tx, ctx, req["InstanceProfileName"]))}


@operation("iam", "DeleteInstanceProfile", resource=arns.profile)
def delete_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove an instance profile without a role."""
    with ctx.write() as tx:
        profile = require(tx, ctx, req["InstanceProfileName"])
        if profile.roles:
            raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
        tx.delete(records.PROFILES, profile.key)
    return {}


@operation("iam", "ListInstanceProfiles", resource=arns.profiles)
def list_instance_profiles(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Instance profiles whose path begins with a prefix, by name."""
    prefix = req.get("PathPrefix") or "/"
    with ctx.read() as tx:
        found = [profile for profile in tx.scan(records.PROFILES, (ctx.account,)) if profile.path.startswith(prefix)]
        return page(ctx, req, "InstanceProfiles", found, _name, lambda profile: _shape(tx, ctx, profile))


@operation("iam", "ListInstanceProfilesForRole", resource=arns.role)
def list_instance_profiles_for_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The instance profiles that carry a role, by name."""
    with ctx.read() as tx:
        role = ROLE.require(tx, ctx, req["RoleName"])
        found = list(tx.scan_index(records.PROFILES, "role", role.key))
        return page(ctx, req, "InstanceProfiles", found, _name, lambda profile: _shape(tx, ctx, profile))


def _name(profile: records.InstanceProfile) -> str:
    return profile.name.lower()


@operation("iam", "AddRoleToInstanceProfile", resource=arns.profile_and_role)
def add_role_to_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Give a profile its role; it has one at most."""
    with ctx.write() as tx:
        profile = require(tx, ctx, req["InstanceProfileName"])
        role = ROLE.changeable(tx, ctx, req["RoleName"])
        if profile.roles:
            raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
        profile.roles = [role.name]
        tx.put(records.PROFILES, profile)
    return {}


@operation("iam", "RemoveRoleFromInstanceProfile", resource=arns.profile)
def remove_role_from_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take the role from a profile."""
    with ctx.write() as tx:
        profile = require(tx, ctx, req["InstanceProfileName"])
        if req["RoleName"] not in profile.roles:
            raise NoSuchEntity(f"The role with name {req['RoleName']} cannot be found.")
        profile.roles = []
        tx.put(records.PROFILES, profile)
    return {}
