"""The input and output of the policy evaluator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from fogbank.core.principal import Principal

from .context import ContextSource, nothing_lacks
from .document import Policy

PolicyType = Literal[
    "",
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "service control policy",
    "resource control policy",
    "role trust policy",
]


class AccessRequest(msgspec.Struct, frozen=True):
    """One question: may `principal` perform `action` on `resource`?

    `context` holds the condition keys, or is a function that builds them when a policy reads one. `lacks(key)` says of
    an absent key whether AWS would supply it and Fogbank does not. A decision that depends on such a key is a denial.
    """

    principal: Principal
    action: str  # "s3:GetObject"
    resource: str  # an ARN, or "*"
    context: ContextSource = {}
    lacks: Callable[[str], bool] = nothing_lacks


class PolicySet(msgspec.Struct, frozen=True):
    """Every policy that applies to a request, compiled.

    `session` is None when the session has no policies of its own. `controls` are the levels of an organisation's
    service control policies from the root down (each level must allow); `resource_controls` are its resource control
    policies. `resource_account` owns the resource; empty means the caller's own account. `resource_decides` is true
    where only the resource's policy can give access (KMS key policies, role trust policies): without its Allow, neither
    identity policies nor the account's root user suffice.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    controls: tuple[tuple[Policy, ...], ...] = ()
    resource_controls: tuple[tuple[Policy, ...], ...] = ()
    resource: Policy | None = None
    resource_account: str = ""
    resource_decides: bool = False
    resource_type: PolicyType = "resource-based policy"


class Decision(msgspec.Struct, frozen=True):
    """The answer, and which policy gave it.

    `explicit`: a Deny statement decided. `policy_type`, `policy` (name or ARN), `sid` and `statement` (index from 0; -1
    when no statement matched) identify it. `missing_keys` are condition keys that were read and absent; `lacking_keys`
    are those of them that the request would have on AWS. `conditional`: the decision read the request's context, so it
    holds for this request only.
    """

    allowed: bool
    explicit: bool = False
    policy_type: PolicyType = ""
    policy: str = ""
    sid: str = ""
    statement: int = -1
    missing_keys: tuple[str, ...] = ()
    conditional: bool = False
    cross_account: bool = False
    lacking_keys: tuple[str, ...] = ()
