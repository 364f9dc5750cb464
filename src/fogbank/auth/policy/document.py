"""Policy documents: parsed, validated as IAM does, and compiled once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
The error texts are IAM's for MalformedPolicyDocument, as far as public error reports show them. Where only the fact of
the error is known, the text is IAM's general `Syntax errors in policy.`
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from fogbank.core import documents

from . import patterns
from .conditions import Condition, UnknownOperator, compile_condition
from .context import Facts
from .patterns import Matcher
from .principals import Principals, compile_principals
from .variables import Template, template

Purpose = Literal["identity", "resource", "trust"]

_SYNTAX = "Syntax errors in policy."
_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
}
_VERSIONS = {"2012-10-17", "2008-10-17"}


class MalformedPolicy(ValueError):
    """The document breaks the grammar; the message is IAM's. Services raise their own error class with this text."""


class Statement(msgspec.Struct, frozen=True):
    """One compiled statement."""

    policy: str  # the name or ARN of its policy
    index: int  # from 0
    sid: str
    allow: bool
    exact_actions: frozenset[str]  # lower case
    action_globs: tuple[Matcher, ...]
    not_action: bool
    resources: tuple[Matcher, ...] | None  # None: every resource
    resource_templates: tuple[Template, ...]  # with policy variables
    not_resource: bool
    principals: Principals | None
    not_principal: bool
    conditions: tuple[Condition, ...]

    def names_action(self, action: str) -> bool:
        """Whether the statement applies to an action, given in lower case."""
        named = action in self.exact_actions or any(glob(action) for glob in self.action_globs)
        return named is not self.not_action

    def names_resource(self, resource: str, facts: Facts) -> bool:
        if self.resources is None:
            return not self.not_resource
        for matches in self.resources:
            if matches(resource):
                return not self.not_resource
        for hole in self.resource_templates:
            pieces = hole.fill(facts)
            if pieces is None:
                # an unknown variable matches nothing; AWS does not say what that means for NotResource: fail closed
                if self.not_resource:
                    return not self.allow
            elif patterns.arn_glob(pieces)(resource):
                return not self.not_resource
        return self.not_resource

    def fits(self, resource: str, facts: Facts) -> bool:
        """Whether it speaks of this resource under these conditions.

        Where that cannot be told, for it depends on a key that is not known here, it denies and does not allow. A
        condition that is known to fail settles it whatever the others say.
        """
        facts.doubt = False
        if not self.names_resource(resource, facts) and not facts.doubt:
            return False
        doubt = facts.doubt
        for condition in self.conditions:
            facts.doubt = False
            held = condition.holds(facts)
            if not held and not facts.doubt:
                return False
            doubt = doubt or facts.doubt
        return not (doubt and self.allow)


class Policy:
    """A compiled document. `select` caches its statements by action, so long policies cost what short ones do."""

    __slots__ = ("_by_action", "name", "statements")

    def __init__(self, name: str, statements: tuple[Statement, ...]) -> None:
        self.name = name
        self.statements = statements
        self._by_action: dict[str, tuple[tuple[Statement, ...], tuple[Statement, ...]]] = {}

    def select(self, action: str) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        """The (denying, allowing) statements that apply to an action, given in lower case."""
        found = self._by_action.get(action)
        if found is None:
            speaking = [statement for statement in self.statements if statement.names_action(action)]
            found = tuple(s for s in speaking if not s.allow), tuple(s for s in speaking if s.allow)
            if len(self._by_action) > 512:
                self._by_action.clear()
            self._by_action[action] = found
        return found


def compile(text: str, *, name: str = "", purpose: Purpose = "identity") -> Policy:
    """Parse and validate a JSON document. Raises MalformedPolicy with IAM's text.

    `purpose`: identity policies have no Principal; resource policies must have one; trust policies have one and no
    Resource.
    """
    document = read(text)
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise MalformedPolicy(_SYNTAX)
    unknown = set(document) - {"Version", "Id", "Statement"}
    if unknown or not isinstance(statements, list) or not statements or not isinstance(document.get("Id", ""), str):
        raise MalformedPolicy(_SYNTAX)
    # SAM's policy templates have no Version, and IAM accepts them (as 2008-10-17: without variables)
    if purpose == "identity" and document.get("Version", "2012-10-17") != "2012-10-17":
        raise MalformedPolicy("Policy document must be version 2012-10-17 or greater.")
    compiled = tuple(
        _Reader(statement, name, index, purpose, variables=version == "2012-10-17").compile()
        for index, statement in enumerate(statements)
    )
    sids = [statement.sid for statement in compiled if statement.sid]
    if len(sids) != len(set(sids)):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
    return Policy(name, compiled)


def read(text: str) -> dict[str, Any]:
    """Parse a JSON object. Refuses duplicate keys, as IAM does, and values that `core.documents` refuses."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise MalformedPolicy(_SYNTAX)
        return found

    try:
        documents.read_object(text)
    except documents.BadDocument:
        raise MalformedPolicy(_SYNTAX) from None
    document: dict[str, Any] = json.loads(text, object_pairs_hook=unique)
    return document


class _Reader:
    """Checks and compiles one statement."""

    def __init__(self, statement: object, policy: str, index: int, purpose: Purpose, *, variables: bool) -> None:
        if not isinstance(statement, dict) or set(statement) - _STATEMENT_KEYS:
            raise MalformedPolicy(_SYNTAX)
        self.statement: dict[str, Any] = statement
        self.policy, self.index, self.purpose, self.variables = policy, index, purpose, variables

    def compile(self) -> Statement:
        effect, sid = self.statement.get("Effect"), self.statement.get("Sid", "")
        if effect not in {"Allow", "Deny"} or not isinstance(sid, str):
            raise MalformedPolicy(_SYNTAX)
        if self.purpose == "identity" and not re.fullmatch(r"[0-9A-Za-z]*", sid):
            raise MalformedPolicy(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
                "regular expression [0-9A-Za-z]*"
            )
        principals, not_principal = self._principals()
        exact, globs, not_action = self._actions()
        resources, templates, not_resource = self._resources()
        return Statement(
            policy=self.policy,
            index=self.index,
            sid=sid,
            allow=effect == "Allow",
            exact_actions=exact,
            action_globs=globs,
            not_action=not_action,
            resources=resources,
            resource_templates=templates,
            not_resource=not_resource,
            principals=principals,
            not_principal=not_principal,
            conditions=self._conditions(),
        )

    def _pair(self, name: str) -> tuple[object, bool]:
        """The value of `name` or `Notname`, and whether it was `Notname`. Both at once are an error."""
        if name in self.statement and f"Not{name}" in self.statement:
            raise MalformedPolicy(_SYNTAX)
        if f"Not{name}" in self.statement:
            return self.statement[f"Not{name}"], True
        return self.statement.get(name), False

    def _principals(self) -> tuple[Principals | None, bool]:
        element, negated = self._pair("Principal")
        if self.purpose == "identity":
            if element is not None:
                raise MalformedPolicy("Policy document should not specify a principal.")
            return None, False
        if element is None:
            raise MalformedPolicy("Missing required field Principal" if self.purpose == "trust" else _SYNTAX)
        try:
            return compile_principals(element), negated
        except ValueError as error:
            raise MalformedPolicy(f"Invalid principal in policy: {error}") from None

    def _actions(self) -> tuple[frozenset[str], tuple[Matcher, ...], bool]:
        element, negated = self._pair("Action")
        if element is None or element == []:
            raise MalformedPolicy("Policy statement must contain actions.")
        exact, globs = set(), []
        for action in _texts(element):
            if action != "*":
                self._check_action(action)
            pieces = patterns.split(action.lower())
            if any(isinstance(piece, patterns.Wild) for piece in pieces):
                globs.append(patterns.glob(pieces))
            else:
                exact.add(action.lower())
        return frozenset(exact), tuple(globs), negated

    def _check_action(self, action: str) -> None:
        vendor, colon, name = action.partition(":")
        if not colon:
            raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if ":" in name:
            raise MalformedPolicy("Actions/Condition can contain only one colon.")
        if not re.fullmatch(r"[A-Za-z0-9-]+", vendor) and action != "*:*":
            raise MalformedPolicy(f"Vendor {vendor} is not valid")

    def _resources(self) -> tuple[tuple[Matcher, ...] | None, tuple[Template, ...], bool]:
        element, negated = self._pair("Resource")
        if self.purpose == "trust":
            if element is not None:
                raise MalformedPolicy(f"Has prohibited field {'NotResource' if negated else 'Resource'}")
            return None, (), False
        if element is None or element == []:
            if self.purpose == "resource":
                return None, (), False  # some services' policies (endpoint, SES) may leave it out
            raise MalformedPolicy("Policy statement must contain resources.")
        fixed: list[Matcher] = []
        holes: list[Template] = []
        for resource in _texts(element):
            if resource == "*":
                return None, (), negated
            if self.purpose == "identity":
                _check_resource(resource)
            hole = template(resource, variables=self.variables)
            if hole.fixed is None:
                holes.append(hole)
            else:
                fixed.append(patterns.arn_glob(hole.fixed))
        return tuple(fixed), tuple(holes), negated

    def _conditions(self) -> tuple[Condition, ...]:
        block = self.statement.get("Condition", {})
        if not isinstance(block, dict):
            raise MalformedPolicy(_SYNTAX)
        conditions = []
        for operator, keys in block.items():
            if not isinstance(keys, dict):
                raise MalformedPolicy(_SYNTAX)
            for key, given in keys.items():
                if ":" not in key:
                    raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
                values = [_scalar(value) for value in (given if isinstance(given, list) else [given])]
                try:
                    conditions.append(compile_condition(operator, key, values, variables=self.variables))
                except UnknownOperator:
                    raise MalformedPolicy(_SYNTAX) from None
                except ValueError:
                    raise MalformedPolicy(f"Invalid value in condition {operator} of key {key}.") from None
        return tuple(conditions)


def _check_resource(resource: str) -> None:
    if not resource.startswith("arn:"):
        partition = resource.partition(":")[0]
        if ":" in resource and not resource.startswith(("*", "$")):
            raise MalformedPolicy(f'Partition "{partition}" is not valid for resource "{resource}".')
        raise MalformedPolicy(f'Resource {resource} must be in ARN format or "*".')
    partition, _, rest = resource[4:].partition(":")
    if partition not in {"aws", "aws-cn", "aws-us-gov", "*"} and "$" not in partition and "*" not in partition:
        raise MalformedPolicy(f'Partition "{partition}" is not valid for resource "{resource}".')
    if not rest:
        raise MalformedPolicy("Resource vendor must be fully qualified and cannot contain regexes.")


def _texts(element: object) -> Sequence[str]:
    values = element if isinstance(element, list) else [element]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        raise MalformedPolicy(_SYNTAX)
    return texts


def _scalar(value: object) -> str:
    """A condition's value as text. JSON strings, booleans and numbers are all accepted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedPolicy(_SYNTAX)
