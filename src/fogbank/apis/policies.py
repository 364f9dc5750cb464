"""The policies that Lambda authorizers return.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

import json
from typing import Any

from fogbank.auth.policy import AccessRequest, Decision, Policy, PolicySet, compile, evaluate
from fogbank.core.http import Request
from fogbank.core.principal import Principal

INVOKE = "execute-api:Invoke"


def compiled(document: dict[str, Any]) -> Policy | None:
    """Compile an authorizer's policy. Raises MalformedPolicy.

    Drops statements with an empty list of resources, which IAM would refuse.
    Chalice returns such a statement for a caller who may not call any route, and documents that access is denied:
    https://aws.github.io/chalice/topics/authorizers.html
    """
    statements = document.get("Statement")
    if isinstance(statements, list):
        kept = [entry for entry in statements if not isinstance(entry, dict) or entry.get("Resource") != []]
        if statements and not kept:
            return None
        document = {**document, "Statement": kept}
    return compile(json.dumps(document), name="authorizer")


def decide(policy: Policy | None, account: str, principal: str, arn: str, request: Request) -> Decision:
    """Whether an authorizer's policy lets the principal it names invoke a method or route."""
    who = Principal(kind="user", account=account, arn=principal, identity_arn=principal)
    context = {"aws:SourceIp": request.client, "aws:UserAgent": request.header("user-agent")}
    return evaluate(AccessRequest(who, INVOKE, arn, context), PolicySet(identity=(policy,) if policy else ()))
