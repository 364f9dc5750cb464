"""Who else may invoke: the resource policies of functions, versions and aliases.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import ResourcePolicy, operation, resource_policy
from fogbank.store.api import Reader

from .. import lookups
from ..arns import arn_of, qualified, target, with_principal
from ..errors import InvalidParameterValue, PolicyLengthExceeded, ResourceConflict, ResourceNotFound
from ..records import FUNCTIONS, LAYERS, POLICIES, Policy

MISSING = "The resource you requested does not exist."
POLICY_LIMIT = 20_480  # bytes
_FUNCTION = re.compile(r"function:([a-zA-Z0-9-_]+)(?::(.+))?")
_LAYER = re.compile(r"layer:([a-zA-Z0-9-_]+):(\d+)")


@operation("lambda", "AddPermission", resource=with_principal("lambda:AddPermission"))
def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add a statement; its id is unique within the qualifier.

    https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
    """
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    if which.qualifier == "$LATEST":
        raise InvalidParameterValue("We currently do not support adding policies for $LATEST.")
    statement = _statement(ctx, req, arn_of(ctx, which))
    with ctx.write() as tx:
        lookups.exists(tx, ctx, which)
        policy = tx.get(POLICIES, (*which.key, which.qualifier)) or Policy(
            account=which.account, region=which.region, name=which.name, qualifier=which.qualifier
        )
        if policy.revision or req.get("RevisionId"):
            lookups.check_revision(policy.revision, req.get("RevisionId"))
        if any(known["Sid"] == req["StatementId"] for known in policy.statements):
            raise ResourceConflict(
                f"The statement id ({req['StatementId']}) provided already exists. Please provide a new statement id, "
                "or remove the existing statement."
            )
        policy.statements = [*policy.statements, statement]
        policy.revision = ctx.ids.uuid()
        if len(_document(policy)) > POLICY_LIMIT:
            raise PolicyLengthExceeded(f"The final policy size ({len(_document(policy))}) is bigger than the limit "
                                       f"({POLICY_LIMIT}).")  # fmt: skip
        tx.put(POLICIES, policy)
    return {"Statement": msgspec.json.encode(statement).decode()}


def _statement(ctx: Context, req: dict[str, Any], arn: str) -> dict[str, Any]:
    principal = req["Principal"]
    shown: Any
    if principal == "*":
        shown = "*"
    elif principal.startswith("arn:"):
        shown = {"AWS": principal}
    elif re.fullmatch(r"\d{12}", principal):
        shown = {"AWS": f"arn:{ctx.partition}:iam::{principal}:root"}
    elif "." in principal:
        shown = {"Service": principal}
    else:
        raise InvalidParameterValue(
            f"The provided principal was invalid. Please check the principal and try again: {principal}"
        )
    if not re.fullmatch(r"lambda:[*]|lambda:[a-zA-Z]+|[*]", req["Action"]):
        raise InvalidParameterValue(f"The provided action was invalid: {req['Action']}")
    condition: dict[str, dict[str, str]] = {}
    if req.get("SourceArn"):
        condition["ArnLike"] = {"AWS:SourceArn": req["SourceArn"]}
    equals = {
        "AWS:SourceAccount": req.get("SourceAccount"),
        "lambda:EventSourceToken": req.get("EventSourceToken"),
        "aws:PrincipalOrgID": req.get("PrincipalOrgID"),
        "lambda:FunctionUrlAuthType": req.get("FunctionUrlAuthType"),
    }
    given = {key: value for key, value in equals.items() if value}
    if given:
        condition["StringEquals"] = given
    if req.get("InvokedViaFunctionUrl") is not None:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": str(req["InvokedViaFunctionUrl"]).lower()}
    statement = {"Sid": req["StatementId"], "Effect": "Allow", "Principal": shown, "Action": req["Action"],
                 "Resource": arn}  # fmt: skip
    return {**statement, "Condition": condition} if condition else statement


def _document(policy: Policy) -> str:
    document = {"Version": "2012-10-17", "Id": "default", "Statement": policy.statements}
    return msgspec.json.encode(document).decode()


@operation("lambda", "RemovePermission", resource=with_principal("lambda:RemovePermission"))
def remove_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html"""
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    with ctx.write() as tx:
        lookups.exists(tx, ctx, which)
        policy = tx.get(POLICIES, (*which.key, which.qualifier))
        if policy is None:
            raise ResourceNotFound("No policy is associated with the given resource.")
        lookups.check_revision(policy.revision, req.get("RevisionId"))
        kept = [known for known in policy.statements if known["Sid"] != req["StatementId"]]
        if len(kept) == len(policy.statements):
            raise ResourceNotFound(f"Statement {req['StatementId']} is not found in resource policy.")
        policy.statements, policy.revision = kept, ctx.ids.uuid()
        if kept:
            tx.put(POLICIES, policy)
        else:
            tx.delete(POLICIES, (*which.key, which.qualifier))
    return {}


@operation("lambda", "GetPolicy", resource=qualified)
def get_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html"""
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    with ctx.read() as tx:
        lookups.exists(tx, ctx, which)
        policy = tx.get(POLICIES, (*which.key, which.qualifier))
    if policy is None:
        raise ResourceNotFound(MISSING)
    return {"Policy": _document(policy), "RevisionId": policy.revision}


@resource_policy("lambda")
def policy_of(tx: Reader, arn: str) -> ResourcePolicy | None:
    """The policy of a function (with its qualifier) or of a layer version, for authorisation."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return None
    _, _, _, region, account, resource = parts
    layer = _LAYER.fullmatch(resource)
    if layer:
        version = tx.get(LAYERS, (account, region, layer[1], int(layer[2])))
        if version is None:
            return None
        document = {"Version": "2012-10-17", "Id": "default", "Statement": version.statements}
        return ResourcePolicy(account, msgspec.json.encode(document).decode() if version.statements else None)
    match = _FUNCTION.fullmatch(resource)
    if match is None or tx.get(FUNCTIONS, (account, region, match[1])) is None:
        return None
    qualifier = match[2] or ""
    policy = tx.get(POLICIES, (account, region, match[1], "" if qualifier == "$LATEST" else qualifier))
    return ResourcePolicy(account, _document(policy) if policy else None)
