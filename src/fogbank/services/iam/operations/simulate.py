"""The policy simulator, on the evaluator that decides every real call.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.auth.identities import Identities
from fogbank.auth.policy import AccessRequest, Decision, MalformedPolicy, Policy, PolicySet, compile, evaluate
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.principal import Principal

from .. import arns
from ..errors import InvalidInput
from ..kinds import in_arn
from ..paging import page

_TYPES = {"user": "user", "group": "group", "role": "role"}


@operation("iam", "SimulateCustomPolicy", resource="*")
def simulate_custom_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What the given policies would allow."""
    given = tuple(_read(text, f"PolicyInputList.{n}") for n, text in enumerate(req["PolicyInputList"], 1))
    caller = _caller(req.get("CallerArn") or ctx.arn("iam", "user/simulated", region=""), ctx.account)
    return _simulate(ctx, req, caller, PolicySet(identity=given))


@operation("iam", "SimulatePrincipalPolicy", resource=arns.simulated)
def simulate_principal_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """What an identity's policies, and further ones, would allow."""
    source = req["PolicySourceArn"]
    with ctx.read() as tx:
        kind, name = in_arn(source)
        holder = kind.require(tx, ctx, name)
        caller = _caller(req.get("CallerArn") or source, ctx.account)
        identity = Identities(ctx.app).of_holder(tx, holder)
    given = tuple(_read(text, f"PolicyInputList.{n}") for n, text in enumerate(req.get("PolicyInputList") or (), 1))
    policies = PolicySet(identity=(*identity.policies, *given), boundary=identity.boundary)
    return _simulate(ctx, req, caller, policies)


def _caller(arn: str, account: str) -> Principal:
    kind = arn.rpartition(":")[2].partition("/")[0]
    return Principal(kind=_TYPES.get(kind, "user"), account=account, arn=arn, identity_arn=arn)


def _read(text: str, name: str, purpose: Any = "identity") -> Policy:
    try:
        return compile(text, name=name, purpose=purpose)
    except MalformedPolicy as error:
        raise InvalidInput(str(error)) from None  # the error that the API reference lists for these actions


def _context(req: dict[str, Any], caller: Principal) -> dict[str, Any]:
    found: dict[str, Any] = {"aws:PrincipalArn": caller.arn, "aws:PrincipalAccount": caller.account}
    if caller.kind == "user":
        found["aws:username"] = caller.arn.rpartition("/")[2]
    for entry in req.get("ContextEntries") or ():
        if not entry.get("ContextKeyName"):  # the model requires none (not confirmed what IAM says)
            raise InvalidInput("Invalid Context Entry: a ContextKeyName is required")
        values = entry.get("ContextKeyValues") or []
        is_list = str(entry.get("ContextKeyType", "")).endswith("List")
        found[entry["ContextKeyName"]] = values if is_list else (values[0] if values else "")
    return found


def _simulate(ctx: Context, req: dict[str, Any], caller: Principal, policies: PolicySet) -> dict[str, Any]:
    boundary = req.get("PermissionsBoundaryPolicyInputList")
    if boundary:
        policies = msgspec.structs.replace(
            policies, boundary=_read(boundary[0], "PermissionsBoundaryPolicyInputList.1")
        )
    if req.get("ResourcePolicy"):
        resource = _read(req["ResourcePolicy"], "ResourcePolicy", "resource")
        owner = (req.get("ResourceOwner") or caller.account).split(":")
        policies = msgspec.structs.replace(
            policies, resource=resource, resource_account=owner[4] if len(owner) > 4 else owner[0]
        )
    context = _context(req, caller)
    results = []
    for action in req["ActionNames"]:
        for resource_arn in req.get("ResourceArns") or ["*"]:
            if not re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9]+", action):
                raise InvalidInput(f"Invalid Action: {action}")
            decision = evaluate(AccessRequest(caller, action, resource_arn, context), policies)
            results.append(_result(action, resource_arn, decision, boundary=policies.boundary is not None))
    return page(
        ctx, req, "EvaluationResults", list(enumerate(results)), lambda item: f"{item[0]:06d}", lambda item: item[1]
    )


def _result(action: str, resource: str, decision: Decision, *, boundary: bool) -> dict[str, Any]:
    word = "allowed" if decision.allowed else "explicitDeny" if decision.explicit else "implicitDeny"
    shape: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": word,
        "MatchedStatements": [],
        "MissingContextValues": list(decision.missing_keys),
    }
    if decision.statement >= 0:
        kind = "Resource Policy" if decision.policy_type.startswith("resource") else "IAM Policy"
        if decision.policy_type == "permissions boundary":
            kind = "IAM Permissions Boundary Policy"
        shape["MatchedStatements"] = [{"SourcePolicyId": decision.policy, "SourcePolicyType": kind}]
    if boundary:
        denied = decision.policy_type == "permissions boundary"
        shape["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": not denied}
    return shape


_KEY = re.compile(r"\$\{([^{}*?$,]+)")


def _keys_of(policies: list[Policy], texts: list[str]) -> list[str]:
    keys = {condition.key for policy in policies for st in policy.statements for condition in st.conditions}
    return sorted(keys | {key.strip() for text in texts for key in _KEY.findall(text)})


@operation("iam", "GetContextKeysForCustomPolicy", resource="*")
def get_context_keys_for_custom_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The condition keys (lower case) and variables that policies ask for."""
    texts = req["PolicyInputList"]
    return {"ContextKeyNames": _keys_of([_read(text, "") for text in texts], texts)}


@operation("iam", "GetContextKeysForPrincipalPolicy", resource=arns.simulated)
def get_context_keys_for_principal_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The same of an identity's policies and further ones."""
    source = req["PolicySourceArn"]
    with ctx.read() as tx:
        kind, name = in_arn(source)
        holder = kind.require(tx, ctx, name)
        identity = Identities(ctx.app).of_holder(tx, holder)
    texts = [*(req.get("PolicyInputList") or ()), *holder.inline.values()]
    policies = [*identity.policies, *(_read(text, "") for text in req.get("PolicyInputList") or ())]
    return {"ContextKeyNames": _keys_of(policies, texts)}
