"""Tags of roles, policies and instance profiles, descriptions of roles, and the keys that policies ask for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
"""

import json

import pytest
from tests.support import refused

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})  # fmt: skip
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})  # fmt: skip
CALLS = {
    "role": ("tag_role", "untag_role", "list_role_tags"),
    "policy": ("tag_policy", "untag_policy", "list_policy_tags"),
    "instance profile": ("tag_instance_profile", "untag_instance_profile", "list_instance_profile_tags"),
}


@pytest.fixture
def iam(aws):
    return aws.client("iam")


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def make(iam, kind, given):
    """Who is tagged, as requests name it; and a name of nothing."""
    if kind == "role":
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=given)
        return {"RoleName": "r"}, {"RoleName": "none"}
    if kind == "policy":
        arn = iam.create_policy(PolicyName="p", PolicyDocument=POLICY, Tags=given)["Policy"]["Arn"]
        return {"PolicyArn": arn}, {"PolicyArn": arn + "none"}
    iam.create_instance_profile(InstanceProfileName="i", Tags=given)
    return {"InstanceProfileName": "i"}, {"InstanceProfileName": "none"}


@pytest.mark.parametrize("kind", CALLS)
def test_tags_are_added_replaced_listed_and_removed(iam, kind):
    tag, untag, listed = (getattr(iam, name) for name in CALLS[kind])
    who, nobody = make(iam, kind, tags(b="1"))
    tag(**who, Tags=tags(c="3", a="0", b="2"))
    assert listed(**who)["Tags"] == tags(a="0", b="2", c="3")
    first = listed(**who, MaxItems=2)
    assert (first["Tags"], first["IsTruncated"]) == (tags(a="0", b="2"), True)
    assert listed(**who, Marker=first["Marker"])["Tags"] == tags(c="3")
    untag(**who, TagKeys=["a", "c", "none"])
    assert listed(**who)["Tags"] == tags(b="2")
    for call, more in ((tag, {"Tags": tags(a="b")}), (untag, {"TagKeys": ["a"]}), (listed, {})):
        assert refused(call, **nobody, **more)[::2] == ("NoSuchEntity", 404)
    assert refused(tag, **who, Tags=tags(d="1", D="2")).code == "InvalidInput"
    many = tags(**{f"k{number}": "v" for number in range(50)})
    assert refused(tag, **who, Tags=many).code == "LimitExceeded"


def test_a_roles_description_is_changed(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Description="old")
    changed = iam.update_role_description(RoleName="r", Description="new")["Role"]
    assert (changed["RoleName"], changed["Description"]) == ("r", "new")
    assert iam.get_role(RoleName="r")["Role"]["Description"] == "new"
    assert refused(iam.update_role_description, RoleName="none", Description="x").code == "NoSuchEntity"


def test_the_context_keys_that_policies_ask_for(iam):
    asking = {
        "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"}},
    }  # fmt: skip
    text = json.dumps({"Version": "2012-10-17", "Statement": asking})
    found = iam.get_context_keys_for_custom_policy(PolicyInputList=[text, POLICY])["ContextKeyNames"]
    assert sorted(name.lower() for name in found) == ["aws:securetransport", "aws:sourceip", "aws:username"]
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[POLICY])["ContextKeyNames"] == []
    assert refused(iam.get_context_keys_for_custom_policy, PolicyInputList=["{}"]).code == "InvalidInput"
