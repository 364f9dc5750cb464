"""The condition keys of a call that every service shares.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from fogbank.core import regions, tagging
from fogbank.core.conditions import Asked
from fogbank.core.context import Context
from fogbank.core.kinds import Named

from . import published
from .policy.context import ContextValue

_TYPES = {"root": "Account", "user": "User", "role": "AssumedRole", "federated": "FederatedUser", "service": "Service"}


def facts(
    ctx: Context, action: str, resource: str, owner: str, conditions: Mapping[str, str | Sequence[str]]
) -> Callable[[], dict[str, ContextValue]]:
    """A function that makes the condition keys, for when a policy asks.

    `owner` is the account of the resource, `conditions` are the keys that the operation gives itself.
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
        if owner:
            found["aws:ResourceAccount"] = owner
        found |= _caller(ctx, now)
        found |= {f"aws:ResourceTag/{key}": value for key, value in _tags(resource).items()}
        found |= _of_service(ctx, action, resource)
        found |= conditions
        return found

    return make


def _tags(resource: str) -> Mapping[str, str]:
    """The tags of the record that authorization found, if it found one that has any."""
    record = resource.record if isinstance(resource, Named) else None
    tags = getattr(record, "tags", None)
    return tags if isinstance(tags, Mapping) else {}


def _of_service(ctx: Context, action: str, resource: str) -> dict[str, ContextValue]:
    """The keys of the action's own service: those of the request's tags, and those that it has declared.

    What else a call needs (iam:PassRole of CreateFunction) is another service's, and asks nothing of the request.
    """
    prefix, _, name = action.partition(":")
    own = prefix == published.PREFIXES.get(ctx.service, ctx.service)
    asked = Asked(ctx, action, resource, ctx.names.request if ctx.names is not None and own else {})
    found: dict[str, ContextValue] = tagging.conditions(ctx.operation, asked.request)
    for keys in published.supplied(prefix):
        found |= keys.of(asked, published.of_prefix(prefix).keys_of(name))
    return found


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
