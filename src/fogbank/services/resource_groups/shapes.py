"""Turns groups into the structures of responses."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .find import group_arn
from .records import Group


def _more(group: Group) -> dict[str, Any]:
    shown = {
        "Description": group.description, "Criticality": group.criticality, "Owner": group.owner,
        "DisplayName": group.display_name,
    }  # fmt: skip
    return {member: value for member, value in shown.items() if value}


def whole(ctx: Context, group: Group) -> dict[str, Any]:
    """A `Group`."""
    return {"GroupArn": group_arn(ctx, group), "Name": group.name, **_more(group)}


def identifier(ctx: Context, group: Group) -> dict[str, Any]:
    """A `GroupIdentifier`."""
    return {"GroupName": group.name, "GroupArn": group_arn(ctx, group), **_more(group)}


def configuration(group: Group) -> dict[str, Any]:
    """A `GroupConfiguration`."""
    return {"Configuration": group.configuration, "Status": "UPDATE_COMPLETE"}
