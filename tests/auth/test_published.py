"""Condition keys that AWS supplies and Fogbank does not: what depends on one is denied, and says so."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from fogbank.auth import published
from fogbank.auth.policy import AccessRequest, PolicySet, compile, evaluate
from fogbank.core.principal import Principal

ROLE = "arn:aws:iam::000000000000:role/r"
UNKNOWN = "s3:signatureAge"


def decide(*statements: dict[str, Any], context: dict[str, str] | None = None) -> Any:
    given = [{"Effect": "Allow", "Action": "*", "Resource": "*", **statement} for statement in statements]
    policy = compile(json.dumps({"Version": "2012-10-17", "Statement": given}))
    principal = Principal(kind="user", account="000000000000", arn=ROLE, identity_arn=ROLE)
    asked = AccessRequest(principal, "s3:GetObject", "arn:aws:s3:::b/k", context or {"aws:SecureTransport": "true"},
                          lambda key: key == UNKNOWN.lower())  # fmt: skip
    return evaluate(asked, PolicySet(identity=(policy,)))


@pytest.mark.parametrize(
    "condition",
    [
        {"NumericGreaterThan": {UNKNOWN: "600"}},
        {"StringEquals": {UNKNOWN: "x"}},
        {"StringNotEquals": {UNKNOWN: "x"}},
        {"Null": {UNKNOWN: "true"}},
        {"Null": {UNKNOWN: "false"}},
        {"ForAllValues:StringEquals": {UNKNOWN: "x"}},
        {"ForAnyValue:StringEquals": {UNKNOWN: "x"}},
        {"NumericLessThanIfExists": {UNKNOWN: "600"}},
        {"StringEquals": {"aws:PrincipalArn": "${s3:signatureAge}"}, "Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_what_depends_on_an_unknown_key_denies_and_does_not_allow(condition: dict[str, Any]) -> None:
    context = {"aws:SecureTransport": "true", "aws:PrincipalArn": ROLE}
    denied = decide({}, {"Effect": "Deny", "Condition": condition}, context=context)
    assert not denied.allowed and denied.explicit and denied.lacking_keys == (UNKNOWN.lower(),)
    unallowed = decide({"Condition": condition}, context=context)
    assert not unallowed.allowed and not unallowed.explicit and unallowed.lacking_keys == (UNKNOWN.lower(),)


def test_a_condition_that_fails_settles_it() -> None:
    """The statement's effect does not depend on the unknown key then."""
    failing = {"Bool": {"aws:SecureTransport": "false"}, "NumericGreaterThan": {UNKNOWN: "600"}}
    assert decide({}, {"Effect": "Deny", "Condition": failing}).allowed
    other = {"Effect": "Deny", "Action": "s3:PutObject", "Condition": {"NumericGreaterThan": {UNKNOWN: "600"}}}
    assert decide({}, other).allowed
    assert decide({"Condition": {"Null": {UNKNOWN: "true"}}}, {}).allowed  # another statement allows


def test_a_resource_that_an_unknown_key_names() -> None:
    named = "arn:aws:s3:::b/${s3:signatureAge}"
    assert not decide({}, {"Effect": "Deny", "Resource": named}).allowed
    assert not decide({"Resource": named}).allowed


def test_a_call_is_denied_and_the_hint_names_the_key(aws: Any) -> None:
    """The policy of AWS's page on presigned URLs; whoever has no such statement is let in.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policy-s3-sigv4-conditions.html
    """
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=(bucket := f"b-{aws.id}"))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    old = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
           "Condition": {"NumericGreaterThan": {"s3:signatureAge": "600000"}}}  # fmt: skip
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    mine = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [everything, old]})).client("s3")
    mine.list_objects_v2(Bucket=bucket)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        mine.get_object(Bucket=bucket, Key="k")
    answer = caught.value.response
    assert answer["Error"]["Code"] == "AccessDenied"
    hint = answer["ResponseMetadata"]["HTTPHeaders"]["x-fogbank-hint"]
    assert "condition keys that AWS supplies for this action and Fogbank does not: s3:signatureage" in hint


def test_the_keys_of_an_action() -> None:
    found = published.of_prefix("kms").keys_of("Encrypt")
    assert {"kms:encryptioncontext:", "kms:keyspec", "aws:resourcetag/"} <= found
    assert published.lacks("s3:GetObject", "s3:signatureage")
    assert not published.lacks("s3:GetObject", "s3:prefix")  # no key of this action: absent in AWS too
    assert not published.lacks("s3:GetObject", "s3:existingobjecttag/team")
    assert not published.lacks("kms:Decrypt", "kms:recipientattestation:pcr0")
    assert published.of_prefix("no-such").keys_of("It") == frozenset()


def test_keys_of_kms(aws: Any) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"""
    kms = aws.client("kms")
    one = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/one", TargetKeyId=one)

    def user(**condition: Any) -> Any:
        statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition}
        return aws.user(json.dumps({"Version": "2012-10-17", "Statement": statement})).client("kms")

    def allowed(call: Any, **request: Any) -> bool:
        try:
            call(**request)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException", error
            return False
        return True

    symmetric = user(StringEquals={"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT",
                                   "kms:KeyOrigin": "AWS_KMS"}, Bool={"kms:MultiRegion": "false"})  # fmt: skip
    assert allowed(symmetric.create_key)
    assert allowed(symmetric.encrypt, KeyId=one, Plaintext=b"x")
    by_alias = user(StringEquals={"kms:RequestAlias": "alias/one"})
    assert allowed(by_alias.encrypt, KeyId="alias/one", Plaintext=b"x")
    assert not allowed(by_alias.encrypt, KeyId=one, Plaintext=b"x")
    by_context = user(StringEquals={"kms:EncryptionContext:purpose": "a"})
    assert allowed(by_context.encrypt, KeyId=one, Plaintext=b"x", EncryptionContext={"purpose": "a"})
    assert not allowed(by_context.encrypt, KeyId=one, Plaintext=b"x", EncryptionContext={"purpose": "b"})
    patient = user(NumericGreaterThanEquals={"kms:ScheduleKeyDeletionPendingWindowInDays": "14"})
    assert not allowed(patient.schedule_key_deletion, KeyId=one, PendingWindowInDays=7)
    assert allowed(patient.schedule_key_deletion, KeyId=one)


def test_keys_of_a_call_in_the_callers_name(aws: Any) -> None:
    """kms:ViaService: the key may be used through Systems Manager only."""
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    statements = [
        {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
         "Condition": {"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}}},
    ]  # fmt: skip
    mine = aws.user(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    mine.client("ssm").put_parameter(Name="p", Value="v", Type="SecureString", KeyId=key)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        mine.client("kms").encrypt(KeyId=key, Plaintext=b"x")
