"""The condition keys of a call that every service shares.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from fogbank.core import regions
from fogbank.core.context import Context

from .policy.context import ContextValue

_TYPES = {"root": "Account", "user": "User", "role": "AssumedRole", "federated": "FederatedUser", "service": "Service"}


def facts(
    ctx: Context,
    conditions: Mapping[str, str | Sequence[str]],
    resource_account: str,
    tags: Callable[[], Mapping[str, str]],
) -> Callable[[], dict[str, ContextValue]]:
    """A function that makes the condition keys, for when a policy asks.

    `conditions` are the operation's own keys, `tags` gives those of the resource.
    """

    def make() -> dict[str, ContextValue]:
        now = ctx.now()
        found: dict[str, ContextValue] = {
            "aws:CurrentTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(now)),
            "aws:SecureTransport": "true" if ctx.secure else "false",
            "aws:RequestedRegion": regions.home(ctx.service, ctx.partition) or ctx.region,
            "aws:ViaAWSService": "true" if ctx.principal.via else "false",
        }
        if ctx.user_agent:
            found["aws:UserAgent"] = ctx.user_agent
        if ctx.referer:
            found["aws:Referer"] = ctx.referer
        if resource_account:
            found["aws:ResourceAccount"] = resource_account
        found |= _caller(ctx, now)
        found |= {f"aws:ResourceTag/{key}": value for key, value in tags().items()}
        found |= conditions
        return found

    return make


def _caller(ctx: Context, now: float) -> dict[str, ContextValue]:
    principal = ctx.principal
    if principal.kind == "service":
        found: dict[str, ContextValue] = {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": principal.arn,
            "aws:SourceAccount": principal.account,
            "aws:SourceOwner": principal.account,  # the older name, in SNS's default topic policy
        }
        if principal.source_arn:
            found["aws:SourceArn"] = principal.source_arn
        return found
    found = {"aws:PrincipalIsAWSService": "false"}
    if principal.via:
        found["aws:CalledVia"] = principal.via
        found["aws:CalledViaFirst"], found["aws:CalledViaLast"] = principal.via[0], principal.via[-1]
    else:
        found["aws:SourceIp"] = ctx.source_ip
    if principal.kind == "anonymous":
        return {**found, "aws:PrincipalType": "Anonymous", "aws:userid": "anonymous"}
    found |= {
        "aws:PrincipalArn": principal.identity_arn if principal.kind == "role" else principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalType": _TYPES.get(principal.kind, "User"),
        "aws:userid": principal.user_id,
    }
    if principal.kind == "user":
        found["aws:username"] = principal.arn.rpartition("/")[2]
    found |= {f"aws:PrincipalTag/{key}": value for key, value in principal.tags.items()}
    if principal.source_identity:
        found["aws:SourceIdentity"] = principal.source_identity
    if principal.issued_at is not None:  # temporary credentials
        found["aws:TokenIssueTime"] = datetime.fromtimestamp(principal.issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found["aws:MultiFactorAuthPresent"] = "true" if principal.mfa_at is not None else "false"
    if principal.mfa_at is not None:
        found["aws:MultiFactorAuthAge"] = str(int(now - principal.mfa_at))
    return found
