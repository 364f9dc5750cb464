"""Resource policies.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.policy import MalformedPolicy, compile
from fogbank.auth.policy.public import is_public
from fogbank.core import documents
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from .. import find, shapes
from ..errors import (
    InvalidNextTokenException,
    InvalidParameterException,
    MalformedPolicyDocumentException,
    PublicPolicyException,
)
from ..find import by_id, perhaps, secret_arn
from .secrets import save

DEFAULT = "default"  # the name of the one policy that a secret has


def _checked(text: str) -> str:
    try:
        documents.read_object(text)
    except documents.BadDocument:
        raise MalformedPolicyDocumentException("This resource policy contains invalid Json.") from None
    try:
        compile(text, purpose="resource")
    except MalformedPolicy:
        raise MalformedPolicyDocumentException from None
    return text


def _named(req: dict[str, Any]) -> dict[str, str]:
    """The PolicyName of a request, to be returned. "You can only attach the default policy": API_PutResourcePolicy."""
    name = req.get("PolicyName")
    if name not in (None, DEFAULT):
        raise InvalidParameterException(
            f"The policy {name} does not exist: {DEFAULT} is the only one."
        )  # not confirmed
    return {"PolicyName": name} if name else {}


@operation("secretsmanager", "PutResourcePolicy", resource=by_id)
def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attach a policy, instead of an earlier one."""
    text, name = _checked(req["ResourcePolicy"]), _named(req)
    if req.get("BlockPublicPolicy") and is_public(text):
        raise PublicPolicyException
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        secret.policy = text
        save(tx, ctx, secret)
    return shapes.named(ctx, secret) | name


@operation("secretsmanager", "GetResourcePolicy", resource=by_id)
def get_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The policy as it was attached; the member is absent if there is none."""
    name = _named(req)
    with ctx.read() as tx:
        secret = find.usable(tx, ctx, req["SecretId"])
    return shapes.named(ctx, secret) | name | ({"ResourcePolicy": secret.policy} if secret.policy else {})


@operation("secretsmanager", "DeleteResourcePolicy", resource=by_id)
def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Detach the policy, if there is one."""
    name = _named(req)
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        secret.policy = ""
        save(tx, ctx, secret)
    return shapes.named(ctx, secret) | name


@operation("secretsmanager", "ListResourcePolicies", resource=by_id)
def list_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The names of the policies: the default one, if it is attached."""
    with ctx.read() as tx:
        secret = find.usable(tx, ctx, req["SecretId"])
    names = [DEFAULT] if secret.policy else []
    pages = Pages(ctx, InvalidNextTokenException, f"{secret_arn(ctx, secret)}/policies")
    found, more = pages.by_key(names, req.get("NextToken"), req.get("MaxResults") or 100, str)
    return {"ResourcePolicies": [{"PolicyName": each} for each in found], **more}


@operation("secretsmanager", "ValidateResourcePolicy", resource=perhaps)
def validate_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Whether a policy is valid and does not admit everybody. The names of the checks are not confirmed."""
    if req.get("SecretId"):
        with ctx.read() as tx:
            find.require(tx, ctx, req["SecretId"])
    text = _checked(req["ResourcePolicy"])
    if not is_public(text):
        return {"PolicyValidationPassed": True, "ValidationErrors": []}
    problem = {"CheckName": "PUBLIC_POLICY", "ErrorMessage": "The resource policy grants broad access to the secret."}
    return {"PolicyValidationPassed": False, "ValidationErrors": [problem]}
