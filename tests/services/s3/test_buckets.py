"""Buckets, through boto3. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError


def name() -> str:
    return f"b-{uuid.uuid4().hex[:20]}"


def refused(call, **kw) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(**kw)
    return caught.value


def code(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_create_head_list_delete(aws):
    s3 = aws.client("s3")
    bucket = name()
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"
    head = s3.head_bucket(Bucket=bucket)
    assert head["BucketRegion"] == "us-east-1"
    listed = s3.list_buckets()
    assert [b["Name"] for b in listed["Buckets"]] == [bucket]
    assert len(listed["Owner"]["ID"]) == 64
    s3.delete_bucket(Bucket=bucket)
    assert code(refused(s3.head_bucket, Bucket=bucket)) == ("404", 404)
    error = refused(s3.delete_bucket, Bucket=bucket)
    assert code(error) == ("NoSuchBucket", 404)
    assert error.response["Error"]["Message"] == "The specified bucket does not exist"
    assert error.response["Error"]["BucketName"] == bucket


def test_names_are_global(aws, cloud):
    bucket = name()
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    other = cloud.account().client("s3")
    assert code(refused(other.create_bucket, Bucket=bucket)) == ("BucketAlreadyExists", 409)
    assert code(refused(other.head_bucket, Bucket=bucket)) == ("403", 403)
    # us-east-1 alone answers 200 to the owner's second try
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"
    west = aws.client("s3", region="eu-west-1")
    bucket = name()
    where = {"LocationConstraint": "eu-west-1"}
    west.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    assert code(refused(west.create_bucket, Bucket=bucket, CreateBucketConfiguration=where)) == (
        "BucketAlreadyOwnedByYou",
        409,
    )


def test_locations(aws):
    s3, west = aws.client("s3"), aws.client("s3", region="eu-west-1")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    other = name()
    s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket=other)["LocationConstraint"] == "eu-central-1"
    assert s3.head_bucket(Bucket=other)["BucketRegion"] == "eu-central-1"
    error = refused(west.create_bucket, Bucket=name())
    assert code(error) == ("IllegalLocationConstraintException", 400)
    assert error.response["Error"]["Message"] == (
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
    )
    error = refused(west.create_bucket, Bucket=name(), CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    assert code(error) == ("IllegalLocationConstraintException", 400)
    error = refused(s3.create_bucket, Bucket=name(), CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    assert code(error) == ("InvalidLocationConstraint", 400)


@pytest.mark.parametrize(
    "bad", ["ab", "Upper-case", "a..b", "1.2.3.4", "xn--abc", "abc-s3alias", "under_score", "-abc"]
)
def test_names_that_are_none(aws, bad):
    import botocore.config

    s3 = aws.client("s3", config=botocore.config.Config(s3={"addressing_style": "path"}))
    s3.meta.events.unregister("before-parameter-build.s3", None)
    for handler in ("validate_bucket_name",):
        from botocore import handlers

        s3.meta.events.unregister("before-parameter-build.s3", getattr(handlers, handler))
    assert code(refused(s3.create_bucket, Bucket=bad)) == ("InvalidBucketName", 400)


def test_not_empty(aws):
    s3 = aws.client("s3")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    error = refused(s3.delete_bucket, Bucket=bucket)
    assert code(error) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.delete_bucket(Bucket=bucket)


def test_pages_of_buckets(aws):
    s3 = aws.client("s3")
    stem = name()
    for n in range(5):
        s3.create_bucket(Bucket=f"{stem}-{n}")
    first = s3.list_buckets(MaxBuckets=2, Prefix=stem)
    assert [b["Name"] for b in first["Buckets"]] == [f"{stem}-0", f"{stem}-1"]
    assert first["Prefix"] == stem
    names = [b["Name"] for page in s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2})
             for b in page["Buckets"]]  # fmt: skip
    assert names == [f"{stem}-{n}" for n in range(5)]
    assert code(refused(s3.list_buckets, ContinuationToken="nonsense")) == ("InvalidArgument", 400)
    assert s3.list_buckets(BucketRegion="eu-west-1")["Buckets"] == []


def test_expected_owner(aws):
    s3 = aws.client("s3")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=aws.id)
    assert code(refused(s3.get_bucket_location, Bucket=bucket, ExpectedBucketOwner="1" * 12)) == ("AccessDenied", 403)


UNSET = [
    ("get_bucket_policy", "NoSuchBucketPolicy"),
    ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_website", "NoSuchWebsiteConfiguration"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ("get_bucket_tagging", "NoSuchTagSet"),
]


@pytest.mark.parametrize(("operation", "expected"), UNSET)
def test_what_was_never_set_is_404(aws, operation, expected):
    """The errors that Terraform's provider looks for after it has created a bucket."""
    s3 = aws.client("s3")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    assert code(refused(getattr(s3, operation), Bucket=bucket)) == (expected, 404)


def test_defaults(aws):
    s3 = aws.client("s3")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [(g["Grantee"]["Type"], g["Permission"]) for g in grants] == [("CanonicalUser", "FULL_CONTROL")]
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for empty in ("versioning", "logging", "accelerate_configuration", "notification_configuration"):
        answer = getattr(s3, f"get_bucket_{empty}")(Bucket=bucket)
        assert set(answer) == {"ResponseMetadata"}


def test_sub_resources_come_back_as_they_were_put(aws):
    s3 = aws.client("s3")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}]
    s3.delete_bucket_tagging(Bucket=bucket)
    assert code(refused(s3.get_bucket_tagging, Bucket=bucket))[0] == "NoSuchTagSet"

    rules = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 3}}]}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules["Rules"]
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code(refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket))[0] == "NoSuchLifecycleConfiguration"

    cors = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"], "MaxAgeSeconds": 3}]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=cors)
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == cors["CORSRules"]
    bad = {"CORSRules": [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]}]}
    assert code(refused(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=bad)) == ("InvalidRequest", 400)

    key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"arn:aws:kms:us-east-1:{aws.id}:key/abc"}
    rule = {"ApplyServerSideEncryptionByDefault": key, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
    answer = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", key["KMSMasterKeyID"])
    s3.delete_bucket_encryption(Bucket=bucket)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"

    site = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}}
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=site)
    found = s3.get_bucket_website(Bucket=bucket)
    assert {k: found[k] for k in site} == site
    s3.delete_bucket_website(Bucket=bucket)

    metric = {"Id": "all"}
    s3.put_bucket_metrics_configuration(Bucket=bucket, Id="all", MetricsConfiguration=metric)
    assert s3.get_bucket_metrics_configuration(Bucket=bucket, Id="all")["MetricsConfiguration"] == metric
    assert s3.list_bucket_metrics_configurations(Bucket=bucket)["MetricsConfigurationList"] == [metric]
    s3.delete_bucket_metrics_configuration(Bucket=bucket, Id="all")
    error = refused(s3.get_bucket_metrics_configuration, Bucket=bucket, Id="all")
    assert code(error) == ("NoSuchConfiguration", 404)


def test_acls_are_off_unless_ownership_says_otherwise(aws):
    s3 = aws.client("s3")
    bucket = name()
    s3.create_bucket(Bucket=bucket)
    assert code(refused(s3.put_bucket_acl, Bucket=bucket, ACL="private")) == ("AccessControlListNotSupported", 400)
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    assert code(error) == ("AccessControlListNotSupported", 400)
    assert error.response["Error"]["Message"] == "The bucket does not allow ACLs"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    error = refused(s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    assert code(error) == ("AccessDenied", 403)  # Block Public Access
    s3.delete_public_access_block(Bucket=bucket)
    assert code(refused(s3.get_public_access_block, Bucket=bucket)) == ("NoSuchPublicAccessBlockConfiguration", 404)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    uris = [g["Grantee"].get("URI") for g in s3.get_bucket_acl(Bucket=bucket)["Grants"]]
    assert uris == [None, "http://acs.amazonaws.com/groups/global/AllUsers"]
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    error = refused(s3.get_bucket_ownership_controls, Bucket=bucket)
    assert code(error) == ("OwnershipControlsNotFoundError", 404)
