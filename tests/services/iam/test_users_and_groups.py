"""Users, groups, access keys and login profiles through boto3.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html; error texts as users of AWS report them.
"""

import json

import pytest
from tests.support import refused

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def iam(aws):
    return aws.client("iam")


def test_a_user_from_birth_to_death(iam, aws):
    made = iam.create_user(UserName="Ann", Path="/team/", Tags=[{"Key": "k", "Value": "v"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{aws.id}:user/team/Ann"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    assert iam.get_user(UserName="Ann")["User"]["Tags"] == [{"Key": "k", "Value": "v"}]
    assert "PermissionsBoundary" not in iam.get_user(UserName="Ann")["User"]
    again = refused(iam.create_user, UserName="ann")
    assert (again.code, again.message) == ("EntityAlreadyExists", "User with name ann already exists.")
    iam.update_user(UserName="Ann", NewUserName="Anna", NewPath="/")
    assert refused(iam.get_user, UserName="Ann").message == "The user with name Ann cannot be found."
    assert iam.get_user(UserName="Anna")["User"]["UserId"] == made["UserId"]
    iam.delete_user(UserName="Anna")
    assert refused(iam.delete_user, UserName="Anna").code == "NoSuchEntity"


def test_names_are_checked(iam):
    assert refused(iam.create_user, UserName="no spaces").code == "ValidationError"
    assert refused(iam.create_user, UserName="x" * 65).code == "ValidationError"
    assert refused(iam.create_user, UserName="x", Path="no-slash").code == "ValidationError"


def test_a_user_in_use_is_not_deleted(iam):
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    steps = [
        (iam.add_user_to_group, iam.remove_user_from_group, {"GroupName": "g"}, "must remove users from group first."),
        (
            iam.attach_user_policy,
            iam.detach_user_policy,
            {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            "must detach all policies first.",
        ),
        (
            iam.create_login_profile,
            iam.delete_login_profile,
            {"Password": "Secret-123"},
            "must delete login profile first.",
        ),
    ]
    for do, undo, given, text in steps:
        do(UserName="u", **given)
        error = refused(iam.delete_user, UserName="u")
        assert (error.code, error.message) == ("DeleteConflict", f"Cannot delete entity, {text}")
        given.pop("Password", None)
        undo(UserName="u", **given)
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    assert "must delete policies first" in refused(iam.delete_user, UserName="u").message
    iam.delete_user_policy(UserName="u", PolicyName="p")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    assert "must delete access keys first" in refused(iam.delete_user, UserName="u").message
    iam.delete_access_key(UserName="u", AccessKeyId=key)
    iam.delete_user(UserName="u")


def test_lists_come_in_pages_and_markers_cannot_be_made_up(iam):
    for n in range(5):
        iam.create_user(UserName=f"u{n}", Path="/a/" if n < 3 else "/b/")
    first = iam.list_users(MaxItems=2)
    assert [user["UserName"] for user in first["Users"]] == ["u0", "u1"] and first["IsTruncated"]
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in pages for user in page["Users"]] == [f"u{n}" for n in range(5)]
    assert [user["UserName"] for user in iam.list_users(PathPrefix="/b/")["Users"]] == ["u3", "u4"]
    assert refused(iam.list_users, Marker="made-up").code == "ValidationError"
    iam.create_group(GroupName="g")
    assert refused(iam.list_groups, Marker=first["Marker"]).code == "ValidationError"


def test_groups_and_memberships(iam, aws):
    group = iam.create_group(GroupName="Devs", Path="/x/")["Group"]
    assert group["Arn"] == f"arn:aws:iam::{aws.id}:group/x/Devs"
    assert refused(iam.create_group, GroupName="devs").message == "Group with name devs already exists."
    iam.create_user(UserName="u")
    iam.add_user_to_group(GroupName="Devs", UserName="u")
    iam.add_user_to_group(GroupName="Devs", UserName="u")
    assert [user["UserName"] for user in iam.get_group(GroupName="Devs")["Users"]] == ["u"]
    assert [found["GroupName"] for found in iam.list_groups_for_user(UserName="u")["Groups"]] == ["Devs"]
    assert refused(iam.delete_group, GroupName="Devs").code == "DeleteConflict"
    iam.update_group(GroupName="Devs", NewGroupName="Engineers")
    assert [found["GroupName"] for found in iam.list_groups_for_user(UserName="u")["Groups"]] == ["Engineers"]
    iam.remove_user_from_group(GroupName="Engineers", UserName="u")
    iam.delete_group(GroupName="Engineers")
    assert refused(iam.get_group, GroupName="Engineers").code == "NoSuchEntity"
    for n in range(10):
        iam.create_group(GroupName=f"g{n}")
        iam.add_user_to_group(GroupName=f"g{n}", UserName="u")
    iam.create_group(GroupName="g10")
    assert refused(iam.add_user_to_group, GroupName="g10", UserName="u").code == "LimitExceeded"


@pytest.mark.one_node(reason="other nodes hear of it a moment later")
def test_access_keys(iam, aws):
    iam.create_user(UserName="u")
    keys = [iam.create_access_key(UserName="u")["AccessKey"] for _ in range(2)]
    assert all(key["AccessKeyId"].startswith("AKIA") and len(key["AccessKeyId"]) == 20 for key in keys)
    assert len(keys[0]["SecretAccessKey"]) == 40
    error = refused(iam.create_access_key, UserName="u")
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    listed = iam.list_access_keys(UserName="u")["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in listed} == {key["AccessKeyId"] for key in keys}
    assert "SecretAccessKey" not in listed[0]
    one = keys[0]["AccessKeyId"]
    assert iam.get_access_key_last_used(AccessKeyId=one)["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    holder = aws.as_keys(keys[0]).client("sts")
    holder.get_caller_identity()
    assert iam.get_access_key_last_used(AccessKeyId=one)["AccessKeyLastUsed"]["ServiceName"] == "sts"
    iam.update_access_key(UserName="u", AccessKeyId=one, Status="Inactive")
    assert refused(holder.get_caller_identity).code == "InvalidClientTokenId"
    iam.update_access_key(UserName="u", AccessKeyId=one, Status="Active")
    assert holder.get_caller_identity()["Arn"].endswith("user/u")
    iam.delete_access_key(UserName="u", AccessKeyId=one)
    assert refused(holder.get_caller_identity).code == "InvalidClientTokenId"
    text = refused(iam.delete_access_key, UserName="u", AccessKeyId=one).message
    assert text == f"The Access Key with id {one} cannot be found."


def test_a_user_sees_and_turns_its_own_keys_without_naming_itself(aws):
    user = aws.user(json.dumps(ALLOW), name="me")
    iam = user.client("iam")
    assert iam.get_user()["User"]["UserName"] == "me"
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1
    assert iam.create_access_key()["AccessKey"]["UserName"] == "me"


def test_the_root_user_has_keys_of_its_own(iam, aws):
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{aws.id}:root"
    key = iam.create_access_key()["AccessKey"]
    assert aws.as_keys(key).client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.id}:root"
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1


def test_login_profiles_and_the_password_policy(iam, aws):
    iam.create_user(UserName="u")
    assert refused(iam.get_login_profile, UserName="u").code == "NoSuchEntity"
    assert refused(iam.create_login_profile, UserName="u", Password="short").code == "PasswordPolicyViolation"
    made = iam.create_login_profile(UserName="u", Password="Secret-123", PasswordResetRequired=True)["LoginProfile"]
    assert made["PasswordResetRequired"] is True
    assert refused(iam.create_login_profile, UserName="u", Password="Secret-123").code == "EntityAlreadyExists"
    assert refused(iam.get_account_password_policy).code == "NoSuchEntity"
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True)
    assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 14
    assert refused(iam.update_login_profile, UserName="u", Password="Secret-123").code == "PasswordPolicyViolation"
    iam.delete_account_password_policy()
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    own = aws.as_keys(iam.create_access_key(UserName="u")["AccessKey"]).client("iam")
    assert refused(own.change_password, OldPassword="wrong", NewPassword="Secret-456").code == "PasswordPolicyViolation"
    own.change_password(OldPassword="Secret-123", NewPassword="Secret-456")
    assert iam.get_login_profile(UserName="u")["LoginProfile"]["PasswordResetRequired"] is False
    assert refused(iam.change_password, OldPassword="a", NewPassword="b").code == "InvalidUserType"


def test_tags(iam):
    iam.create_user(UserName="u", Tags=[{"Key": "Team", "Value": "red"}])
    iam.tag_user(UserName="u", Tags=[{"Key": "team", "Value": "blue"}, {"Key": "a", "Value": ""}])
    assert iam.list_user_tags(UserName="u")["Tags"] == [{"Key": "a", "Value": ""}, {"Key": "team", "Value": "blue"}]
    iam.untag_user(UserName="u", TagKeys=["TEAM"])
    assert iam.list_user_tags(UserName="u")["Tags"] == [{"Key": "a", "Value": ""}]
    twice = [{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "2"}]
    assert refused(iam.tag_user, UserName="u", Tags=twice).code == "InvalidInput"
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(50)]
    assert refused(iam.tag_user, UserName="u", Tags=many).code == "LimitExceeded"


def test_account_alias(iam, cloud):
    alias = f"alias-{iam.get_user()['User']['UserId']}"
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    other = cloud.account().client("iam")
    assert refused(other.create_account_alias, AccountAlias=alias).code == "EntityAlreadyExists"
    iam.delete_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert refused(iam.delete_account_alias, AccountAlias=alias).code == "NoSuchEntity"


def test_accounts_do_not_see_each_other(iam, cloud):
    iam.create_user(UserName="u")
    other = cloud.account().client("iam")
    assert refused(other.get_user, UserName="u").code == "NoSuchEntity"
    other.create_user(UserName="u")
    assert len(other.list_users()["Users"]) == 1


def test_identities_survive_a_kill(restarted):
    account = restarted.account()
    user = account.user(json.dumps(ALLOW), name="kept")
    restarted.restart()
    assert user.client("iam").get_user()["User"]["UserName"] == "kept"


def test_the_last_use_of_a_key_survives_a_kill(restarted):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html"""
    account = restarted.account()
    iam = account.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    account.as_keys(key).client("sts").get_caller_identity()
    restarted.restart()
    used = restarted.account(account.id).client("iam").get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert (used["AccessKeyLastUsed"]["ServiceName"], used["AccessKeyLastUsed"]["Region"]) == ("sts", "us-east-1")
