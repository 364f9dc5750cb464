"""Tags of log groups, in the newer and the older operations; resource policies."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation

from .. import arns
from ..errors import ResourceNotFoundException
from ..groups import require_group
from ..records import GROUPS, POLICIES, Policy


def _tag(ctx: Context, req: dict[str, Any], add: dict[str, str], remove: list[str]) -> dict[str, Any]:
    with ctx.write() as tx:
        group = require_group(tx, ctx, req)
        group.tags = {key: value for key, value in (group.tags | add).items() if key not in remove}
        tx.put(GROUPS, group)
    return {}


@operation("logs", "TagResource", resource=arns.group)
def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set tags."""
    return _tag(ctx, req, req["tags"], [])


@operation("logs", "UntagResource", resource=arns.group)
def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove tags."""
    return _tag(ctx, req, {}, req["tagKeys"])


@operation("logs", "ListTagsForResource", resource=arns.group)
def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The tags of a group."""
    with ctx.read() as tx:
        return {"tags": require_group(tx, ctx, req).tags}


@operation("logs", "TagLogGroup", resource=arns.group)
def tag_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The older TagResource."""
    return _tag(ctx, req, req["tags"], [])


@operation("logs", "UntagLogGroup", resource=arns.group)
def untag_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The older UntagResource."""
    return _tag(ctx, req, {}, req["tags"])


@operation("logs", "ListTagsLogGroup", resource=arns.group)
def list_tags_log_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The older ListTagsForResource."""
    with ctx.read() as tx:
        return {"tags": require_group(tx, ctx, req).tags}


@operation("logs", "PutResourcePolicy", resource="*", fidelity="recorded")
def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Recorded: services that write logs here do so as roles."""
    policy = Policy(
        account=ctx.account,
        region=ctx.region,
        name=req["policyName"],
        document=req["policyDocument"],
        updated_ms=int(ctx.now() * 1000),
    )
    with ctx.write() as tx:
        tx.put(POLICIES, policy)
    return {"resourcePolicy": _shape(policy)}


@operation("logs", "DescribeResourcePolicies", resource="*", fidelity="recorded")
def describe_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The account's resource policies."""
    with ctx.read() as tx:
        return {"resourcePolicies": [_shape(p) for p in tx.scan(POLICIES, (ctx.account, ctx.region))]}


@operation("logs", "DeleteResourcePolicy", resource="*", fidelity="recorded")
def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a resource policy."""
    with ctx.write() as tx:
        if not tx.delete(POLICIES, (ctx.account, ctx.region, req["policyName"])):
            raise ResourceNotFoundException(f"Policy with name [{req['policyName']}] does not exist")
    return {}


def _shape(policy: Policy) -> dict[str, Any]:
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated_ms,
    }
