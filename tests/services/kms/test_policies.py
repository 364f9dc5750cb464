"""Key policies, descriptions, rotation status and random bytes.

https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html
https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html
https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html
"""

import json

import pytest
from tests.support import refused


@pytest.fixture
def kms(aws):
    return aws.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key(Description="d")["KeyMetadata"]["KeyId"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal, actions="kms:*"):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": "*"}


def everything(aws):
    return allow(f"arn:aws:iam::{aws.id}:root")


def test_a_policy_that_is_put_decides_from_then_on(cloud, aws, kms, key):
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html"""
    other = cloud.account()
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    encrypt = other.client("kms").encrypt
    assert refused(encrypt, KeyId=arn, Plaintext=b"x").code == "AccessDeniedException"
    text = policy(everything(aws), allow(f"arn:aws:iam::{other.id}:root", "kms:Encrypt"))
    kms.put_key_policy(KeyId=key, Policy=text)
    assert kms.get_key_policy(KeyId=key)["Policy"] == text
    assert encrypt(KeyId=arn, Plaintext=b"x")["KeyId"] == arn
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(everything(aws)))
    assert refused(encrypt, KeyId=arn, Plaintext=b"x").code == "AccessDeniedException"


def test_a_key_has_one_policy_named_default(aws, kms, key):
    answer = kms.list_key_policies(KeyId=key)
    assert (answer["PolicyNames"], answer["Truncated"]) == (["default"], False)
    text = policy(everything(aws))
    assert refused(kms.put_key_policy, KeyId=key, PolicyName="other", Policy=text).code == "NotFoundException"
    assert refused(kms.get_key_policy, KeyId=key, PolicyName="other").code == "NotFoundException"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"Version": "2012-10-17", "Statement": []}'])
def test_a_policy_that_is_none_is_refused(kms, key, text):
    before = kms.get_key_policy(KeyId=key)["Policy"]
    assert refused(kms.put_key_policy, KeyId=key, Policy=text).code == "MalformedPolicyDocumentException"
    assert kms.get_key_policy(KeyId=key)["Policy"] == before


def test_nobody_locks_themselves_out(aws, kms, key):
    """ "The key policy must allow the calling principal to make a subsequent PutKeyPolicy request": API_PutKeyPolicy.

    The text is that of https://repost.aws/knowledge-center/update-key-policy-future.
    """
    locked = policy(allow(f"arn:aws:iam::{aws.id}:root", ["kms:Encrypt", "kms:GetKeyPolicy"]))
    said = (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
        400,
    )
    assert refused(kms.put_key_policy, KeyId=key, Policy=locked) == said
    assert refused(kms.create_key, Policy=locked) == said
    user = aws.user(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]})).client("kms")  # fmt: skip
    user.put_key_policy(KeyId=key, Policy=policy(everything(aws)))
    kms.put_key_policy(KeyId=key, Policy=locked, BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key)["Policy"] == locked
    assert refused(kms.put_key_policy, KeyId=key, Policy=policy(everything(aws))).code == "AccessDeniedException"


def test_a_description_is_changed(kms, key):
    kms.update_key_description(KeyId=key, Description="new")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "new"
    kms.schedule_key_deletion(KeyId=key)
    assert refused(kms.update_key_description, KeyId=key, Description="x").code == "KMSInvalidStateException"


def test_rotation_is_turned_on_and_off(kms, key):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html"""
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    on = kms.get_key_rotation_status(KeyId=key)
    assert (on["KeyRotationEnabled"], on["RotationPeriodInDays"]) == (True, 90)
    kms.disable_key_rotation(KeyId=key)
    off = kms.get_key_rotation_status(KeyId=key)
    assert off["KeyRotationEnabled"] is False
    assert "NextRotationDate" not in off
    kms.disable_key(KeyId=key)
    assert refused(kms.enable_key_rotation, KeyId=key).code == "DisabledException"
    assert refused(kms.disable_key_rotation, KeyId=key).code == "DisabledException"
    kms.schedule_key_deletion(KeyId=key)
    assert refused(kms.disable_key_rotation, KeyId=key).code == "KMSInvalidStateException"


def test_random_bytes(kms):
    one, two = (kms.generate_random(NumberOfBytes=1024)["Plaintext"] for _ in range(2))
    assert len(one) == len(two) == 1024
    assert one != two
    for wrong in (0, 1025):
        assert refused(kms.generate_random, NumberOfBytes=wrong).code == "ValidationException"
    assert refused(kms.generate_random).code == "ValidationException"


def test_what_is_no_key(kms):
    none = {"KeyId": "00000000-0000-4000-8000-000000000000"}
    for call, more in (
        (kms.put_key_policy, {"Policy": policy(allow("*"))}),
        (kms.list_key_policies, {}),
        (kms.get_key_rotation_status, {}),
        (kms.disable_key_rotation, {}),
        (kms.update_key_description, {"Description": "d"}),
    ):
        assert refused(call, **none, **more).code == "NotFoundException"
