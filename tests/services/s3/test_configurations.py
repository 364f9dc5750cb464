"""Sub-resources of buckets: what is put is got, what is deleted is gone, and what each refuses.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAnalyticsConfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAccelerateConfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
"""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest
from tests.support import refused


@pytest.fixture
def s3(aws: Any) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    return name


def enabled(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


TO_BUCKET = {"Format": "CSV", "Bucket": "arn:aws:s3:::elsewhere"}
BY_ID = {
    "analytics": (
        ("put_bucket_analytics_configuration", "get_bucket_analytics_configuration",
         "list_bucket_analytics_configurations", "delete_bucket_analytics_configuration"),
        "AnalyticsConfiguration",
        {"StorageClassAnalysis": {"DataExport": {
            "OutputSchemaVersion": "V_1", "Destination": {"S3BucketDestination": TO_BUCKET}}}},
    ),
    "inventory": (
        ("put_bucket_inventory_configuration", "get_bucket_inventory_configuration",
         "list_bucket_inventory_configurations", "delete_bucket_inventory_configuration"),
        "InventoryConfiguration",
        {"IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
         "Destination": {"S3BucketDestination": TO_BUCKET}},
    ),
    "tiering": (
        ("put_bucket_intelligent_tiering_configuration", "get_bucket_intelligent_tiering_configuration",
         "list_bucket_intelligent_tiering_configurations", "delete_bucket_intelligent_tiering_configuration"),
        "IntelligentTieringConfiguration",
        {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BY_ID)
def test_configurations_have_ids(s3: Any, bucket: str, kind: str) -> None:
    calls, member, settings = BY_ID[kind]
    put, get, listed, delete = (getattr(s3, name) for name in calls)
    where = {"Bucket": bucket}
    for id in ("b", "a"):
        put(**where, Id=id, **{member: {"Id": id, **settings}})
    assert get(**where, Id="a")[member] == {"Id": "a", **settings}
    assert [item["Id"] for item in listed(**where)[f"{member}List"]] == ["a", "b"]
    assert listed(**where)["IsTruncated"] is False
    assert refused(put, **where, Id="c", **{member: {"Id": "d", **settings}}).status == 400
    delete(**where, Id="a")
    gone = ("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    assert refused(get, **where, Id="a") == gone
    assert [item["Id"] for item in listed(**where)[f"{member}List"]] == ["b"]
    none = {"Bucket": f"{bucket}-none"}
    for call in (get, delete):
        assert refused(call, **none, Id="a")[::2] == ("NoSuchBucket", 404)
    assert refused(listed, **none)[::2] == ("NoSuchBucket", 404)


def test_acceleration_and_requester_pays_are_kept(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket}
    assert "Status" not in s3.get_bucket_accelerate_configuration(**where)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_accelerate_configuration(**where, AccelerateConfiguration={"Status": status})
        assert s3.get_bucket_accelerate_configuration(**where)["Status"] == status
    s3.put_bucket_request_payment(**where, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(**where)["Payer"] == "Requester"
    wrong = refused(s3.put_bucket_accelerate_configuration, **where, AccelerateConfiguration={"Status": "Fast"})
    assert wrong[::2] == ("MalformedXML", 400)
    wrong = refused(s3.put_bucket_request_payment, **where, RequestPaymentConfiguration={"Payer": "Nobody"})
    assert wrong[::2] == ("MalformedXML", 400)
    dotted = f"{bucket}.dotted"
    s3.create_bucket(Bucket=dotted)
    call = s3.put_bucket_accelerate_configuration
    assert refused(call, Bucket=dotted, AccelerateConfiguration={"Status": "Enabled"})[::2] == ("InvalidRequest", 400)


def test_logging_is_kept_and_turned_off(cloud: Any, s3: Any, bucket: str) -> None:
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    to = {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": "logs/"}}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=to)
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == to["LoggingEnabled"]
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    to["LoggingEnabled"]["TargetBucket"] = f"{bucket}-none"
    none = refused(s3.put_bucket_logging, Bucket=bucket, BucketLoggingStatus=to)
    assert none == ("InvalidTargetBucketForLogging", "The target bucket for logging does not exist", 400)
    theirs = f"{bucket}-theirs"
    cloud.account().client("s3").create_bucket(Bucket=theirs)
    to["LoggingEnabled"]["TargetBucket"] = theirs
    other = refused(s3.put_bucket_logging, Bucket=bucket, BucketLoggingStatus=to)
    assert other[::2] == ("InvalidTargetBucketForLogging", 400)


def test_replication_needs_versions(s3: Any, bucket: str) -> None:
    rule = {"ID": "r", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}  # fmt: skip
    config = {"Role": "arn:aws:iam::111122223333:role/r", "Rules": [rule]}
    call = s3.put_bucket_replication
    assert refused(call, Bucket=bucket, ReplicationConfiguration={"Role": "", "Rules": []}).status == 400
    enabled(s3, bucket)
    none = refused(s3.get_bucket_replication, Bucket=bucket)
    assert none[::2] == ("ReplicationConfigurationNotFoundError", 404)
    assert refused(call, Bucket=bucket, ReplicationConfiguration=config).status in (400, 403)


def test_the_role_of_a_replication_is_the_accounts_own(aws: Any, s3: Any, bucket: str) -> None:
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        '"Principal": {"Service": "s3.amazonaws.com"}}]}'
    )
    role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rule = {"ID": "r", "Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}
    config = {"Role": role, "Rules": [rule]}
    plain = refused(s3.put_bucket_replication, Bucket=bucket, ReplicationConfiguration=config)
    assert plain == (
        "InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration", 400,
    )  # fmt: skip
    enabled(s3, bucket)
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=config)
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"] == config
    s3.delete_bucket_replication(Bucket=bucket)
    assert refused(s3.get_bucket_replication, Bucket=bucket)[::2] == ("ReplicationConfigurationNotFoundError", 404)


def test_object_lock_needs_versions(s3: Any, bucket: str) -> None:
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    call = s3.put_object_lock_configuration
    assert refused(call, Bucket=bucket, ObjectLockConfiguration=lock)[::2] == ("InvalidBucketState", 409)
    enabled(s3, bucket)
    call(Bucket=bucket, ObjectLockConfiguration=lock)
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == lock
    assert refused(call, Bucket=bucket, ObjectLockConfiguration={})[::2] == ("MalformedXML", 400)
    suspend = {"Status": "Suspended"}
    assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=suspend).code == (
        "InvalidBucketState"
    )


def preflight(aws: Any, bucket: str) -> int:
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    request = urllib.request.Request(f"{aws.endpoint}/{bucket}/k", method="OPTIONS", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_without_cors_rules_no_origin_is_let_in(aws: Any, s3: Any, bucket: str) -> None:
    rule = {"AllowedOrigins": ["https://shop.example"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert preflight(aws, bucket) == 200
    s3.delete_bucket_cors(Bucket=bucket)
    assert preflight(aws, bucket) == 403
    assert refused(s3.get_bucket_cors, Bucket=bucket)[::2] == ("NoSuchCORSConfiguration", 404)
    s3.delete_bucket_cors(Bucket=bucket)
