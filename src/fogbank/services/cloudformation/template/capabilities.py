"""The capabilities that a template's user must acknowledge (CreateStack, parameter Capabilities)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_IAM = frozenset(
    f"AWS::IAM::{name}"
    for name in (
        "AccessKey",
        "Group",
        "InstanceProfile",
        "ManagedPolicy",
        "Policy",
        "Role",
        "User",
        "UserToGroupAddition",
    )
)
_NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}


def required(resources: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The capabilities that the resources require, and the types that require them."""
    types: list[str] = []
    named = False
    for resource in resources:
        kind = str(resource.get("Type", ""))
        if kind in _IAM:
            if kind not in types:
                types.append(kind)
            named = named or _NAMES.get(kind, "") in (resource.get("Properties") or {})
    if not types:
        return [], []
    return ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"], types


def missing(needed: Iterable[str], given: Iterable[str]) -> list[str]:
    """The needed capabilities that were not given. CAPABILITY_NAMED_IAM includes CAPABILITY_IAM."""
    have = set(given)
    if "CAPABILITY_NAMED_IAM" in have:
        have.add("CAPABILITY_IAM")
    return [capability for capability in needed if capability not in have]
