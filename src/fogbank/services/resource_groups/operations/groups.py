"""Groups: create, show, change, delete, list.

https://docs.aws.amazon.com/ARG/latest/APIReference/API_CreateGroup.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import queries, shapes
from ..errors import BadRequestException
from ..find import GROUP, by_group, created, text_of
from ..records import GROUPS, Group
from ..tokens import GroupPages
from .tags import check

GROUPS_PER_ACCOUNT = "groups-per-account"  # code of the quota
SERVICE = "resource-groups"


@operation(SERVICE, "CreateGroup", resource=created)
def create_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a group with a query, or one with a configuration."""
    if bool(req.get("ResourceQuery")) is bool(req.get("Configuration")):
        raise BadRequestException("A group has either a ResourceQuery or a Configuration.")  # not confirmed
    group = Group(
        account=ctx.account,
        region=ctx.region,
        name=req["Name"],
        created=ctx.now(),
        description=req.get("Description") or "",
        query=queries.checked(req["ResourceQuery"]) if req.get("ResourceQuery") else {},
        configuration=req.get("Configuration") or [],
        tags=check(dict(req.get("Tags") or {})),
        criticality=req.get("Criticality") or 0,
        owner=req.get("Owner") or "",
        display_name=req.get("DisplayName") or "",
    )
    if group.configuration:
        ctx.recorded("Configuration")
    with ctx.write() as tx:
        if GROUP.find(tx, ctx, req["Name"]) is not None:
            raise BadRequestException("Cannot create group: group already exists")
        limit = quotas.reached(tx, ctx, SERVICE, GROUPS_PER_ACCOUNT, GROUPS, (ctx.account, ctx.region))
        if limit is not None:
            raise BadRequestException(f"Cannot create group: the limit of {limit} groups is reached")  # not confirmed
        tx.put(GROUPS, group)
    return {
        "Group": shapes.whole(ctx, group),
        "Tags": group.tags,
        **({"ResourceQuery": group.query} if group.query else {}),
        **({"GroupConfiguration": shapes.configuration(group)} if group.configuration else {}),
    }


@operation(SERVICE, "GetGroup", resource=by_group)
def get_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A group."""
    with ctx.read() as tx:
        return {"Group": shapes.whole(ctx, GROUP.require(tx, ctx, text_of(req)))}


@operation(SERVICE, "UpdateGroup", resource=by_group)
def update_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the description, or who owns it."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, text_of(req))
        group.description = req.get("Description") or ""
        group.criticality = req.get("Criticality") or group.criticality
        group.owner = req.get("Owner", group.owner)
        group.display_name = req.get("DisplayName", group.display_name)
        tx.put(GROUPS, group)
    return {"Group": shapes.whole(ctx, group)}


@operation(SERVICE, "DeleteGroup", resource=by_group)
def delete_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a group; what it contains stays."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, text_of(req))
        tx.delete(GROUPS, GROUPS.key(group))
    return {"Group": shapes.whole(ctx, group)}


@operation(SERVICE, "ListGroups", resource="*")
def list_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The groups that pass the filters."""
    with ctx.read() as tx:
        found = [
            group
            for group in tx.scan(GROUPS, (ctx.account, ctx.region))
            if all(_passes(group, each["Name"], each["Values"]) for each in req.get("Filters") or ())
        ]
    pages, limit = GroupPages(ctx), req.get("MaxResults") or queries.PAGE
    page, more = pages.by_key(found, req.get("NextToken"), limit, lambda group: group.name)
    return {
        "GroupIdentifiers": [shapes.identifier(ctx, group) for group in page],
        "Groups": [shapes.whole(ctx, group) for group in page],
        **more,
    }


def _passes(group: Group, name: str, values: list[str]) -> bool:
    match name:
        case "resource-type":
            return any(value in group.query.get("Query", "") for value in values)
        case "configuration-type":
            return any(each["Type"] in values for each in group.configuration)
        case "owner":
            return group.owner in values
        case "display-name":
            return group.display_name in values
    return str(group.criticality) in values


@operation(SERVICE, "GetGroupQuery", resource=by_group)
def get_group_query(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The query of a group."""
    with ctx.read() as tx:
        group = GROUP.require(tx, ctx, text_of(req))
    return {"GroupQuery": _query(group)}


def _query(group: Group) -> dict[str, Any]:
    if not group.query:
        raise BadRequestException("The group has no query, but a configuration.")  # not confirmed
    return {"GroupName": group.name, "ResourceQuery": group.query}


@operation(SERVICE, "UpdateGroupQuery", resource=by_group)
def update_group_query(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replace the query of a group."""
    query = queries.checked(req["ResourceQuery"])
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, text_of(req))
        _query(group)
        group.query = query
        tx.put(GROUPS, group)
    return {"GroupQuery": _query(group)}


@operation(SERVICE, "GetGroupConfiguration", resource=by_group)
def get_group_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a group."""
    with ctx.read() as tx:
        return {"GroupConfiguration": shapes.configuration(GROUP.require(tx, ctx, text_of(req)))}


@operation(SERVICE, "PutGroupConfiguration", resource=by_group, fidelity="recorded")
def put_group_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a configuration. What it means to services (host groups, capacity pools) has no effect here."""
    with ctx.write() as tx:
        group = GROUP.require(tx, ctx, text_of(req))
        if group.query:
            raise BadRequestException("The group has a query, and no configuration.")  # not confirmed
        group.configuration = req.get("Configuration") or []
        tx.put(GROUPS, group)
    return {}
