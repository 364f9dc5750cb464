"""Requests on objects use a bucket that is kept in memory: every change of it shows at once."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def bucket(s3):
    """A bucket that is known: an object of it was written and read."""
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"one")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"one"
    return name


def refusal(call, **kw) -> str:
    with pytest.raises(ClientError) as caught:
        call(**kw)
    return caught.value.response["Error"]["Code"]


def test_a_policy_holds_from_the_next_request_and_ends_with_its_removal(s3, bucket):
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert refusal(s3.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"two") == "AccessDenied"
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"
    s3.put_object(Bucket=bucket, Key="k", Body=b"two")


def test_versioning_and_encryption_count_from_the_next_write(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    made = s3.put_object(Bucket=bucket, Key="k", Body=b"two")
    assert len(made["VersionId"]) == 32
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == made["VersionId"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/mine"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"three")["ServerSideEncryption"] == "aws:kms"


def test_a_bucket_that_was_deleted_is_not_there(s3, bucket):
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"two") == "NoSuchBucket"
    assert refusal(s3.get_object, Bucket=bucket, Key="k") == "NoSuchBucket"


def test_the_expected_owner_is_compared_on_every_request(aws, s3, bucket):
    account = aws.client("sts").get_caller_identity()["Account"]
    assert s3.get_object(Bucket=bucket, Key="k", ExpectedBucketOwner=account)["Body"].read() == b"one"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="111122223333") == "AccessDenied"
    refused = refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner="111122223333")
    assert refused == "AccessDenied"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"
