"""Evaluates policies in AWS's order.

Explicit denies anywhere come first, then organisation, resource policy, identity, boundary and session policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html

Within one account, an Allow of the resource policy suffices when it names the caller. Which implicit denies of other
policies it overrides depends on whom it names:

    the user, the session, or everybody     those of identity policies, boundary and session policies
    the role of the session                 those of identity policies only
    the account                             none: the account's own policies decide
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .context import Facts
from .document import Policy, Statement
from .model import AccessRequest, Decision, PolicySet, PolicyType
from .principals import Reach


def evaluate(request: AccessRequest, policies: PolicySet) -> Decision:
    """Decide a request. Pure: the same request and policies give the same decision."""
    return _Evaluation(request, policies).decide()


class _Evaluation:
    __slots__ = ("action", "cross", "facts", "policies", "request")

    def __init__(self, request: AccessRequest, policies: PolicySet) -> None:
        self.request = request
        self.policies = policies
        self.action = request.action.lower()
        self.facts = Facts(request.context, request.lacks)
        owner = policies.resource_account
        self.cross = bool(owner) and owner not in {request.principal.account, "aws"}

    def decide(self) -> Decision:
        return self._explicit_deny() or self._organisation() or self._grant()

    # -- explicit denies ---------------------------------------------------------------------------------------------

    def _explicit_deny(self) -> Decision | None:
        for policy_type, policy in self._all():
            for statement in policy.select(self.action)[0]:
                if self._reach(statement) and self._fits(statement):
                    return self._answer(False, policy_type, statement, explicit=True)
        return None

    def _all(self) -> Iterator[tuple[PolicyType, Policy]]:
        policies = self.policies
        for level in policies.controls:
            for policy in level:
                yield "service control policy", policy
        for level in policies.resource_controls:
            for policy in level:
                yield "resource control policy", policy
        if policies.resource is not None:
            yield policies.resource_type, policies.resource
        for policy in policies.identity:
            yield "identity-based policy", policy
        if policies.boundary is not None:
            yield "permissions boundary", policies.boundary
        for policy in policies.session or ():
            yield "session policy", policy

    # -- allows ------------------------------------------------------------------------------------------------------

    def _organisation(self) -> Decision | None:
        if any(self._allowing(level) is None for level in self.policies.controls):
            return self._answer(False, "service control policy")
        if any(self._allowing(level) is None for level in self.policies.resource_controls):
            return self._answer(False, "resource control policy")
        return None

    def _grant(self) -> Decision:
        """With no explicit deny: find the Allow, or the policy type that lacks one."""
        caller, policies = self.request.principal, self.policies
        reach, grant = self._resource_grant()
        theirs = policies.resource_type
        if caller.kind in {"service", "anonymous", "web"}:
            return self._answer(grant is not None, theirs, grant)
        if reach is Reach.NONE and policies.resource_decides:
            return self._answer(False, theirs)
        if self.cross:
            own = self._own_policies(Reach.NONE)
            return self._answer(False, theirs) if own.allowed and reach is Reach.NONE else own
        if reach is Reach.DIRECT:
            return self._answer(True, theirs, grant)
        return self._own_policies(reach, grant)

    def _resource_grant(self) -> tuple[Reach, Statement | None]:
        """The Allow of the resource policy with the greatest reach."""
        best, grant = Reach.NONE, None
        if self.policies.resource is not None:
            for statement in self.policies.resource.select(self.action)[1]:
                reach = self._reach(statement)
                if reach > best and self._fits(statement):
                    best, grant = reach, statement
                    if best is Reach.DIRECT:
                        break
        return best, grant

    def _own_policies(self, reach: Reach, grant: Statement | None = None) -> Decision:
        """Evaluate identity policies, then the boundary and session policies that narrow them.

        With `reach` ROLE, `grant` of the resource policy replaces an identity policy's Allow.
        """
        policies = self.policies
        policy_type: PolicyType = policies.resource_type
        if reach is not Reach.ROLE:
            policy_type = "identity-based policy"
            grant = self._allowing(policies.identity)
            root = self.request.principal.identity_arn.endswith(":root")
            if grant is None and not root:
                return self._answer(False, policy_type)
        if policies.boundary is not None and self._allowing((policies.boundary,)) is None:
            return self._answer(False, "permissions boundary")
        if policies.session is not None and self._allowing(policies.session) is None:
            return self._answer(False, "session policy")
        return self._answer(True, policy_type, grant)

    def _allowing(self, policies: Iterable[Policy]) -> Statement | None:
        for policy in policies:
            for statement in policy.select(self.action)[1]:
                if self._fits(statement):
                    return statement
        return None

    # -- statements --------------------------------------------------------------------------------------------------

    def _reach(self, statement: Statement) -> Reach:
        """How a statement's Principal reaches the caller. A statement without one applies to whom it is attached to."""
        principals = statement.principals
        if principals is None:
            return Reach.DIRECT
        if not statement.not_principal:
            return principals.reach(self.request.principal)
        if not statement.allow:
            # AWS denies every principal that has a boundary, whatever NotPrincipal lists:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
            bounded = self.policies.boundary is not None
            return Reach.DIRECT if bounded or not principals.exempts(self.request.principal) else Reach.NONE
        return Reach.DIRECT if principals.reach(self.request.principal) is Reach.NONE else Reach.NONE

    def _fits(self, statement: Statement) -> bool:
        return statement.fits(self.request.resource, self.facts)

    def _answer(
        self, allowed: bool, policy_type: PolicyType, statement: Statement | None = None, *, explicit: bool = False
    ) -> Decision:
        facts = self.facts
        where = (statement.policy, statement.sid, statement.index) if statement else ("", "", -1)
        missing = tuple(sorted(facts.missing)) if facts.missing else ()
        lacking = tuple(sorted(facts.lacking)) if facts.lacking else ()
        return Decision(allowed, explicit, policy_type, *where, missing, facts.asked, self.cross, lacking)
