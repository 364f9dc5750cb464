"""Denies and grants that a clever name, a condition or a copy used to lead past."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.auth.policy import AccessRequest, PolicySet, compile, evaluate
from fogbank.core.errors import ServiceError
from fogbank.core.principal import Principal
from fogbank.services.s3.policy import is_public

from .world import ALL, VICTIM, World


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_a_bucket_policy_speaks_of_every_key(world: World, operation: str) -> None:
    """A key is no ARN of IAM, whatever it looks like."""
    who = world._user(f"reader-{operation}", ALL)
    deny = {"Effect": "Deny", "Principal": "*", "Action": f"s3:{operation}", "Resource": "arn:aws:s3:::victims/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    world.own("s3", "PutObject", Bucket="victims", Key="a:iam:b", Body=b"x")
    world.own("s3", "PutBucketPolicy", Bucket="victims", Policy=document)
    with pytest.raises(ServiceError, match="explicit deny"):
        world.call(
            who, "s3", operation, Bucket="victims", Key="a:iam:b", **({"Body": b"y"} if operation[0] == "P" else {})
        )
    world.own("s3", "DeleteBucketPolicy", Bucket="victims")


def test_a_copy_takes_tags_along_only_with_permission(world: World) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
    world.own("s3", "PutObject", Bucket="victims", Key="tagged", Body=b"x", Tagging="a=b")
    for action in ("s3:GetObjectTagging", "s3:PutObjectTagging"):
        with pytest.raises(ServiceError, match=action):
            world.call(world.without(action), "s3", "CopyObject", Bucket="victims", Key="copy",
                       CopySource="victims/tagged")  # fmt: skip
    who = world._user("no-tags-copied", ALL, {"Effect": "Deny", "Action": "s3:*ObjectTagging", "Resource": "*"})
    world.call(who, "s3", "CopyObject", Bucket="victims", Key="copy", CopySource="victims/tagged",
               TaggingDirective="REPLACE")  # fmt: skip


def test_a_copy_source_is_a_condition_in_one_spelling(world: World) -> None:
    condition = {"StringLike": {"s3:x-amz-copy-source": "victims/dir/*"}}
    who = world._user("no-copies", ALL, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
                                         "Condition": condition})  # fmt: skip
    for source in ("victims/dir/Key", "/victims/dir/Key", "victims/d%69r/Key", "arn:aws:s3:::victims/dir/Key"):
        with pytest.raises(ServiceError, match="explicit deny"):
            world.call(who, "s3", "CopyObject", Bucket="victims", Key="copy", CopySource=source)


@pytest.mark.parametrize(("kind", "more"), [("User", {"NewPath": "/deep/"}), ("User", {"NewUserName": "Chief"}),
                                            ("Group", {"NewPath": "/deep/"})])  # fmt: skip
def test_what_is_renamed_is_allowed_under_both_names(world: World, kind: str, more: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html"""
    word = kind.lower()
    there = [f"arn:aws:iam::{VICTIM}:{word}/deep/*", f"arn:aws:iam::{VICTIM}:{word}/Chief"]
    name = f"renamer-{kind}-{next(iter(more))}"
    who = world._user(name, ALL, {"Effect": "Deny", "Action": "iam:Update*", "Resource": there})
    world.own("iam", f"Create{kind}", **{f"{kind}Name": f"plain-{name}"})
    with pytest.raises(ServiceError, match="explicit deny"):
        world.call(who, "iam", f"Update{kind}", **{f"{kind}Name": f"plain-{name}"}, **more)


@pytest.mark.parametrize(("condition", "public"), [
    ({"StringEquals": {"aws:PrincipalAccount": VICTIM}}, False),
    ({"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{VICTIM}:*"}}, False),
    ({"StringEqualsIfExists": {"aws:PrincipalAccount": VICTIM}}, True),
    ({"ArnLikeIfExists": {"aws:SourceArn": f"arn:aws:sns:*:{VICTIM}:*"}}, True),
    ({"ForAllValues:StringEquals": {"aws:PrincipalAccount": VICTIM}}, True),
    ({"StringNotEquals": {"aws:PrincipalAccount": VICTIM}}, True),
    ({"StringLike": {"aws:PrincipalAccount": "????????????"}}, True),
    ({"StringLike": {"aws:userid": "${aws:userid}"}}, True),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
])  # fmt: skip
def test_a_public_policy_is_one_that_no_fixed_value_narrows(condition: dict[str, Any], public: bool) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    assert is_public(json.dumps({"Version": "2012-10-17", "Statement": statement})) is public


@pytest.mark.parametrize(("listed", "denied"), [
    (["role"], True), (["session"], True), (["role", "account"], True), (["session", "account"], False),
    (["session", "role", "account"], False), (["account"], True),
])  # fmt: skip
def test_a_deny_for_all_but_some_spares_a_session_that_is_listed_itself(listed: list[str], denied: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    names = {"role": f"arn:aws:iam::{VICTIM}:role/r", "session": f"arn:aws:sts::{VICTIM}:assumed-role/r/s",
             "account": f"arn:aws:iam::{VICTIM}:root"}  # fmt: skip
    statement = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": [names[each] for each in listed]},
        "Action": "*",
        "Resource": "*",
    }
    policy = compile(json.dumps({"Version": "2012-10-17", "Statement": statement}), purpose="resource")
    allow = compile(json.dumps({"Version": "2012-10-17", "Statement": ALL}))
    who = Principal(kind="role", account=VICTIM, arn=names["session"], identity_arn=names["role"], user_id="AROA:s")
    asked = AccessRequest(who, "s3:GetObject", "arn:aws:s3:::b/k", {})
    assert evaluate(asked, PolicySet(identity=(allow,), resource=policy)).allowed is not denied
