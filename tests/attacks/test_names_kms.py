"""KMS: whatever a key is called, its own ARN decides.

https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html: an alias in a policy's Resource is the
alias, not its key; kms:RequestAlias and kms:ResourceAliases speak of the aliases.
"""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from tests.support import refused

from .spellings import spellings, turn

ALIAS = "alias/mine"
CONTEXT = {"a": "1"}
TAGS = [{"TagKey": "k", "TagValue": "v"}]
OPEN = {"Sid": "own", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def deny(*resources, action="kms:*"):
    return {"Effect": "Deny", "Action": action, "Resource": list(resources)}


# operation → its other members; the key is named by KeyId unless it says otherwise
OPERATIONS = {
    "cancel_key_deletion": {},
    "create_alias": {"AliasName": "alias/second", "named": "TargetKeyId"},
    "decrypt": {"blob": "CiphertextBlob", "EncryptionContext": CONTEXT},
    "delete_alias": {"named": "AliasName"},
    "describe_key": {},
    "disable_key": {},
    "disable_key_rotation": {},
    "enable_key": {},
    "enable_key_rotation": {},
    "encrypt": {"Plaintext": b"x"},
    "generate_data_key": {"KeySpec": "AES_256"},
    "generate_data_key_without_plaintext": {"KeySpec": "AES_256"},
    "get_key_policy": {},
    "get_key_rotation_status": {},
    "list_key_policies": {},
    "list_key_rotations": {},
    "list_resource_tags": {},
    "put_key_policy": {"Policy": policy(OPEN)},
    "re_encrypt": {"blob": "CiphertextBlob", "SourceEncryptionContext": CONTEXT, "named": "DestinationKeyId"},
    "schedule_key_deletion": {},
    "tag_resource": {"Tags": TAGS},
    "untag_resource": {"TagKeys": ["kept"]},
    "update_alias": {"named": "AliasName", "key": "TargetKeyId"},
    "update_key_description": {"Description": "changed"},
}


@pytest.fixture(scope="module")
def here(cloud):
    """A key with an alias, a user of its account who may do everything to other keys, and another account's root."""
    owner = cloud.account()
    kms = owner.client("kms")
    key = kms.create_key(Description="d", Tags=[{"TagKey": "kept", "TagValue": "v"}])["KeyMetadata"]
    kms.create_alias(AliasName=ALIAS, TargetKeyId=key["KeyId"])
    user = owner.user(policy(ALLOW, deny(key["Arn"]))).client("kms")
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    mine = user.create_key()["KeyMetadata"]["KeyId"]
    return SimpleNamespace(owner=owner, kms=kms, key=key, id=key["KeyId"], arn=key["Arn"], user=user, blob=blob,
                           mine=mine, stranger=cloud.account().client("kms"))  # fmt: skip


def state(here):
    shown = [
        here.kms.describe_key(KeyId=ALIAS)["KeyMetadata"],
        here.kms.list_resource_tags(KeyId=here.id)["Tags"],
        here.kms.get_key_policy(KeyId=here.id)["Policy"],
        here.kms.get_key_rotation_status(KeyId=here.id)["KeyRotationEnabled"],
        [(a["AliasName"], a["TargetKeyId"]) for a in here.kms.list_aliases()["Aliases"]],
    ]
    return json.dumps(shown, default=str)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_other_spelling_of_a_key_passes_a_deny_or_an_account(here, operation):
    request = dict(OPERATIONS[operation])
    member = request.pop("named", "KeyId")
    if "blob" in request:
        request[request.pop("blob")] = here.blob
    if "key" in request:
        request[request.pop("key")] = here.mine
    alias_arn = here.arn.partition(":key/")[0] + ":" + ALIAS
    others = [*spellings(here.arn, here.id), *spellings(alias_arn, ALIAS)]
    texts = [here.arn, here.id, alias_arn, ALIAS, *turn(others, list(OPERATIONS).index(operation))]
    before = state(here)
    for caller in (here.user, here.stranger):
        for text in texts:
            with pytest.raises(ClientError):
                getattr(caller, operation)(**request, **{member: text})
    assert state(here) == before


def test_every_documented_name_leads_to_the_key(here):
    account = here.owner.id
    for text in (here.id, here.arn, ALIAS, f"arn:aws:kms:us-east-1:{account}:{ALIAS}"):
        assert here.kms.describe_key(KeyId=text)["KeyMetadata"]["Arn"] == here.arn
    for text, message in (
        ("nonsense", "Invalid keyId 'nonsense'"),
        (here.arn.replace("us-east-1", "us-west-2"), "Invalid arn us-west-2"),
        ("alias/none", f"Alias arn:aws:kms:us-east-1:{account}:alias/none is not found."),
        ("0" * 8 + "-0000" * 3 + "-" + "0" * 12,
         f"Key 'arn:aws:kms:us-east-1:{account}:key/00000000-0000-0000-0000-000000000000' does not exist"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as caught:
            here.kms.describe_key(KeyId=text)
        assert caught.value.response["Error"]["Code"] == "NotFoundException"
        assert caught.value.response["Error"]["Message"] == message


def test_a_managed_key_is_authorised_as_the_key_that_comes_to_be(cloud):
    owner = cloud.account()
    user = owner.user(policy(ALLOW, deny(f"arn:aws:kms:*:{owner.id}:key/*"))).client("kms")
    assert refused(user.describe_key, KeyId="alias/aws/s3").code == "AccessDeniedException"
    assert refused(user.encrypt, KeyId="alias/aws/s3", Plaintext=b"x").code == "AccessDeniedException"
    kms = owner.client("kms")
    assert kms.list_keys()["Keys"] == []
    made = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == made["Arn"]
    assert refused(kms.encrypt, KeyId="alias/aws/s3", Plaintext=b"x").code == "AccessDeniedException"  # S3 alone may
    assert refused(user.describe_key, KeyId=made["KeyId"]).code == "AccessDeniedException"
    elsewhere = owner.client("kms", "eu-west-1").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert elsewhere["KeyId"] != made["KeyId"]
    foreign = f"arn:aws:kms:us-east-1:{owner.id}:alias/aws/sqs"
    assert refused(cloud.account().client("kms").describe_key, KeyId=foreign).code == "AccessDeniedException"


def test_an_alias_is_moved_and_dropped_with_permission_on_every_key(cloud):
    """https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html"""
    owner = cloud.account()
    kms = owner.client("kms")
    old, new = (kms.create_key()["KeyMetadata"] for _ in range(2))
    kms.create_alias(AliasName=ALIAS, TargetKeyId=old["Arn"])
    arn = f"arn:aws:kms:us-east-1:{owner.id}:{ALIAS}"
    for denied in (old["Arn"], new["Arn"], arn):
        user = owner.user(policy(ALLOW, deny(denied))).client("kms")
        assert refused(user.update_alias, AliasName=ALIAS, TargetKeyId=new["KeyId"]).code == "AccessDeniedException"
        if denied != new["Arn"]:
            assert refused(user.delete_alias, AliasName=ALIAS).code == "AccessDeniedException"
        else:
            assert refused(user.create_alias, AliasName="alias/x", TargetKeyId=denied).code == "AccessDeniedException"
    assert kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"] == old["Arn"]
    kms.update_alias(AliasName=ALIAS, TargetKeyId=new["Arn"])
    for target in (ALIAS, arn):
        assert refused(kms.create_alias, AliasName="alias/x", TargetKeyId=target).code == "ValidationException"
    foreign = cloud.account().client("kms").create_key(Policy=policy(OPEN))["KeyMetadata"]["Arn"]
    assert refused(kms.create_alias, AliasName="alias/x", TargetKeyId=foreign).code == "AccessDeniedException"


def test_conditions_on_aliases(cloud):
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-resource-alias"""
    owner = cloud.account()
    kms = owner.client("kms")
    key, plain = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/app-1", TargetKeyId=key)
    asked = {**ALLOW, "Condition": {"StringLike": {"kms:RequestAlias": "alias/app-*"}}}
    user = owner.user(policy(asked)).client("kms")
    for text in ("alias/app-1", f"arn:aws:kms:us-east-1:{owner.id}:alias/app-1"):
        assert user.encrypt(KeyId=text, Plaintext=b"x")["CiphertextBlob"]
    assert refused(user.encrypt, KeyId=key, Plaintext=b"x").code == "AccessDeniedException"
    having = {**ALLOW, "Condition": {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/app-*"}}}
    user = owner.user(policy(having)).client("kms")
    blob = user.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert user.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert refused(user.encrypt, KeyId=plain, Plaintext=b"x").code == "AccessDeniedException"


def test_a_key_policy_lends_the_use_of_a_key_and_not_its_administration(cloud):
    """ "Cross-account use: No" stands on the page of each of these operations, "Yes" on those that are let through."""
    kms, other = cloud.account().client("kms"), cloud.account().client("kms")
    key = kms.create_key(Policy=policy(OPEN))["KeyMetadata"]["Arn"]
    blob = other.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert other.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"
    assert other.decrypt(CiphertextBlob=blob, KeyId=key.rpartition("/")[2])["Plaintext"] == b"x"
    assert other.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    assert other.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    lent = {"decrypt", "describe_key", "encrypt", "generate_data_key", "generate_data_key_without_plaintext",
            "get_key_rotation_status", "re_encrypt", "update_alias", "delete_alias"}  # fmt: skip
    for operation in set(OPERATIONS) - lent:
        request = dict(OPERATIONS[operation])
        member = request.pop("named", "KeyId")
        assert refused(getattr(other, operation), **request, **{member: key}).code == "AccessDeniedException", operation
    assert refused(other.list_aliases, KeyId=key).code == "AccessDeniedException"


def test_a_ciphertext_is_opened_only_by_the_key_that_made_it(here):
    """Its header can be written by anybody: what it names is looked up as strictly as any other name."""
    place = f"us-east-1/{here.owner.id}/{here.id}".encode()
    assert place in here.blob
    for forged in (
        f"eu-west-1/{here.owner.id}/{here.id}", f"us-east-1/999999999999/{here.id}", f"us-east-1//{here.id}",
        f"us-east-1/{here.owner.id}/{here.id.upper()}", f"us-east-1/{here.owner.id}/{ALIAS}", "us-east-1/aws/x",
        f"us-east-1/{here.owner.id}/{here.mine}", "//", "us-east-1", "\0/\0/\0",
    ):  # fmt: skip
        text = forged.encode()
        blob = here.blob[:1] + bytes([len(text)]) + text + here.blob[2 + len(place) :]
        for caller in (here.kms, here.user, here.stranger):
            with pytest.raises(ClientError) as caught:
                caller.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
            status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status in (400, 403), (forged, caught.value)
    there = here.owner.client("kms", "eu-west-1")
    assert refused(there.decrypt, CiphertextBlob=here.blob, EncryptionContext=CONTEXT).code == "AccessDeniedException"


def test_members_that_the_model_does_not_require(here):
    for call, request in (
        (here.kms.decrypt, {}),
        (here.kms.re_encrypt, {"DestinationKeyId": here.id}),
        (here.kms.generate_random, {}),
    ):
        assert refused(call, **request).code == "ValidationException"


def test_tags_on_creation_need_their_permission(cloud):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"""
    user = cloud.account().user(policy({**ALLOW, "Action": "kms:CreateKey"})).client("kms")
    assert refused(user.create_key, Tags=TAGS).code == "AccessDeniedException"
    assert user.create_key()["KeyMetadata"]["KeyId"]
