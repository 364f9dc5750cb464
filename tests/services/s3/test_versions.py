"""Versioning, through boto3. https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html"""

from __future__ import annotations

import os
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    return name


def refused(call, **kw) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(**kw)
    return caught.value


def code(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def switch(s3, bucket, status):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def versions(s3, bucket):
    """(key, version, latest, marker?) in the order of the list."""
    found = s3.list_object_versions(Bucket=bucket)
    rows = [(v["Key"], v["VersionId"], v["IsLatest"], False) for v in found.get("Versions", [])]
    rows += [(m["Key"], m["VersionId"], m["IsLatest"], True) for m in found.get("DeleteMarkers", [])]
    return rows


def test_versions_are_kept(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0")
    switch(s3, bucket, "Enabled")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    large = os.urandom(50_000)
    one = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    two = s3.put_object(Bucket=bucket, Key="k", Body=large)["VersionId"]
    assert [row[1:] for row in versions(s3, bucket)] == [
        (two, True, False),
        (one, False, False),
        ("null", False, False),
    ]
    for version, body in ((one, b"1"), (two, large), ("null", b"0")):
        found = s3.get_object(Bucket=bucket, Key="k", VersionId=version)
        assert (found["Body"].read(), found["VersionId"]) == (body, version)
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == two

    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    error = refused(s3.get_object, Bucket=bucket, Key="k")
    assert code(error) == ("NoSuchKey", 404)
    assert error.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert code(refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"])) == (
        "MethodNotAllowed",
        405,
    )
    assert code(refused(s3.delete_bucket, Bucket=bucket)) == ("BucketNotEmpty", 409)

    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])  # undeletes
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == two
    s3.delete_object(Bucket=bucket, Key="k", VersionId=two)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=one)
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert versions(s3, bucket) == []
    s3.delete_bucket(Bucket=bucket)


def test_suspended(s3, bucket):
    switch(s3, bucket, "Enabled")
    one = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    switch(s3, bucket, "Suspended")
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"] == "null"
    s3.put_object(Bucket=bucket, Key="k", Body=b"3")
    assert [row[1] for row in versions(s3, bucket)] == ["null", one]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"3"
    marker = s3.delete_object(Bucket=bucket, Key="k")  # takes the null version's place
    assert (marker["DeleteMarker"], marker["VersionId"]) == (True, "null")
    assert [row[1:] for row in versions(s3, bucket)] == [(one, False, False), ("null", True, True)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=one)["Body"].read() == b"1"


def test_unknown_versions(s3, bucket):
    switch(s3, bucket, "Enabled")
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert code(refused(s3.get_object, Bucket=bucket, Key="k", VersionId="0" * 32)) == ("NoSuchVersion", 404)
    assert code(refused(s3.get_object, Bucket=bucket, Key="k", VersionId="no")) == ("InvalidArgument", 400)
    error = refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={})
    assert code(error) == ("IllegalVersioningConfigurationException", 400)


def test_pages_and_prefixes(s3, bucket):
    switch(s3, bucket, "Enabled")
    expected = []
    for key in ("a/1", "b", "c"):
        made = [s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"] for _ in range(3)]
        expected += [(key, version) for version in reversed(made)]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [(v["Key"], v["VersionId"]) for p in pages for v in p["Versions"]] == expected
    found = s3.list_object_versions(Bucket=bucket, Delimiter="/", Prefix="")
    assert found["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert {v["Key"] for v in found["Versions"]} == {"b", "c"}


def test_deleting_and_copying_versions(s3, bucket):
    switch(s3, bucket, "Enabled")
    one = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    copied = s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "k", "VersionId": one})
    assert copied["CopySourceVersionId"] == one
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == copied["VersionId"]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})["Deleted"][0]
    assert answer["DeleteMarker"] is True
    every = [{"Key": key, "VersionId": version} for key, version, _, _ in versions(s3, bucket)]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": every})
    assert len(answer["Deleted"]) == 4
    s3.delete_bucket(Bucket=bucket)
