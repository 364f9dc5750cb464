"""Resource policies of parameters, with which they are shared. Only advanced parameters can have them.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.policy import MalformedPolicy, compile
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader

from ..arns import READ, shared_arn
from ..errors import (
    InvalidNextToken,
    MalformedResourcePolicyDocumentException,
    ResourceNotFoundException,
    ResourcePolicyConflictException,
    ResourcePolicyInvalidParameterException,
    ResourcePolicyNotFoundException,
)
from ..records import PARAMETERS, Parameter
from ..sharing import digest


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Parameter:
    parameter = READ.find(tx, ctx, req["ResourceArn"])
    if parameter is None:
        raise ResourceNotFoundException
    return parameter


def _check_hash(parameter: Parameter, req: dict[str, Any]) -> None:
    """Raise for a policy that is not there, or was changed since the caller read it."""
    kept = parameter.shared.get(req["PolicyId"])
    if kept is None:
        raise ResourcePolicyNotFoundException
    if digest(kept) != req.get("PolicyHash"):
        raise ResourcePolicyConflictException


@operation("ssm", "PutResourcePolicy", resource=shared_arn)
def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attach a policy to a parameter, or replace the one with this id and hash."""
    try:
        compile(req["Policy"], purpose="resource")
    except MalformedPolicy:
        raise MalformedResourcePolicyDocumentException from None
    with ctx.write() as tx:
        parameter = _require(tx, ctx, req)
        if parameter.tier != "Advanced":  # "You can share advanced-tier parameters only"; the text is not confirmed
            raise ResourcePolicyInvalidParameterException("Only advanced-tier parameters can be shared.")
        if req.get("PolicyId"):
            _check_hash(parameter, req)
        id = req.get("PolicyId") or ctx.ids.uuid()
        parameter.shared = parameter.shared | {id: req["Policy"]}
        tx.put(PARAMETERS, parameter)
    return {"PolicyId": id, "PolicyHash": digest(req["Policy"])}


@operation("ssm", "GetResourcePolicies", resource=shared_arn)
def get_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The policies of a parameter."""
    with ctx.read() as tx:
        parameter = _require(tx, ctx, req)
    pages = Pages(ctx, InvalidNextToken, f"{req['ResourceArn']}/policies")
    found, more = pages.by_key(
        sorted(parameter.shared.items()), req.get("NextToken"), req.get("MaxResults") or 50, lambda pair: pair[0]
    )
    return {"Policies": [{"PolicyId": id, "PolicyHash": digest(text), "Policy": text} for id, text in found], **more}


@operation("ssm", "DeleteResourcePolicy", resource=shared_arn)
def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Detach a policy."""
    with ctx.write() as tx:
        parameter = _require(tx, ctx, req)
        _check_hash(parameter, req)
        parameter.shared = {id: text for id, text in parameter.shared.items() if id != req["PolicyId"]}
        tx.put(PARAMETERS, parameter)
    return {}
