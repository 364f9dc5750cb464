"""The resources and condition keys of STS's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import roles
from fogbank.core.context import Context
from fogbank.core.kinds import named
from fogbank.core.operation import Access


def _conditions(req: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for member, key in (
        ("ExternalId", "sts:ExternalId"),
        ("RoleSessionName", "sts:RoleSessionName"),
        ("SourceIdentity", "sts:SourceIdentity"),
        ("DurationSeconds", "sts:DurationSeconds"),
        ("TransitiveTagKeys", "sts:TransitiveTagKeys"),
    ):
        value = req.get(member)
        if value:
            found[key] = value if isinstance(value, list) else str(value)
    return found


def assumed_role(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """sts:AssumeRole on the role; with session tags sts:TagSession, with a source identity sts:SetSourceIdentity."""
    role, conditions = roles.by_arn(ctx, req["RoleArn"], to_assume=True), _conditions(req)
    needed = [Access("sts:AssumeRole", role, conditions)]
    if req.get("Tags"):
        needed.append(Access("sts:TagSession", role, conditions))
    if req.get("SourceIdentity"):
        needed.append(Access("sts:SetSourceIdentity", role, conditions))
    return needed


def federated_user(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """sts:GetFederationToken on the federated user; with session tags sts:TagSession."""
    user = named(ctx.arn("sts", f"federated-user/{req['Name']}", region=""), ctx.account)
    conditions = _conditions(req)
    needed = [Access("sts:GetFederationToken", user, conditions)]
    if req.get("Tags"):
        needed.append(Access("sts:TagSession", user, conditions))
    return needed
