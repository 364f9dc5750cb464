"""The caller, in the form of an event's `userIdentity`.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fogbank.core.principal import Principal

ANONYMOUS = "ANONYMOUS_PRINCIPAL"


def identity(principal: Principal, invoker: str = "") -> dict[str, Any]:
    """`userIdentity`. `invoker` is the service that made the call in the principal's name."""
    match principal.kind:
        case "service":
            return {"type": "AWSService", "invokedBy": principal.arn}
        case "anonymous":
            return {"type": "AWSAccount", "principalId": "", "accountId": ANONYMOUS}
    found: dict[str, Any] = {
        "type": {"root": "Root", "user": "IAMUser", "role": "AssumedRole", "federated": "FederatedUser"}[
            principal.kind
        ],
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
    }
    if principal.access_key:
        found["accessKeyId"] = principal.access_key
    if principal.kind == "user":
        found["userName"] = _last(principal.arn)
    if principal.access_key.startswith("ASIA") or principal.kind in ("role", "federated"):
        found["sessionContext"] = _session(principal)
    if invoker:
        found["invokedBy"] = invoker
    return found


def _session(principal: Principal) -> dict[str, Any]:
    attributes = {"mfaAuthenticated": str(principal.mfa_at is not None).lower()}
    if principal.issued_at is not None:
        attributes["creationDate"] = stamp(principal.issued_at)
    found: dict[str, Any] = {"attributes": attributes}
    if principal.kind in ("role", "federated") and not principal.identity_arn.endswith(":root"):
        found["sessionIssuer"] = {
            "type": "Role" if principal.kind == "role" else "IAMUser",
            "principalId": principal.user_id.partition(":")[0],
            "arn": principal.identity_arn,
            "accountId": principal.identity_arn.split(":")[4],
            "userName": _last(principal.identity_arn),
        }
    if principal.source_identity:
        found["sourceIdentity"] = principal.source_identity
    return found


def username(principal: Principal) -> str:
    """The caller's name in LookupEvents: a user's name, a session's name, or `root`."""
    if principal.kind == "root":
        return "root"
    return "" if principal.kind in ("service", "anonymous") else _last(principal.arn)


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]
