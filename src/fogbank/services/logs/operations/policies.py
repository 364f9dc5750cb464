"""Resource policies: of the account, and of single log groups.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import arns
from ..errors import (
    InvalidParameterException,
    LimitExceededException,
    OperationAbortedException,
    ResourceNotFoundException,
)
from ..groups import group_arn, require_group
from ..records import POLICIES, Policy
from ..tokens import pages

MAX_POLICIES = 10  # per account and region
PAGE = 50


@operation("logs", "PutResourcePolicy", resource=arns.policy, fidelity="recorded")
def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Record a resource policy. It has no effect, because services that write logs here do so as roles."""
    if not req.get("policyDocument"):
        raise InvalidParameterException("policyDocument is required.")
    with ctx.write() as tx:
        name = _name(tx, ctx, req)
        if not _is_resource(name) and tx.get(POLICIES, (ctx.account, ctx.region, name)) is None:
            others = [p for p in tx.scan(POLICIES, (ctx.account, ctx.region)) if not _is_resource(p.name)]
            if len(others) >= MAX_POLICIES:
                raise LimitExceededException
        _expect(tx, ctx, name, req)
        policy = Policy(
            account=ctx.account,
            region=ctx.region,
            name=name,
            document=req["policyDocument"],
            updated_ms=int(ctx.now() * 1000),
            revision=ctx.ids.hex(32),
        )
        tx.put(POLICIES, policy)
    shown = {"resourcePolicy": _shape(policy)}
    return {**shown, "revisionId": policy.revision} if _is_resource(name) else shown


@operation("logs", "DescribeResourcePolicies", resource=arns.policy, fidelity="recorded")
def describe_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List the account's policies, or (policyScope RESOURCE) the policy of a log group."""
    of_resource = req.get("policyScope") == "RESOURCE"
    if of_resource and not req.get("resourceArn"):
        raise InvalidParameterException("resourceArn is required when policyScope is RESOURCE.")
    with ctx.read() as tx:
        found = [p for p in tx.scan(POLICIES, (ctx.account, ctx.region)) if _is_resource(p.name) == of_resource]
    if of_resource:
        found = [policy for policy in found if policy.name == req["resourceArn"]]
    listed = pages(ctx, f"{ctx.account}/{ctx.region}/policies/{of_resource}")
    shown, more = listed.by_key(found, req.get("nextToken"), req.get("limit", PAGE), lambda policy: policy.name)
    return {"resourcePolicies": [_shape(policy) for policy in shown], **more}


@operation("logs", "DeleteResourcePolicy", resource=arns.policy, fidelity="recorded")
def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Remove a resource policy."""
    with ctx.write() as tx:
        name = _name(tx, ctx, req)
        _expect(tx, ctx, name, req)
        if not tx.delete(POLICIES, (ctx.account, ctx.region, name)):
            raise ResourceNotFoundException(f"Policy with name [{name}] does not exist")
    return {}


def _is_resource(name: str) -> bool:
    return name.startswith("arn:")


def _name(tx: Reader, ctx: Context, req: dict[str, Any]) -> str:
    """The name of a policy's record: policyName, or the ARN of its log group, which must exist."""
    if req.get("resourceArn"):
        group = require_group(tx, ctx, req)
        return group_arn(ctx, group.name)
    name = str(req.get("policyName") or "")
    if not name:
        raise InvalidParameterException("policyName or resourceArn is required.")
    if _is_resource(name):
        raise InvalidParameterException(f"The policy name {name} is not valid. Name a log group with resourceArn.")
    return name


def _expect(tx: Reader, ctx: Context, name: str, req: dict[str, Any]) -> None:
    """Raise OperationAbortedException when the request expects another revision."""
    if req.get("expectedRevisionId"):
        kept = tx.get(POLICIES, (ctx.account, ctx.region, name))
        if kept is None or kept.revision != req["expectedRevisionId"]:
            raise OperationAbortedException


def _shape(policy: Policy) -> dict[str, Any]:
    shown = {"policyDocument": policy.document, "lastUpdatedTime": policy.updated_ms}
    if _is_resource(policy.name):
        return {**shown, "resourceArn": policy.name, "policyScope": "RESOURCE", "revisionId": policy.revision}
    return {**shown, "policyName": policy.name, "policyScope": "ACCOUNT"}
