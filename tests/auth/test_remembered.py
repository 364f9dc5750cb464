"""Credentials, decisions and buckets are remembered between calls: never for another caller, never past a change."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.support import refused

EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def read(client: Any, bucket: str) -> bytes:
    return client.get_object(Bucket=bucket, Key="k")["Body"].read()


def mighty(account: Any, name: str = "ann") -> Any:
    """A user who may do everything that its account may."""
    user = account.user(name=name)
    account.client("iam").put_user_policy(UserName=name, PolicyName="all", PolicyDocument=EVERYTHING)
    return user


@pytest.fixture
def bucket(aws: Any) -> str:
    """One that is known to have no policy: an object of it was written and read."""
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"one")
    assert [read(s3, name) for _ in range(3)] == [b"one"] * 3
    return name


def test_one_caller_s_right_is_not_another_s(aws: Any, cloud: Any, bucket: str) -> None:
    allowed, poor, stranger = mighty(aws).client("s3"), aws.user(name="bob").client("s3"), cloud.account()
    strangers = [stranger.client("s3"), mighty(stranger).client("s3")]
    for _ in range(2):  # decided, and remembered
        assert read(allowed, bucket) == b"one"
        assert refused(poor.get_object, Bucket=bucket, Key="k").code == "AccessDenied"
        # another account's own policies do not open the door (IAM User Guide, "Cross-account policy evaluation logic")
        assert [refused(s3.get_object, Bucket=bucket, Key="k").code for s3 in strangers] == ["AccessDenied"] * 2


def test_a_policy_for_others_opens_and_shuts_at_once(aws: Any, cloud: Any, bucket: str) -> None:
    other = mighty(cloud.account())
    s3, theirs = aws.client("s3"), other.client("s3")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statement["Condition"] = {"StringEquals": {"aws:PrincipalAccount": other.id}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    for _ in range(2):
        assert refused(theirs.get_object, Bucket=bucket, Key="k").code == "AccessDenied"
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
        assert read(theirs, bucket) == b"one"
        s3.delete_bucket_policy(Bucket=bucket)


def test_ownership_and_acls_count_at_once(aws: Any, cloud: Any, bucket: str) -> None:
    def anonymous() -> int:
        try:
            return int(urlopen(f"{cloud.endpoint}/{bucket}/k").status)
        except HTTPError as error:
            return error.code

    s3 = aws.client("s3")
    assert anonymous() == 403
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    assert anonymous() == 200
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert anonymous() == 403
    s3.delete_public_access_block(Bucket=bucket)
    assert anonymous() == 200
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="private")
    assert anonymous() == 403


def test_a_bucket_made_again_by_another_account_is_theirs(aws: Any, cloud: Any, bucket: str) -> None:
    s3, other = aws.client("s3"), cloud.account()
    mine = mighty(aws).client("s3")
    assert read(mine, bucket) == b"one"
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    theirs = other.client("s3")
    theirs.create_bucket(Bucket=bucket)
    theirs.put_object(Bucket=bucket, Key="k", Body=b"two")
    assert read(theirs, bucket) == b"two"
    assert [refused(client.get_object, Bucket=bucket, Key="k").code for client in (s3, mine)] == ["AccessDenied"] * 2


def test_a_key_and_a_permission_end_with_the_call_that_ends_them(aws: Any, bucket: str) -> None:
    iam, user = aws.client("iam"), mighty(aws)
    s3 = user.client("s3")
    assert read(s3, bucket) == b"one"
    iam.delete_user_policy(UserName="ann", PolicyName="all")
    assert refused(s3.get_object, Bucket=bucket, Key="k").code == "AccessDenied"
    iam.put_user_policy(UserName="ann", PolicyName="all", PolicyDocument=EVERYTHING)
    assert read(s3, bucket) == b"one"
    key = user.keys["aws_access_key_id"]
    iam.update_access_key(UserName="ann", AccessKeyId=key, Status="Inactive")
    assert refused(s3.get_object, Bucket=bucket, Key="k").code == "InvalidAccessKeyId"
    iam.update_access_key(UserName="ann", AccessKeyId=key, Status="Active")
    assert read(s3, bucket) == b"one"
