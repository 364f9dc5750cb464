"""Authorization: decides every call from the caller's and the resource's policies.

It takes resources as `core.kinds` resolved them: their ARN, owner and policy are those of the record that the operation
will find. Text of a request is no resource: it is denied.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from fogbank.core.context import Cloud, Context
from fogbank.core.errors import AccessDenied, CommonError, UnrecognizedClient
from fogbank.core.kinds import Named
from fogbank.core.operation import Access, Operation
from fogbank.core.principal import Principal

from . import records
from .facts import facts
from .identities import SHUT, Identities
from .policy import AccessRequest, Decision, Policy, PolicySet, denial_message, evaluate
from .published import iam_action, lacks

log = logging.getLogger("fogbank.auth")

Levels = tuple[tuple[Policy, ...], ...]

_ASSUMING = {"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:TagSession",
             "sts:SetSourceIdentity"}  # fmt: skip
_NONE: Mapping[str, str | Sequence[str]] = {}
NOT_THERE = Decision(False, policy_type="resource-based policy")  # on what is nobody's


class AuthorizationError(CommonError):
    """SNS's name for AccessDenied."""

    code = "AuthorizationError"
    status = 403


class Authorizer:
    """Decides calls. Decisions that do not depend on the call's context are remembered until an identity changes.

    `controls_of(account)` gives an account's service control policies, level by level: set by AWS Organizations, which
    signals `identity` when they change.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.identities = Identities(cloud)
        self.controls_of: Callable[[str], Levels] = lambda account: ()
        self._off = cloud.settings.iam == "off"
        self._allowed: set[tuple[str, str, str, str, str | None, str | None]] = set()
        for topic in (records.CHANGED, "reset"):
            cloud.signals.on(topic, self.forget)

    def forget(self) -> None:
        """Identities changed: decide anew."""
        self._allowed.clear()
        self.identities.forget()

    def authorize(self, ctx: Context, operation: Operation, request: dict[str, Any]) -> None:
        """Raise AccessDenied, in AWS's words, unless every permission that the operation needs is given."""
        resource = operation.resource
        if resource is None or self._off:
            return
        needed = resource(ctx, request)
        if ctx.names is not None:
            ctx.names.needed = needed
        if needed.__class__ is Access:
            self.require(ctx, needed.action or operation.action, needed.resource, needed.conditions)
        elif isinstance(needed, str):
            self.require(ctx, operation.action, needed, {})
        elif needed:
            for access in cast("Sequence[Access]", needed):
                self.require(ctx, access.action or operation.action, access.resource, access.conditions)
        else:
            raise AccessDenied(f"{operation.action} names no resource that could be allowed")

    def require(
        self, ctx: Context, action: str, resource: str, conditions: Mapping[str, str | Sequence[str]] = _NONE
    ) -> None:
        """Raise AccessDenied unless the caller has this one permission. `resource` is a Named, or "*"."""
        principal = ctx.principal
        if principal.access_key.startswith("ASIA") and principal.kind != "role":
            _refuse_beyond_session(action, principal)
        owner: str | None
        document: str | None
        if isinstance(resource, Named):
            owner, document = resource.owner, resource.policy
        else:
            owner, document = _unnamed(resource), None
        key = (principal.access_key, principal.arn, action, resource, owner, document)
        narrowed = principal.session_policies and not principal.access_key  # its key would not tell it apart
        if key in self._allowed and not narrowed:
            return
        decision, asked = self.decide(ctx, iam_action(action), resource, owner, document, conditions)
        if decision.allowed:
            if not decision.conditional and not narrowed:
                if len(self._allowed) > 50_000:
                    self._allowed.clear()
                self._allowed.add(key)
            return
        self._refuse(asked, decision)

    def decide(
        self,
        ctx: Context,
        action: str,
        resource: str,
        owner: str | None,
        document: str | None,
        conditions: Mapping[str, str | Sequence[str]],
    ) -> tuple[Decision, AccessRequest]:
        """The decision on a question, and the question with its context filled in.

        `owner` is the account of the resource: None for "*", which is nobody's and everybody's; "" for what belongs to
        nobody, which nobody may touch. `document` is the resource's policy.
        """
        known = facts(ctx, action, resource, owner or "", conditions)
        asked = AccessRequest(ctx.principal, action, resource, known, partial(lacks, action))
        if owner == "":
            return NOT_THERE, asked
        return evaluate(asked, self.policies(asked, owner or "", document)), asked

    def policies(self, asked: AccessRequest, owner: str, document: str | None) -> PolicySet:
        """Every policy that has a say in a question."""
        principal = asked.principal
        identity = self.identities.of(principal) if principal.kind not in {"service", "anonymous"} else None
        assuming = asked.action in _ASSUMING
        compiled = self.identities.compiled
        theirs = None
        if document:
            theirs = compiled("", document, "trust" if assuming else "resource")
            if theirs is SHUT and principal.kind == "root" and principal.account == owner:
                theirs = None  # somebody has to be able to replace it
        session = None
        if principal.session_policies:
            session = tuple(compiled("session", text) for text in principal.session_policies)
        elif principal.kind == "federated":
            session = ()  # GetFederationToken without a policy gives no permissions
        return PolicySet(
            identity=identity.policies if identity else (),
            boundary=identity.boundary if identity else None,
            session=session,
            controls=self.controls_of(principal.account) if principal.account else (),
            resource=theirs,
            resource_account=owner,
            resource_decides=assuming or (theirs is not None and asked.action.startswith("kms:")),
            resource_type="role trust policy" if assuming else "resource-based policy",
        )

    def _refuse(self, asked: AccessRequest, decision: Decision) -> None:
        text = denial_message(decision, asked)
        hint = _hint(asked, decision)
        if self._cloud.settings.iam == "audit":
            log.warning("would be denied: %s (%s)", text, hint)
            return
        if decision.lacking_keys:
            log.warning("denied, for what a policy asks cannot be told: %s (%s)", text, hint)
        headers = (("x-fogbank-hint", hint),)
        if asked.action.startswith("sns:"):
            raise AuthorizationError(text, headers=headers)
        denied = AccessDenied(text, headers=headers)
        denied.explicit = decision.explicit
        raise denied


def _refuse_beyond_session(action: str, principal: Principal) -> None:
    """What GetSessionToken's and GetFederationToken's credentials may not call, whatever policies say.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    """
    if action.startswith("iam:") and (principal.mfa_at is None or principal.kind == "federated"):
        raise UnrecognizedClient
    if action.startswith("sts:") and (action not in _ASSUMING or principal.kind == "federated"):
        raise AccessDenied(f"Cannot call {action.partition(':')[2]} with session credentials")


def _unnamed(resource: str) -> str | None:
    """The owner of what is no Named: only "*" may go without a name."""
    if resource != "*":
        log.error("the resource %r was authorised by its text alone", resource)
        return ""
    return None


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(json.dumps(key)[1:-1] for key in keys)


def _hint(asked: AccessRequest, decision: Decision) -> str:
    """What would change the decision, for the response's x-fogbank-hint (one line of ASCII)."""
    missing = ""
    if keys := _listed(key for key in decision.missing_keys if key not in decision.lacking_keys):
        missing += f"; condition keys the request did not have: {keys}"
    if keys := _listed(decision.lacking_keys):
        missing += f"; condition keys that AWS supplies for this action and Fogbank does not: {keys}"
    where = f"{decision.policy_type} {json.dumps(decision.policy)}" if decision.policy else decision.policy_type
    if decision.explicit:
        name = f" ({json.dumps(decision.sid)})" if decision.sid else ""  # one line of ASCII, whatever it holds
        return f"denied by statement {decision.statement + 1}{name} of {where}{missing}"[:2000]
    statement = json.dumps({"Effect": "Allow", "Action": asked.action, "Resource": asked.resource})
    return f"no {where} has a statement such as {statement}{missing}"[:2000]
