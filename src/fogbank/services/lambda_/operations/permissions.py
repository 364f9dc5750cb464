"""The resource policies of functions, versions and aliases: they allow others to invoke these.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.operation import Access, operation

from .. import lookups
from ..arns import MISSING, arn_of, qualified, target
from ..errors import InvalidParameterValue, PolicyLengthExceeded, ResourceConflict, ResourceNotFound
from ..records import POLICIES, Policy, document

POLICY_LIMIT = 20_480  # bytes


def _adding(ctx: Context, req: dict[str, Any]) -> Access:
    """Requires access to the function; the principal that it will let in is a condition key."""
    conditions = {"lambda:Principal": req["Principal"]}
    if req.get("FunctionUrlAuthType"):
        conditions["lambda:FunctionUrlAuthType"] = req["FunctionUrlAuthType"]
    return Access("lambda:AddPermission", qualified(ctx, req), conditions)


def _removing(ctx: Context, req: dict[str, Any]) -> Access:
    """Requires access to the function, with the condition keys of the statement that is removed."""
    which = qualified(ctx, req)
    statements = json.loads(which.policy)["Statement"] if which.policy else ()
    conditions: dict[str, str] = {}
    for statement in statements:
        if statement["Sid"] == req["StatementId"]:
            principal = statement["Principal"]
            conditions["lambda:Principal"] = principal if principal == "*" else next(iter(principal.values()))
            auth = statement.get("Condition", {}).get("StringEquals", {}).get("lambda:FunctionUrlAuthType")
            if auth:
                conditions["lambda:FunctionUrlAuthType"] = auth
    return Access("lambda:RemovePermission", which, conditions)


@operation("lambda", "AddPermission", resource=_adding)
def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Adds a statement. Its id is unique within the qualifier.

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
        size = len(document(policy.statements))
        if size > POLICY_LIMIT:
            raise PolicyLengthExceeded(f"The final policy size ({size}) is bigger than the limit ({POLICY_LIMIT}).")
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


@operation("lambda", "RemovePermission", resource=_removing)
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
    return {"Policy": document(policy.statements), "RevisionId": policy.revision}
