"""May they: the decision on every call, from the policies of caller and resource."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from fogbank.core.context import Cloud, Context
from fogbank.core.errors import AccessDenied, CommonError, UnrecognizedClient
from fogbank.core.operation import Access, Operation, OwnedArn, ResourcePolicy
from fogbank.core.principal import Principal

from . import records
from .facts import facts
from .identities import SHUT, Identities
from .policy import AccessRequest, Decision, Policy, PolicySet, denial_message, evaluate

log = logging.getLogger("fogbank.auth")

PolicyReader = Callable[[str], ResourcePolicy | None]
Levels = tuple[tuple[Policy, ...], ...]

# services whose IAM prefix is not botocore's name, https://docs.aws.amazon.com/service-authorization/latest/reference/
_PREFIXES = {
    "apigatewayv2": "apigateway",
    "config": "config",
    "dynamodbstreams": "dynamodb",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "iot-data": "iot",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "stepfunctions": "states",
}
_ASSUMING = {"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:TagSession",
             "sts:SetSourceIdentity"}  # fmt: skip


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
        self._allowed: set[tuple[str, str, str, str, ResourcePolicy | str | None]] = set()
        for topic in (records.CHANGED, "reset"):
            cloud.signals.on(topic, self.forget)

    def forget(self) -> None:
        """Identities changed: decide anew."""
        self._allowed.clear()
        self.identities.forget()

    def authorize(
        self, ctx: Context, operation: Operation, request: dict[str, Any], resource_policy_of: PolicyReader
    ) -> None:
        """Raise AccessDenied, in AWS's words, unless every permission that the operation needs is given."""
        if operation.resource is None or self._cloud.settings.iam == "off":
            return
        needed = operation.resource(ctx, request)
        if needed.__class__ is Access:
            action = needed.action or operation.action
            self._require(ctx, action, needed.resource, needed.conditions, resource_policy_of)
            return
        if isinstance(needed, str):
            self._require(ctx, operation.action, needed, {}, resource_policy_of)
            return
        permissions = cast("Sequence[Access]", needed)
        if not permissions:
            raise AccessDenied(f"{operation.action} names no resource that could be allowed")
        for access in permissions:
            self._require(
                ctx, access.action or operation.action, access.resource, access.conditions, resource_policy_of
            )

    def _require(
        self,
        ctx: Context,
        action: str,
        resource: str,
        conditions: Mapping[str, str | Sequence[str]],
        resource_policy_of: PolicyReader,
    ) -> None:
        principal = ctx.principal
        if principal.access_key.startswith("ASIA") and principal.kind != "role":
            _refuse_beyond_session(action, principal)
        attached: ResourcePolicy | str | None
        if resource.__class__ is OwnedArn:
            attached = resource.owner
        else:
            attached = resource_policy_of(resource) if resource != "*" else None
        key = (principal.access_key, principal.arn, action, resource, attached)
        narrowed = bool(principal.session_policies) and not principal.access_key  # its key would not tell it apart
        if key in self._allowed and not narrowed:
            return
        if isinstance(attached, str):
            attached = ResourcePolicy(attached, None)
        asked = AccessRequest(principal, iam_action(action), resource)
        decision, asked = self.decide(ctx, asked, attached, conditions)
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
        asked: AccessRequest,
        attached: ResourcePolicy | None,
        conditions: Mapping[str, str | Sequence[str]],
    ) -> tuple[Decision, AccessRequest]:
        """The decision on a question, with the question as it was asked: its context filled in."""
        principal = asked.principal
        owner = attached.account if attached is not None else _owner(asked.resource, principal)
        asked = AccessRequest(principal, asked.action, asked.resource, facts(ctx, conditions, owner))
        return evaluate(asked, self.policies(asked, attached, owner)), asked

    def policies(self, asked: AccessRequest, attached: ResourcePolicy | None, owner: str) -> PolicySet:
        """Every policy that has a say in a question."""
        principal = asked.principal
        identity = self.identities.of(principal) if principal.kind not in {"service", "anonymous"} else None
        assuming = asked.action in _ASSUMING
        resource, compiled = asked.resource, self.identities.compiled
        theirs = None
        if attached is not None and attached.document:
            theirs = compiled(resource, attached.document, "trust" if assuming else "resource")
            if not assuming and ":iam:" in resource:
                theirs = None  # a trust policy speaks about assuming its role only
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
        headers = (("x-fogbank-hint", hint),)
        if asked.action.startswith("sns:"):
            raise AuthorizationError(text, headers=headers)
        raise AccessDenied(text, headers=headers)


def _refuse_beyond_session(action: str, principal: Principal) -> None:
    """What GetSessionToken's and GetFederationToken's credentials may not call, whatever policies say.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    """
    if action.startswith("iam:") and (principal.mfa_at is None or principal.kind == "federated"):
        raise UnrecognizedClient
    if action.startswith("sts:") and (action not in _ASSUMING or principal.kind == "federated"):
        raise AccessDenied(f"Cannot call {action.partition(':')[2]} with session credentials")


def iam_action(action: str) -> str:
    """The action under the service's IAM prefix: `stepfunctions:StartExecution` is `states:StartExecution`."""
    service, colon, name = action.partition(":")
    prefix = _PREFIXES.get(service)
    return f"{prefix}{colon}{name}" if prefix else action


def _owner(resource: str, principal: Principal) -> str:
    """The account in an ARN; the caller's own where there is none."""
    account = resource.split(":", 5)[4] if resource.count(":") >= 5 else ""
    return account if len(account) == 12 and account.isdecimal() else principal.account


def _hint(asked: AccessRequest, decision: Decision) -> str:
    """What would change the decision, for the response's x-fogbank-hint (one line of ASCII)."""
    missing = (
        f"; condition keys the request did not have: {', '.join(decision.missing_keys)}"
        if (decision.missing_keys)
        else ""
    )
    where = f"{decision.policy_type} {json.dumps(decision.policy)}" if decision.policy else decision.policy_type
    if decision.explicit:
        name = f" ({json.dumps(decision.sid)})" if decision.sid else ""  # one line of ASCII, whatever it holds
        return f"denied by statement {decision.statement + 1}{name} of {where}{missing}"
    statement = json.dumps({"Effect": "Allow", "Action": asked.action, "Resource": asked.resource})
    return f"no {where} has a statement such as {statement}{missing}"[:2000]
