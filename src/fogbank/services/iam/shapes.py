"""How records look in IAM's responses. Members that are not set are absent, as AWS leaves them out."""

from __future__ import annotations

from typing import Any

from fogbank.auth import managed, records
from fogbank.core.context import Context

from . import tags
from .arns import arn_of
from .documents import encoded


def _boundary(arn: str) -> dict[str, Any]:
    if not arn:
        return {}
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}}


def _tags(entity: records.Entity) -> dict[str, Any]:
    return {"Tags": tags.shape(entity.tags)} if entity.tags else {}


def user(ctx: Context, found: records.User, *, full: bool = True) -> dict[str, Any]:
    """`full` as GetUser gives it; lists leave boundary and tags out (API_ListUsers)."""
    shape: dict[str, Any] = {
        "Path": found.path,
        "UserName": found.name,
        "UserId": found.id,
        "Arn": arn_of(ctx, "user", found),
        "CreateDate": found.created,
    }
    if found.password_used is not None:
        shape["PasswordLastUsed"] = found.password_used
    return shape | _boundary(found.boundary) | _tags(found) if full else shape


def group(ctx: Context, found: records.Group) -> dict[str, Any]:
    return {
        "Path": found.path,
        "GroupName": found.name,
        "GroupId": found.id,
        "Arn": arn_of(ctx, "group", found),
        "CreateDate": found.created,
    }


def role(ctx: Context, found: records.Role, *, full: bool = True) -> dict[str, Any]:
    """`full` as GetRole gives it; lists leave boundary, tags and last use out (API_ListRoles)."""
    shape: dict[str, Any] = {
        "Path": found.path,
        "RoleName": found.name,
        "RoleId": found.id,
        "Arn": arn_of(ctx, "role", found),
        "CreateDate": found.created,
        "AssumeRolePolicyDocument": encoded(found.trust),
        "MaxSessionDuration": found.max_session,
    }
    if found.description:
        shape["Description"] = found.description
    if not full:
        return shape
    used = {"LastUsedDate": found.used, "Region": found.used_region} if found.used is not None else {}
    return shape | _boundary(found.boundary) | _tags(found) | {"RoleLastUsed": used}


def profile(ctx: Context, found: records.InstanceProfile, roles: list[records.Role]) -> dict[str, Any]:
    return {
        "Path": found.path,
        "InstanceProfileName": found.name,
        "InstanceProfileId": found.id,
        "Arn": arn_of(ctx, "instance-profile", found),
        "CreateDate": found.created,
        "Roles": [role(ctx, one, full=False) for one in roles],
        **_tags(found),
    }


def policy(
    ctx: Context, found: records.ManagedPolicy | managed.AwsPolicy, attached: int, boundaries: int, *, full: bool = True
) -> dict[str, Any]:
    """`full` as GetPolicy gives it; lists leave description and tags out (API_ListPolicies)."""
    if isinstance(found, managed.AwsPolicy):
        arn, version = found.arn(ctx.partition), found.version
        created = updated = found.created
        labels: dict[str, Any] = {"Tags": []} if full else {}
    else:
        arn, version, created, updated = arn_of(ctx, "policy", found), found.default, found.created, found.updated
        labels = {"Tags": tags.shape(found.tags)} if full else {}
    if full and found.description:
        labels["Description"] = found.description
    return {
        "PolicyName": found.name,
        "PolicyId": found.id,
        "Arn": arn,
        "Path": found.path,
        "DefaultVersionId": f"v{version}",
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "CreateDate": created,
        "UpdateDate": updated,
        **labels,
    }


def version(number: int, default: bool, created: float, document: str | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"VersionId": f"v{number}", "IsDefaultVersion": default, "CreateDate": created}
    return shape | ({"Document": encoded(document)} if document is not None else {})


def access_key(found: records.AccessKey, *, secret: bool = False) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "UserName": found.user,
        "AccessKeyId": found.id,
        "Status": "Active" if found.active else "Inactive",
        "CreateDate": found.created,
    }
    if not found.user:
        del shape["UserName"]
    return shape | ({"SecretAccessKey": found.secret} if secret else {})
