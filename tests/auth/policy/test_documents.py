"""What IAM answers to a policy it does not take.

The texts come from users' reports of MalformedPolicyDocument (Terraform's and CDK's trackers); the rules from
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.auth.policy import MalformedPolicy, compile

SYNTAX = "Syntax errors in policy."


def document(**statement: Any) -> str:
    full = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": {key: value for key, value in full.items() if value is not None}}
    )


IDENTITY = [
    ("not json", SYNTAX),
    ("[]", SYNTAX),
    ("{" * 100_000, SYNTAX),
    ('{"Version": "2012-10-17"}', SYNTAX),
    ('{"Version": "2012-10-17", "Statement": []}', SYNTAX),
    ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": {}}', SYNTAX),
    ('{"Version": "2012-10-17", "Statements": []}', SYNTAX),
    ('{"Version": "2011-01-01", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}', SYNTAX),
    (
        '{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}',
        "Policy document must be version 2012-10-17 or greater.",
    ),
    (document(Effect="allow"), SYNTAX),
    (document(Effect=None), SYNTAX),
    (document(Action=None), "Policy statement must contain actions."),
    (document(Action=[]), "Policy statement must contain actions."),
    (document(Action=[1]), SYNTAX),
    (document(NotAction="s3:*"), SYNTAX),
    (
        document(Action="GetObject"),
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (document(Action="s3:Get:Object"), "Actions/Condition can contain only one colon."),
    (document(Action="s 3:GetObject"), "Vendor s 3 is not valid"),
    (document(Resource=None), "Policy statement must contain resources."),
    (document(Resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
    (document(Resource="arn:aws:s3:::b", NotResource="*"), SYNTAX),
    (document(Resource="arn:amazon:s3:::b"), 'Partition "amazon" is not valid for resource "arn:amazon:s3:::b".'),
    (document(Principal="*"), "Policy document should not specify a principal."),
    (document(Sid="no spaces"), None),
    (document(Condition=[]), SYNTAX),
    (document(Condition={"StringEqualz": {"aws:username": "a"}}), SYNTAX),
    (document(Condition={"Sometimes:StringEquals": {"aws:username": "a"}}), SYNTAX),
    (document(Condition={"StringEquals": {"aws:username": {}}}), SYNTAX),
    (document(Extra=1), SYNTAX),
]


@pytest.mark.parametrize(("text", "message"), IDENTITY)
def test_identity_policies(text: str, message: str | None) -> None:
    with pytest.raises(MalformedPolicy) as caught:
        compile(text)
    assert message is None or str(caught.value) == message


def test_sids_are_unique() -> None:
    statement = {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}
    with pytest.raises(MalformedPolicy, match="must be unique"):
        compile(json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]}))


def test_trust_policies() -> None:
    principal = {"Service": "lambda.amazonaws.com"}
    good = document(Action="sts:AssumeRole", Resource=None, Principal=principal)
    assert compile(good, purpose="trust").statements[0].principals is not None
    cases = {
        document(Action="sts:AssumeRole", Principal=principal): "Has prohibited field Resource",
        document(Action="sts:AssumeRole", Resource=None): "Missing required field Principal",
        document(Action="sts:AssumeRole", Resource=None, Principal={"AWS": "nobody"}): (
            'Invalid principal in policy: "AWS":"nobody"'
        ),
        document(Action="sts:AssumeRole", Resource=None, Principal={"AWS": "arn:aws:iam::111122223333:role/*"}): (
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"'
        ),
    }
    for text, message in cases.items():
        with pytest.raises(MalformedPolicy) as caught:
            compile(text, purpose="trust")
        assert str(caught.value) == message


def test_resource_policies_may_be_of_the_old_version() -> None:
    text = {"Statement": [{"Sid": "any text", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}
    assert compile(json.dumps(text), purpose="resource").statements[0].sid == "any text"


def test_a_policy_may_leave_out_its_version() -> None:
    """SAM's policy templates do, and IAM takes them (aws-sam-translator's policy_templates.json has no Version)."""
    compile('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}', purpose="identity")
