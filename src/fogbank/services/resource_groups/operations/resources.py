"""What groups contain.

https://docs.aws.amazon.com/ARG/latest/APIReference/API_ListGroupResources.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import inventory
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import queries
from ..errors import BadRequestException
from ..find import GROUP, by_group, text_of
from ..records import GROUPS, SETTINGS, Group, Settings
from ..tokens import GroupPages

SERVICE = "resource-groups"


@operation(SERVICE, "SearchResources", resource="*")
async def search_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The resources that a query finds."""
    found, errors = await queries.answer(ctx, queries.checked(req["ResourceQuery"]))
    page, more = queries.page(ctx, req, found, "search")
    return {"ResourceIdentifiers": page, "QueryErrors": errors, **more}


@operation(SERVICE, "ListGroupResources", resource=by_group)
async def list_group_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What the query of a group finds now, or what was grouped."""
    group = await ctx.fetch(GROUP.require, ctx, text_of(req))
    errors: list[dict[str, str]] = []
    if group.query:
        found, errors = await queries.answer(ctx, group.query)
    else:
        found = [queries.identifier(arn) for arn in sorted(group.members)]
    types = {value for each in req.get("Filters") or () for value in each["Values"]}
    found = [each for each in found if not types or each.get("ResourceType") in types]
    page, more = queries.page(ctx, req, found, f"group/{group.name}")
    return {
        "Resources": [{"Identifier": each} for each in page],
        "ResourceIdentifiers": page,
        "QueryErrors": errors,
        **more,
    }


@operation(SERVICE, "GroupResources", resource=by_group)
async def group_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add resources to a group that has no query."""
    known = {each.arn for each in await inventory.resources(ctx)}

    def change(tx: Transaction) -> tuple[list[str], list[str]]:
        group = _manual(GROUP.require(tx, ctx, text_of(req)))
        good = [arn for arn in req["ResourceArns"] if arn in known]
        group.members = group.members | {arn: ctx.now() for arn in good if arn not in group.members}
        tx.put(GROUPS, group)
        return good, [arn for arn in req["ResourceArns"] if arn not in known]

    good, bad = await ctx.transact(change)
    failed = [
        {"ResourceArn": arn, "ErrorCode": "RESOURCE_NOT_FOUND", "ErrorMessage": "The resource does not exist."}
        for arn in bad
    ]  # the code is not confirmed
    return {"Succeeded": good, "Failed": failed, "Pending": []}


@operation(SERVICE, "UngroupResources", resource=by_group)
def ungroup_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove resources from a group that has no query."""
    with ctx.write() as tx:
        group = _manual(GROUP.require(tx, ctx, text_of(req)))
        group.members = {arn: at for arn, at in group.members.items() if arn not in req["ResourceArns"]}
        tx.put(GROUPS, group)
    return {"Succeeded": req["ResourceArns"], "Failed": [], "Pending": []}


def _manual(group: Group) -> Group:
    if group.query:
        raise BadRequestException("The group is based on a query: resources are not added to it.")  # not confirmed
    return group


@operation(SERVICE, "ListGroupingStatuses", resource=by_group)
def list_grouping_statuses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """How the grouping of resources went. Only what succeeded is kept. The page declares no NotFoundException."""
    with ctx.read() as tx:
        group = GROUP.find(tx, ctx, text_of(req))
    if group is None:
        raise BadRequestException(f"Cannot find group {text_of(req)}.")
    wanted = {each["Name"]: each["Values"] for each in req.get("Filters") or ()}
    found = [
        {"ResourceArn": arn, "Action": "GROUP", "Status": "SUCCESS", "UpdatedAt": at}
        for arn, at in sorted(group.members.items())
        if arn in wanted.get("resource-arn", [arn]) and "SUCCESS" in wanted.get("status", ["SUCCESS"])
    ]
    pages = GroupPages(ctx)
    page, more = pages.by_key(
        found, req.get("NextToken"), req.get("MaxResults") or 50, lambda each: each["ResourceArn"]
    )
    return {"Group": group.name, "GroupingStatuses": page, **more}


@operation(SERVICE, "GetAccountSettings", resource="*")
def get_account_settings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Whether events of groups are wanted."""
    with ctx.read() as tx:
        kept = tx.get(SETTINGS, (ctx.account, ctx.region))
    return {"AccountSettings": _settings(kept.lifecycle_events if kept else "INACTIVE")}


@operation(SERVICE, "UpdateAccountSettings", resource="*", fidelity="recorded")
def update_account_settings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep whether events of groups are wanted; none is sent."""
    status = req.get("GroupLifecycleEventsDesiredStatus") or "INACTIVE"
    with ctx.write() as tx:
        tx.put(SETTINGS, Settings(account=ctx.account, region=ctx.region, lifecycle_events=status))
    return {"AccountSettings": _settings(status)}


def _settings(status: str) -> dict[str, str]:
    return {"GroupLifecycleEventsDesiredStatus": status, "GroupLifecycleEventsStatus": status}
