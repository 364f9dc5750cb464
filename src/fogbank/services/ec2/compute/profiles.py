"""Instance profiles: what gives an instance its role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.auth import records, roles
from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.network import ids
from fogbank.store.api import Reader

from ..errors import InvalidParameterCombination, InvalidParameterValue
from .records import Profile

SERVICE = "ec2.amazonaws.com"


def find(tx: Reader, ctx: Context, spec: Mapping[str, Any]) -> records.InstanceProfile:
    """The instance profile that a request names, by name or by ARN."""
    name, arn = spec.get("Name") or "", spec.get("Arn") or ""
    if name and arn:
        raise InvalidParameterCombination("The parameter 'iamInstanceProfile.name' may not be used in combination with "
                                          "'iamInstanceProfile.arn'")  # fmt: skip
    found = tx.get(records.PROFILES, (ctx.account, (name or arn.rpartition("/")[2]).lower()))
    if found is None or (name and found.name != name) or (arn and arn_of(ctx, found) != arn):
        member, what = ("name", "name") if name else ("arn", "ARN")
        raise InvalidParameterValue(
            f"Value ({name or arn}) for parameter iamInstanceProfile.{member} is invalid. "
            f"Invalid IAM Instance Profile {what}"
        )
    return found


def arn_of(ctx: Context, profile: records.InstanceProfile) -> str:
    return f"arn:{ctx.partition}:iam::{profile.account}:instance-profile{profile.path}{profile.name}"


def passed(ctx: Context, spec: Mapping[str, Any] | None) -> list[Access]:
    """iam:PassRole on the role of the instance profile that a request names."""
    if not spec or not (spec.get("Name") or spec.get("Arn")):
        return []
    with ctx.read() as tx:
        profile = find(tx, ctx, spec)
        found = [tx.get(records.ROLES, (ctx.account, name.lower())) for name in profile.roles]
    return [roles.passed(ctx, roles.arn_of(role, ctx.partition), SERVICE) for role in found if role is not None]


def associate(tx: Reader, ctx: Context, spec: Mapping[str, Any]) -> Profile | None:
    """A new association with the profile that a request names, if it names one."""
    if not spec.get("Name") and not spec.get("Arn"):
        return None
    profile = find(tx, ctx, spec)
    return Profile(ids.new(ctx, "iip-assoc"), arn_of(ctx, profile), profile.id, ctx.now())
