"""GetSessionToken, GetFederationToken, GetCallerIdentity and GetAccessKeyInfo."""

from __future__ import annotations

from typing import Any

from fogbank.auth.credentials import account_of
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ValidationError
from fogbank.core.operation import operation

from .. import arns
from ..issue import issue, packed_size, session_policies, session_tags

_DEFAULT, _ROOT_LIMIT = 43200, 3600  # seconds


@operation("sts", "GetCallerIdentity", resource=None)
def get_caller_identity(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Who calls. Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
    return {"UserId": ctx.principal.user_id, "Account": ctx.account, "Arn": ctx.principal.arn}


@operation("sts", "GetSessionToken", resource=None)
def get_session_token(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Temporary credentials with the caller's own permissions.

    No permission is needed: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    if req.get("TokenCode") or req.get("SerialNumber"):
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    caller = _long_term(ctx, "GetSessionToken")
    seconds = _seconds(req, caller.kind)
    with ctx.write() as tx:
        credentials = issue(
            tx,
            ctx,
            ctx.account,
            seconds,
            kind=caller.kind,
            arn=caller.arn,
            identity_arn=caller.identity_arn,
            user_id=caller.user_id,
            tags=caller.tags,
        )
    return {"Credentials": credentials}


@operation("sts", "GetFederationToken", resource=arns.federated_user)
def get_federation_token(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Credentials of a federated user: what both the caller and the session policies allow.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    caller = _long_term(ctx, "GetFederationToken")
    seconds = _seconds(req, caller.kind)
    arn, user_id = ctx.arn("sts", f"federated-user/{req['Name']}", region=""), f"{ctx.account}:{req['Name']}"
    with ctx.write() as tx:
        credentials = issue(
            tx,
            ctx,
            ctx.account,
            seconds,
            kind="federated",
            arn=arn,
            identity_arn=caller.identity_arn,
            user_id=user_id,
            policies=session_policies(tx, req, ctx.partition),
            tags=session_tags(req),
            issuer=caller.user_id,
        )
    return {
        "Credentials": credentials,
        "FederatedUser": {"FederatedUserId": user_id, "Arn": arn},
        **packed_size(req),
    }


def _long_term(ctx: Context, name: str) -> Any:
    """The caller, who must hold long-term credentials."""
    caller = ctx.principal
    if caller.kind not in {"user", "root"} or caller.access_key.startswith("ASIA"):
        raise AccessDenied(f"Cannot call {name} with session credentials")
    return caller


def _seconds(req: dict[str, Any], kind: str) -> int:
    """The session's seconds. Root's sessions last at most an hour, whatever the request says."""
    wanted = int(req.get("DurationSeconds") or _DEFAULT)
    return min(wanted, _ROOT_LIMIT) if kind == "root" else wanted


@operation("sts", "GetAccessKeyInfo", resource="*")
def get_access_key_info(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Return the account in an access key id, which the id itself contains.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    """
    account = account_of(req["AccessKeyId"])
    if account is None:
        raise ValidationError(f"{req['AccessKeyId']} is not a valid access key id.")
    return {"Account": account}
