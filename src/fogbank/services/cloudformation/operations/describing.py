"""Operations that describe and list stacks, their resources and their events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.auth import quotas
from fogbank.core import paging
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import events, shapes, stacks
from ..arns import any_stack, named_stack, owning_stack
from ..errors import stack_missing
from ..records import DRIFTS, EVENTS, REVISIONS, STACKS, Drift, Event, Stack
from ..stacks import STACK_COUNT
from ..template.structure import LIMITS

T = TypeVar("T")
PAGE = 100


def page(
    ctx: Context, items: list[T], req: dict[str, Any], key: Callable[[T], str], *, size: int = PAGE
) -> tuple[list[T], dict[str, str]]:
    """The next `size` items after NextToken, and {"NextToken": …} when more follow. Keeps the items' order."""
    scope = f"{ctx.account}/{ctx.region}/{ctx.operation}/{req.get('StackName', '')}"
    start = 0
    if req.get("NextToken"):
        try:
            after = paging.decode(ctx.app.secret, scope, req["NextToken"])
        except ValueError:
            raise ValidationError("Invalid NextToken") from None
        keys = [key(item) for item in items]
        start = keys.index(str(after)) + 1 if after in keys else 0
    shown = items[start : start + size]
    if start + size >= len(items):
        return shown, {}
    return shown, {"NextToken": paging.encode(ctx.app.secret, scope, key(shown[-1]))}


@operation("cloudformation", "DescribeStacks", resource=any_stack)
def describe_stacks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Describe one stack (by id even after its deletion), or all stacks that exist.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    with ctx.read() as tx:
        if req.get("StackName"):
            found = [stacks.require(tx, ctx, req["StackName"])]
            token: dict[str, str] = {}
        else:
            alive = [s for s in tx.scan(STACKS, (ctx.account, ctx.region)) if s.status != "DELETE_COMPLETE"]
            alive.sort(key=lambda s: (-s.created, s.id))
            found, token = page(ctx, alive, req, lambda s: s.id)
        shown = [
            shapes.stack(stack, tx.get(REVISIONS, (stack.account, stack.region, stack.id, stack.revision)))
            for stack in found
        ]
    return {"Stacks": shown, **token}


@operation("cloudformation", "ListStacks", resource="*")
def list_stacks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List all stacks, newest first; deleted stacks stay in the list for 90 days.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
    """
    wanted = set(req.get("StackStatusFilter") or ())
    with ctx.read() as tx:
        found = [s for s in tx.scan(STACKS, (ctx.account, ctx.region)) if not wanted or s.status in wanted]
    found.sort(key=lambda s: (-s.created, s.id))
    shown, token = page(ctx, found, req, lambda s: s.id)
    return {"StackSummaries": [shapes.summary(stack) for stack in shown], **token}


@operation("cloudformation", "DescribeStackEvents", resource=any_stack)
def describe_stack_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List a stack's events, newest first.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
    """
    if not req.get("StackName"):
        raise ValidationError("StackName must be specified")
    scope = f"{ctx.account}/{ctx.region}/events/{req['StackName']}"
    with ctx.read() as tx:
        stack = stacks.find(tx, ctx, req["StackName"])
        if stack is None:
            raise stack_missing(req["StackName"])
        where = (stack.account, stack.region, stack.id)
        after = None
        if req.get("NextToken"):
            try:
                after = (*where, int(paging.decode(ctx.app.secret, scope, req["NextToken"])))
            except ValueError:
                raise ValidationError("Invalid NextToken") from None
        found: list[Event] = list(tx.scan(EVENTS, where, reverse=True, after=after, limit=PAGE + 1))
    shown = {"StackEvents": [events.shape(event) for event in found[:PAGE]]}
    if len(found) <= PAGE:
        return shown
    return {**shown, "NextToken": paging.encode(ctx.app.secret, scope, str(found[PAGE - 1].number))}


def _require(tx: Reader, ctx: Context, name: str) -> Stack:
    stack = stacks.find(tx, ctx, name)
    if stack is None:
        raise ValidationError(f"Stack '{name}' does not exist")
    return stack


@operation("cloudformation", "DescribeStackResource", resource=named_stack)
def describe_stack_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html"""
    with ctx.read() as tx:
        stack = _require(tx, ctx, req["StackName"])
        for record in stacks.present(tx, stack):
            if record.logical_id == req["LogicalResourceId"]:
                drift = tx.get(DRIFTS, (stack.account, stack.region, stack.id, record.logical_id))
                return {"StackResourceDetail": shapes.resource_detail(record, drift, stack.name)}
    raise ValidationError(f"Resource {req['LogicalResourceId']} does not exist for stack {req['StackName']}")


@operation("cloudformation", "DescribeStackResources", resource=owning_stack)
def describe_stack_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Describe up to a hundred resources of a stack, which is named directly or by one of its physical ids.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
    """
    with ctx.read() as tx:
        if req.get("StackName"):
            stack = stacks.require(tx, ctx, req["StackName"])
        elif req.get("PhysicalResourceId"):
            stack = stacks.require_owner(tx, ctx, req["PhysicalResourceId"])
        else:
            raise ValidationError("Either StackName or PhysicalResourceId must be specified")
        found = stacks.present(tx, stack)
        drifts = _drifts(tx, stack)
    wanted = req.get("LogicalResourceId")
    shown = [
        shapes.resource(r, drifts.get(r.logical_id), stack.name) for r in found if not wanted or r.logical_id == wanted
    ]
    return {"StackResources": shown[:PAGE]}


@operation("cloudformation", "ListStackResources", resource=named_stack)
def list_stack_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html"""
    with ctx.read() as tx:
        stack = stacks.require(tx, ctx, req["StackName"])
        found, drifts = stacks.present(tx, stack), _drifts(tx, stack)
    shown, token = page(ctx, found, req, lambda r: r.logical_id)
    summaries = [shapes.resource(record, drifts.get(record.logical_id)) for record in shown]
    return {"StackResourceSummaries": summaries, **token}


def _drifts(tx: Reader, stack: Stack) -> dict[str, Drift]:
    return {drift.logical_id: drift for drift in tx.scan(DRIFTS, (stack.account, stack.region, stack.id))}


@operation("cloudformation", "DescribeAccountLimits", resource="*")
def describe_account_limits(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeAccountLimits.html"""
    with ctx.read() as tx:
        most = int(quotas.shown(tx, ctx, "cloudformation", STACK_COUNT))
    limits = {"StackLimit": most, "StackOutputsLimit": LIMITS["Outputs"], "ConcurrentResourcesLimit": 2500}
    return {"AccountLimits": [{"Name": name, "Value": value} for name, value in limits.items()]}
