"""AssumeRole. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""

from __future__ import annotations

from typing import Any

from fogbank.auth import records, roles
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ValidationError
from fogbank.core.operation import operation

from .. import arns
from ..issue import issue, packed_size, session_policies, session_tags

HOUR = 3600


@operation("sts", "AssumeRole", resource=arns.assumed_role)
def assume_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Issue the credentials of a role session. Authorization has checked the trust policy and the caller's own."""
    if req.get("TokenCode") or req.get("SerialNumber"):
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    with ctx.write() as tx:
        role = roles.require(tx, ctx, req["RoleArn"])
        caller = tx.get(records.SESSIONS, (ctx.principal.access_key,)) if ctx.principal.kind == "role" else None
        seconds = _duration(req, role, chained=caller is not None)
        tags, transitive = _tags(req, caller)
        source = _source_identity(req, ctx)
        name = req["RoleSessionName"]
        arn = f"arn:{ctx.partition}:sts::{role.account}:assumed-role/{role.name}/{name}"
        user_id = f"{role.id}:{name}"
        credentials = issue(
            tx,
            ctx,
            role.account,
            seconds,
            kind="role",
            arn=arn,
            identity_arn=roles.arn_of(role, ctx.partition),
            user_id=user_id,
            policies=session_policies(tx, req, ctx.partition),
            tags=tags,
            transitive=transitive,
            source_identity=source,
        )
        role.used, role.used_region = int(ctx.now()), ctx.region
        tx.put(records.ROLES, role)
    return {
        "Credentials": credentials,
        "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": arn},
        **packed_size(req),
        **({"SourceIdentity": source} if source else {}),
    }


def _duration(req: dict[str, Any], role: records.Role, *, chained: bool) -> int:
    """The session's seconds. A session assumed by another session lasts at most an hour.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
    """
    seconds = int(req.get("DurationSeconds") or HOUR)
    if chained and seconds > HOUR:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    if seconds > role.max_session:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return seconds


def _tags(req: dict[str, Any], caller: records.Session | None) -> tuple[dict[str, str], list[str]]:
    """The session's tags and the keys of the transitive ones. Includes those inherited from the calling session."""
    tags = session_tags(req)
    transitive = list(req.get("TransitiveTagKeys") or [])
    inherited = {key: caller.tags[key] for key in caller.transitive if key in caller.tags} if caller else {}
    folded = {key.lower() for key in inherited}
    if any(key.lower() in folded for key in (*tags, *transitive)):
        raise ValidationError(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session."
        )
    if any(key not in tags for key in transitive):
        raise ValidationError("The specified transitive tag key must be included in the requested tags.")
    return {**inherited, **tags}, [*inherited, *transitive]


def _source_identity(req: dict[str, Any], ctx: Context) -> str:
    """The source identity. Once set, it stays the same through chained roles."""
    kept = ctx.principal.source_identity
    wanted = req.get("SourceIdentity") or kept
    if kept and wanted != kept:
        raise ValidationError("You cannot change the source identity that is set on your session.")
    return wanted
