"""Condition operators and policy variables, one line a case.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.auth.policy import AccessRequest, PolicySet, compile, evaluate
from fogbank.core.principal import root

CALLER = root("111122223333")


def allowed(statement: dict[str, Any], context: dict[str, Any], resource: str = "arn:aws:s3:::b/k") -> bool:
    """Whether the statement alone, as a session policy of root, lets s3:GetObject through."""
    full = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    policy = compile(json.dumps({"Version": "2012-10-17", "Statement": full}))
    request = AccessRequest(CALLER, "s3:GetObject", resource, context)
    return evaluate(request, PolicySet(session=(policy,))).allowed


CASES: list[tuple[str, Any, Any, bool]] = [
    # operator, policy values, the request's value (None: absent), holds
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringNotEquals", "a", None, True),
    ("StringEqualsIgnoreCase", "AbC", "aBc", True),
    ("StringNotEqualsIgnoreCase", "AbC", "aBc", False),
    ("stringlike", "a*c?", "abbcd", True),
    ("StringLike", "a*c?", "abbc", False),
    ("StringLike", "*", "", True),
    ("StringNotLike", "a*", "b", True),
    ("StringLike", "A*", "abc", False),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "10.5", True),
    ("NumericGreaterThanEquals", "10", "9.9", False),
    ("NumericLessThan", "10", "many", False),
    ("DateEquals", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", True),
    ("DateLessThan", "2024-01-01", "2023-12-31T23:59:59Z", True),
    ("DateGreaterThan", "2024-01-01T00:00:00Z", "1704067201", True),
    ("DateGreaterThanEquals", "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.4Z", False),
    ("DateLessThanEquals", "1704067200", "2024-01-01T00:00:00Z", True),
    ("DateNotEquals", "2024-01-01", "2024-01-02", True),
    ("Bool", "true", "true", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("BoolIfExists", "true", None, True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJa", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", ["203.0.113.0/24", "2001:db8::/32"], "2001:db8::1", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("IpAddress", "10.0.0.0/8", "lambda.amazonaws.com", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
    ("NotIpAddress", "203.0.113.0/24", None, True),
    ("ArnEquals", "arn:aws:sns:us-east-1:*:t-*", "arn:aws:sns:us-east-1:111122223333:t-1", True),
    ("ArnLike", "arn:aws:s3:::*", "arn:aws:s3:::bucket", True),
    ("ArnLike", "arn:aws:*:us-east-1:111122223333:x", "arn:aws:sns:eu-west-1:111122223333:x", False),
    # each component by itself: the first * may not swallow a colon
    ("ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:us-east-1:111122223333:t", False),
    ("ArnNotLike", "arn:aws:iam::*:role/ok", "arn:aws:iam::111122223333:role/bad", True),
    ("Null", "true", None, True),
    ("Null", "true", "x", False),
    ("Null", "false", "x", True),
    ("Null", False, None, False),
    # sets
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringEquals", ["a"], [], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringEquals", ["a"], [], False),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "a"], False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("foranyvalue:stringlike", ["pre*"], ["x", "prefix"], True),
    ("ForAllValues:StringLikeIfExists", ["a*"], None, True),
]


@pytest.mark.parametrize(("operator", "values", "given", "holds"), CASES)
def test_operator(operator: str, values: Any, given: Any, holds: bool) -> None:
    context = {} if given is None else {"aws:Thing": given}
    assert allowed({"Condition": {operator: {"AWS:thing": values}}}, context) is holds


def test_operators_and_keys_must_all_hold() -> None:
    block = {"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}}
    assert allowed({"Condition": block}, {"aws:a": "1", "aws:b": "2", "aws:c": "true"})
    assert not allowed({"Condition": block}, {"aws:a": "1", "aws:b": "3", "aws:c": "true"})
    assert not allowed({"Condition": block}, {"aws:a": "1", "aws:b": "2"})


VARIABLES = [
    # resource pattern, context, resource, matches
    ("arn:aws:s3:::b/${aws:username}/*", {"aws:username": "ann"}, "arn:aws:s3:::b/ann/k", True),
    ("arn:aws:s3:::b/${AWS:UserName}/*", {"aws:username": "ann"}, "arn:aws:s3:::b/ann/k", True),
    ("arn:aws:s3:::b/${aws:username}/*", {"aws:username": "ann"}, "arn:aws:s3:::b/bob/k", False),
    ("arn:aws:s3:::b/${aws:username}/*", {}, "arn:aws:s3:::b//k", False),
    ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}", {}, "arn:aws:s3:::b/none", True),
    ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}", {"aws:PrincipalTag/team": "x"}, "arn:aws:s3:::b/x", True),
    ("arn:aws:s3:::b/${*}", {}, "arn:aws:s3:::b/*", True),
    ("arn:aws:s3:::b/${*}", {}, "arn:aws:s3:::b/k", False),
    ("arn:aws:s3:::b/${?}${$}", {}, "arn:aws:s3:::b/?$", True),
    # a value's own wildcard is only a character
    ("arn:aws:s3:::b/${aws:username}", {"aws:username": "*"}, "arn:aws:s3:::b/k", False),
    ("arn:aws:s3:::b/${aws:username}", {"aws:username": "*"}, "arn:aws:s3:::b/*", True),
]


@pytest.mark.parametrize(("pattern", "context", "resource", "matches"), VARIABLES)
def test_variables_in_resources(pattern: str, context: dict[str, Any], resource: str, matches: bool) -> None:
    assert allowed({"Resource": pattern}, context, resource) is matches


def test_variables_in_conditions() -> None:
    block = {"StringLike": {"s3:prefix": ["home/${aws:username}/*"]}}
    assert allowed({"Condition": block}, {"s3:prefix": "home/ann/x", "aws:username": "ann"})
    assert not allowed({"Condition": block}, {"s3:prefix": "home/bob/x", "aws:username": "ann"})
    assert not allowed({"Condition": block}, {"s3:prefix": "home/bob/x"})


def test_an_old_policy_has_no_variables() -> None:
    text = {"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*",
                                                   "Resource": "arn:aws:s3:::b/${aws:username}"}}  # fmt: skip
    policy = compile(json.dumps(text), purpose="resource")
    context = {"aws:username": "ann"}
    for key, expected in (("ann", False), ("${aws:username}", True)):
        request = AccessRequest(root("444455556666"), "s3:GetObject", f"arn:aws:s3:::b/{key}", context)
        assert evaluate(request, PolicySet(resource=policy, resource_account=CALLER.account)).allowed is expected


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_not_resource_with_an_unknown_variable_fails_closed(effect: str) -> None:
    """AWS does not say what an unknown variable makes of NotResource: neither reading may give access."""
    statements = [
        {"Effect": effect, "Action": "*", "NotResource": "arn:aws:s3:::b/${aws:username}"},
        {"Effect": "Allow", "Action": "*", "Resource": "*" if effect == "Deny" else "arn:aws:s3:::other"},
    ]
    policy = compile(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    request = AccessRequest(CALLER, "s3:GetObject", "arn:aws:s3:::b/k", {})
    assert not evaluate(request, PolicySet(session=(policy,))).allowed
