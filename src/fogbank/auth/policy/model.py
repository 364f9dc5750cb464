"""What the evaluator is asked and what it answers."""

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
    """One question: may `principal` perform `action` on `resource`.

    `context` holds the condition keys, or is a function that makes them when a policy asks. `lacks(key)` tells of a key
    that is not there whether that says nothing: whoever asks does not know it. What depends on such a key is denied.
    """

    principal: Principal
    action: str  # "s3:GetObject"
    resource: str  # an ARN, or "*"
    context: ContextSource = {}
    lacks: Callable[[str], bool] = nothing_lacks


class PolicySet(msgspec.Struct, frozen=True):
    """Every policy that has a say, compiled.

    `session` None: the session has no policies of its own. `controls` are the levels of an organisation's service
    control policies from the root down (each level must allow); `resource_controls` are its resource control policies.
    `resource_account` owns the resource; empty: the caller's own account. `resource_decides` is true where the
    resource's policy alone opens the door (KMS key policies, role trust policies): without its word, neither identity
    policies nor the account's root user get in.
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

    `explicit`: a Deny statement decided. `policy_type`, `policy` (name or ARN), `sid`, `statement` (index from 0, -1
    when the decision is the lack of one) say where. `missing_keys` are condition keys that were asked for and absent,
    `lacking_keys` those of them that the request would have in AWS.
    `conditional`: the request's context was looked at, so the answer holds for this request only.
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
