"""Wildcards against a simple model of them, their cost, and the algebra of decisions."""

from __future__ import annotations

import json
import time
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.auth.policy import AccessRequest, Policy, PolicySet, compile, evaluate
from fogbank.auth.policy.patterns import arn_glob, glob, split
from fogbank.core.principal import Principal

PATTERNS = st.text(alphabet="ab:*?/", max_size=12)
TEXTS = st.text(alphabet="ab:/", max_size=16)


@given(PATTERNS, TEXTS)
def test_a_pattern_matches_what_it_says(pattern: str, text: str) -> None:
    assert bool(glob(split(pattern))(text)) is fnmatchcase(text, pattern)


def by_definition(pattern: str, text: str, colons: int = 0) -> bool:
    """The ARN rule, letter by letter: a `*` stays within its component unless it ends it (or is in the resource)."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        while rest.startswith("*"):
            rest = rest[1:]
        across = colons >= 5 or not rest or rest[0] == ":"
        at = 0
        while True:
            if by_definition(rest, text[at:], colons):
                return True
            if at >= len(text) or (text[at] == ":" and not across):
                return False
            at += 1
    if not text or (head != "?" and head != text[0]) or (head == "?" and text[0] == ":" and colons < 5):
        return False
    return by_definition(rest, text[1:], colons + (head == ":"))


@given(PATTERNS, TEXTS)
@settings(max_examples=300)
def test_an_arn_pattern_matches_component_by_component(pattern: str, text: str) -> None:
    assert bool(arn_glob(split(pattern))(text)) is by_definition(pattern, text)


def test_no_pattern_is_slow() -> None:
    nasty = [("*a" * 40 + "b", "a" * 4000), ("arn:*:*:*:*:*x", "arn:" + ":" * 3000 + "y"), ("?*" * 50, "a" * 49)]
    begin = time.thread_time()  # of the processor: whatever else the machine does
    for pattern, text in nasty:
        assert not glob(split(pattern))(text)
        assert not arn_glob(split(pattern))(text)
    assert time.thread_time() - begin < 3  # one that is not linear takes years


ACCOUNT = "111122223333"
CALLERS = st.sampled_from(
    [
        Principal(
            kind="user",
            account=ACCOUNT,
            arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
            identity_arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
        ),
        Principal(
            kind="role",
            account="444455556666",
            arn="arn:aws:sts::444455556666:assumed-role/app/one",
            identity_arn="arn:aws:iam::444455556666:role/app",
        ),
    ]
)


def statements(*, principal: bool = False, effects: tuple[str, ...] = ("Allow", "Deny")) -> st.SearchStrategy[Any]:
    parts: dict[str, st.SearchStrategy[Any]] = {
        "Effect": st.sampled_from(effects),
        "Action": st.sampled_from(["s3:GetObject", "s3:*", "*", "s3:Put*", ["s3:GetObject", "sqs:*"]]),
        "Resource": st.sampled_from(
            ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::other/*", "arn:aws:s3:::${aws:username}/*"]
        ),
        "Condition": st.sampled_from(
            [{}, {"StringEquals": {"aws:username": "ann"}}, {"StringNotLike": {"aws:username": "b*"}}]
        ),
    }
    if principal:
        named = ["*", {"AWS": ACCOUNT}, {"AWS": "444455556666"}, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}]
        parts["Principal"] = st.sampled_from(named)
    return st.fixed_dictionaries(parts)


def policies(**kw: Any) -> st.SearchStrategy[Policy]:
    purpose = "resource" if kw.get("principal") else "identity"
    return st.lists(statements(**kw), min_size=1, max_size=3).map(
        lambda found: compile(json.dumps({"Version": "2012-10-17", "Statement": found}), purpose=purpose)  # type: ignore[arg-type]
    )


SETS = st.builds(
    PolicySet,
    identity=st.lists(policies(), max_size=2).map(tuple),
    boundary=st.none() | policies(),
    session=st.none() | policies().map(lambda policy: (policy,)),
    resource=st.none() | policies(principal=True),
    resource_account=st.just(ACCOUNT),
)
REQUESTS = st.builds(
    AccessRequest,
    principal=CALLERS,
    action=st.sampled_from(["s3:GetObject", "s3:PutObject"]),
    resource=st.just("arn:aws:s3:::b/k"),
    context=st.sampled_from([{}, {"aws:username": "ann"}, {"aws:username": "b"}]),
)


def plus(given: PolicySet, extra: Policy) -> PolicySet:
    return PolicySet(
        identity=(*given.identity, extra),
        boundary=given.boundary,
        session=given.session,
        resource=given.resource,
        resource_account=given.resource_account,
    )


@given(REQUESTS, SETS, policies(effects=("Allow",)))
@settings(max_examples=150, deadline=None)
def test_one_more_allow_never_takes_access_away(request_: AccessRequest, given_: PolicySet, extra: Policy) -> None:
    if evaluate(request_, given_).allowed:
        assert evaluate(request_, plus(given_, extra)).allowed


@given(REQUESTS, SETS, policies(effects=("Deny",)))
@settings(max_examples=150, deadline=None)
def test_one_more_deny_never_gives_access(request_: AccessRequest, given_: PolicySet, extra: Policy) -> None:
    if not evaluate(request_, given_).allowed:
        assert not evaluate(request_, plus(given_, extra)).allowed


@given(REQUESTS, SETS)
@settings(max_examples=150, deadline=None)
def test_a_boundary_or_a_session_policy_never_gives_access(request_: AccessRequest, given_: PolicySet) -> None:
    free = PolicySet(identity=given_.identity, resource=given_.resource, resource_account=given_.resource_account)
    if evaluate(request_, given_).allowed:
        assert evaluate(request_, free).allowed


@given(REQUESTS, SETS)
@settings(max_examples=200, deadline=None)
def test_an_unconditional_decision_is_the_same_in_every_context(request_: AccessRequest, given_: PolicySet) -> None:
    decision = evaluate(request_, given_)
    if not decision.conditional:
        for context in ({}, {"aws:username": "ann"}, {"aws:username": "b"}):
            other = AccessRequest(request_.principal, request_.action, request_.resource, context)
            assert evaluate(other, given_) == decision
