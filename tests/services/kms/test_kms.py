"""KMS through boto3 (https://docs.aws.amazon.com/kms/latest/APIReference/)."""

import json

import pytest
from tests.support import refused


@pytest.fixture
def kms(aws):
    return aws.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key(Description="d")["KeyMetadata"]


def test_encrypt_decrypt_with_context(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"hello", EncryptionContext={"a": "1", "b": "2"})["CiphertextBlob"]
    assert b"hello" not in blob
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"b": "2", "a": "1"})
    assert opened["Plaintext"] == b"hello"
    assert opened["KeyId"] == key["Arn"]
    assert refused(kms.decrypt, CiphertextBlob=blob).code == "InvalidCiphertextException"
    assert refused(kms.decrypt, CiphertextBlob=blob[:-1] + b"!").code == "InvalidCiphertextException"
    assert refused(kms.decrypt, CiphertextBlob=b"rubbish").code == "InvalidCiphertextException"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    wrong = {"CiphertextBlob": blob, "KeyId": other, "EncryptionContext": {"a": "1", "b": "2"}}
    assert refused(kms.decrypt, **wrong).code == "IncorrectKeyException"


def test_data_keys(kms, key):
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=16)
    assert refused(kms.generate_data_key, KeyId=key["KeyId"]).code == "ValidationException"


def test_reencrypt(kms, key):
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other["KeyId"])
    assert moved["KeyId"] == other["Arn"]
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["KeyId"] == other["Arn"]


def test_a_dry_run_checks_and_does_nothing(kms, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html"""
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for call, request in (
        (kms.encrypt, {"KeyId": key["KeyId"], "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key["KeyId"]}),
        (kms.generate_data_key, {"KeyId": key["KeyId"], "KeySpec": "AES_256"}),
        (kms.generate_data_key_without_plaintext, {"KeyId": key["KeyId"], "KeySpec": "AES_256"}),
    ):
        assert refused(call, **request, DryRun=True).code == "DryRunOperationException"
    assert refused(kms.decrypt, CiphertextBlob=b"rubbish", DryRun=True).code == "InvalidCiphertextException"


def test_states(kms, key):
    kms.disable_key(KeyId=key["KeyId"])
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x").code == "DisabledException"
    kms.enable_key(KeyId=key["KeyId"])
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x").code == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Disabled"
    assert refused(kms.describe_key, KeyId="00000000-0000-0000-0000-000000000000").code == "NotFoundException"


def test_deletion_and_rotation_follow_the_clock(own_cloud):
    kms = own_cloud.account().client("kms")
    key, gone = kms.create_key()["KeyMetadata"]["KeyId"], kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    old = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    own_cloud.advance(8 * 86400)
    assert refused(kms.describe_key, KeyId=gone).code == "NotFoundException"
    own_cloud.advance(83 * 86400)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1
    assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"
    assert kms.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"] != old


def test_aliases(kms, key):
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    assert kms.describe_key(KeyId="alias/mine")["KeyMetadata"]["Arn"] == key["Arn"]
    assert refused(kms.create_alias, AliasName="alias/mine", TargetKeyId=key["KeyId"]).code == "AlreadyExistsException"
    assert (
        refused(kms.create_alias, AliasName="alias/aws/x", TargetKeyId=key["KeyId"]).code == "InvalidAliasNameException"
    )
    other = kms.create_key()["KeyMetadata"]
    kms.update_alias(AliasName="alias/mine", TargetKeyId=other["KeyId"])
    assert [a["AliasName"] for a in kms.list_aliases(KeyId=other["KeyId"])["Aliases"]] == ["alias/mine"]
    kms.delete_alias(AliasName="alias/mine")
    assert refused(kms.describe_key, KeyId="alias/mine").code == "NotFoundException"


def test_managed_key_appears_on_first_use(kms):
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyManager"] == "AWS"


def test_policy_tags_and_paging(kms, key):
    assert json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])["Statement"][0]["Action"] == "kms:*"
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "a", "TagValue": "b"}])
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == []
    for _ in range(4):
        kms.create_key()
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Keys"]) for page in pages] == [2, 2, 1]


def test_key_policy_must_let_iam_in(aws, kms):
    """A key policy without the account's root leaves IAM policies without effect.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    user = aws.user(json.dumps(allow)).client("kms")
    open_key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert user.encrypt(KeyId=open_key, Plaintext=b"x")["CiphertextBlob"]
    somebody = {"AWS": f"arn:aws:iam::{aws.id}:user/nobody"}
    aws.client("iam").create_user(UserName="nobody")
    shut = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": somebody, "Action": "kms:*", "Resource": "*"}],
    }
    shut_key = kms.create_key(Policy=json.dumps(shut), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    assert refused(user.encrypt, KeyId=shut_key, Plaintext=b"x").code == "AccessDeniedException"
