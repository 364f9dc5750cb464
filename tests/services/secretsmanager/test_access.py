"""Who may read and change secrets: IAM, resource policies, KMS.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
"""

import json

import pytest
from tests.support import refused

DENIED = "AccessDeniedException"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resource="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


@pytest.fixture
def client(aws):
    return aws.client("secretsmanager")


@pytest.fixture
def arn(client):
    return client.create_secret(Name="app/db", SecretString="one", Tags=[{"Key": "team", "Value": "red"}])["ARN"]


def user(aws, *statements):
    return aws.user(policy(*statements)).client("secretsmanager")


def test_a_secret_is_authorised_by_its_whole_arn(aws, client, arn):
    reader = user(aws, allow("secretsmanager:GetSecretValue", arn.rpartition("-")[0] + "-??????"))
    for text in ("app/db", arn, arn.rpartition("-")[0]):
        assert reader.get_secret_value(SecretId=text)["SecretString"] == "one"  # without any permission of KMS
    assert refused(reader.put_secret_value, SecretId=arn, SecretString="x").code == DENIED
    said = refused(reader.get_secret_value, SecretId="none")
    assert said.code == DENIED  # whether there is such a secret is not told
    maker = user(aws, allow("secretsmanager:CreateSecret", arn.replace(arn.rpartition(":")[2], "mine/*")))
    maker.create_secret(Name="mine/x", SecretString="x")
    assert refused(maker.create_secret, Name="other", SecretString="x").code == DENIED
    # API_CreateSecret: "To include tags, you must also have secretsmanager:TagResource"
    assert refused(maker.create_secret, Name="mine/y", Tags=[{"Key": "a", "Value": "b"}]).code == DENIED
    assert refused(maker.create_secret, Name="mine/y", AddReplicaRegions=[{"Region": "eu-west-1"}]).code == DENIED


@pytest.mark.parametrize(
    ("action", "condition", "good", "bad"),
    [
        ("GetSecretValue", {"secretsmanager:VersionStage": "AWSCURRENT"}, {}, {"VersionStage": "AWSPREVIOUS"}),
        ("GetSecretValue", {"secretsmanager:ResourceTag/team": "red"}, {}, None),
        ("GetSecretValue", {"aws:ResourceTag/team": "blue"}, None, {}),
        ("DeleteSecret", {"secretsmanager:RecoveryWindowInDays": "7"}, {"RecoveryWindowInDays": 7},
         {"RecoveryWindowInDays": 8}),
        ("DeleteSecret", {"secretsmanager:ForceDeleteWithoutRecovery": "false"}, {},
         {"ForceDeleteWithoutRecovery": True}),
    ],
)  # fmt: skip
def test_conditions(aws, client, arn, action, condition, good, bad):
    operator = {"Bool" if "Force" in str(condition) else "StringEquals": condition}
    client.put_secret_value(SecretId=arn, SecretString="two")
    caller = user(aws, allow(f"secretsmanager:{action}", Condition=operator))
    call = {"GetSecretValue": caller.get_secret_value, "DeleteSecret": caller.delete_secret}[action]
    if bad is not None:
        assert refused(call, SecretId=arn, **bad).code == DENIED
    if good is not None:
        call(SecretId=arn, **good)


def test_the_secret_id_of_a_request(aws, client, arn):
    other = client.create_secret(Name="other", SecretString="x")["ARN"]
    caller = user(aws, allow("secretsmanager:*", Condition={"StringEquals": {"secretsmanager:SecretId": arn}}))
    caller.get_secret_value(SecretId="app/db")
    assert refused(caller.get_secret_value, SecretId=other).code == DENIED


def test_a_customer_managed_key_is_needed_too(aws, client):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    client.create_secret(Name="keyed", SecretString="x", KmsKeyId=key)
    without = user(aws, allow("secretsmanager:*"))
    assert refused(without.get_secret_value, SecretId="keyed")[:2] == (DENIED, "Access to KMS is not allowed")
    assert refused(without.create_secret, Name="new", SecretString="x", KmsKeyId=key)[:2] == (
        DENIED,
        "Access to KMS is not allowed",
    )
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"},
           "StringLike": {"kms:EncryptionContext:SecretARN": "*:secret:keyed-*"}}  # fmt: skip
    reader = user(aws, allow("secretsmanager:*"), allow("kms:Decrypt", key, Condition=via))
    assert reader.get_secret_value(SecretId="keyed")["SecretString"] == "x"


def test_another_account_needs_the_policy_its_own_permission_and_a_key(cloud, aws, client):
    other = cloud.account()
    key = aws.client("kms").create_key(Policy=policy(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.id}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other.id}:root"}, "Action": "kms:Decrypt",
         "Resource": "*"}))["KeyMetadata"]["Arn"]  # fmt: skip
    arn = client.create_secret(Name="shared", SecretString="x", KmsKeyId=key)["ARN"]
    theirs = other.client("secretsmanager")
    assert refused(theirs.get_secret_value, SecretId=arn).code == DENIED
    principal = {"Principal": {"AWS": f"arn:aws:iam::{other.id}:root"}}
    client.put_resource_policy(SecretId=arn, ResourcePolicy=policy(allow("secretsmanager:GetSecretValue", **principal)))
    assert theirs.get_secret_value(SecretId=arn)["SecretString"] == "x"
    assert refused(theirs.get_secret_value, SecretId=arn.rpartition("-")[0]).code == DENIED  # a partial ARN
    assert refused(theirs.put_secret_value, SecretId=arn, SecretString="y").code == DENIED
    nobody = other.user(policy(allow("s3:*"))).client("secretsmanager")
    assert refused(nobody.get_secret_value, SecretId=arn).code == DENIED
    plain = client.create_secret(Name="plain", SecretString="x")["ARN"]
    client.put_resource_policy(SecretId=plain, ResourcePolicy=policy(allow("secretsmanager:*", **principal)))
    assert refused(theirs.get_secret_value, SecretId=plain)[:2] == (
        "InvalidRequestException",
        "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service "
        "key.",
    )


def test_resource_policies(aws, client, arn):
    assert "ResourcePolicy" not in client.get_resource_policy(SecretId=arn)
    assert client.list_resource_policies(SecretId=arn)["ResourcePolicies"] == []
    text = policy({"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"})
    client.put_resource_policy(SecretId=arn, ResourcePolicy=text)
    assert client.get_resource_policy(SecretId=arn, PolicyName="default")["ResourcePolicy"] == text
    assert client.list_resource_policies(SecretId=arn)["ResourcePolicies"] == [{"PolicyName": "default"}]
    assert refused(client.get_secret_value, SecretId=arn).code == DENIED
    client.delete_resource_policy(SecretId=arn)
    client.get_secret_value(SecretId=arn)
    for bad in ("{", "[]", '{"Version": "2012-10-17"}', policy(allow("secretsmanager:*"))):
        assert refused(client.put_resource_policy, SecretId=arn, ResourcePolicy=bad).code == (
            "MalformedPolicyDocumentException"
        )
        assert refused(client.validate_resource_policy, SecretId=arn, ResourcePolicy=bad).code == (
            "MalformedPolicyDocumentException"
        )
    named = refused(client.put_resource_policy, SecretId=arn, ResourcePolicy=text, PolicyName="mine")
    assert named.code == "InvalidParameterException"


def test_public_policies_can_be_blocked(aws, client, arn):
    public = policy(allow("secretsmanager:GetSecretValue", Principal="*"))
    narrow = policy(allow("secretsmanager:GetSecretValue", Principal="*",
                          Condition={"StringEquals": {"aws:PrincipalAccount": aws.id}}))  # fmt: skip
    put = client.put_resource_policy
    assert refused(put, SecretId=arn, ResourcePolicy=public, BlockPublicPolicy=True).code == "PublicPolicyException"
    put(SecretId=arn, ResourcePolicy=narrow, BlockPublicPolicy=True)
    put(SecretId=arn, ResourcePolicy=public)
    checked = client.validate_resource_policy(ResourcePolicy=public)
    assert checked["PolicyValidationPassed"] is False
    assert checked["ValidationErrors"]
    assert client.validate_resource_policy(SecretId=arn, ResourcePolicy=narrow)["PolicyValidationPassed"] is True


def test_a_batch_needs_each_permission(aws, client, arn):
    client.create_secret(Name="other", SecretString="x")
    caller = user(aws, allow("secretsmanager:BatchGetSecretValue"), allow("secretsmanager:GetSecretValue", arn))
    got = caller.batch_get_secret_value(SecretIdList=[arn, "other"])
    assert [each["ARN"] for each in got["SecretValues"]] == [arn]
    assert [(each["SecretId"], each["ErrorCode"]) for each in got["Errors"]] == [("other", DENIED)]
    filters = [{"Key": "name", "Values": ["app"]}]
    assert refused(caller.batch_get_secret_value, Filters=filters).code == DENIED  # needs ListSecrets


def test_no_secret_is_in_the_trail_of_events(own_cloud):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-cloudtrail.html"""
    word, aws = "the-secret-itself", own_cloud.account()
    client = aws.client("secretsmanager")
    client.create_secret(Name="quiet", SecretString=word)
    client.put_secret_value(SecretId="quiet", SecretString=f"{word}-2")
    client.get_secret_value(SecretId="quiet")
    own_cloud.advance(5)
    trail, seen = aws.client("cloudtrail"), []
    for page in trail.get_paginator("lookup_events").paginate():
        seen += [event["CloudTrailEvent"] for event in page["Events"]]
    assert any("GetSecretValue" in event for event in seen)
    assert not [event for event in seen if word in event]
