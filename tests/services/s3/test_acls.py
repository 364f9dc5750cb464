"""ACLs of objects: who is shown, and when they are turned off.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest
from tests.support import refused

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.fixture
def s3(aws: Any) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """One that takes ACLs, public ones too, with an object k."""
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    return name


def grants(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(g["Grantee"].get("URI") or g["Grantee"]["Type"], g["Permission"]) for g in answer["Grants"]]


def anonymously(aws: Any, bucket: str) -> int:
    try:
        with urllib.request.urlopen(f"{aws.endpoint}/{bucket}/k", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_object_is_its_owners_until_it_is_made_public(aws: Any, s3: Any, bucket: str) -> None:
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]
    private = s3.get_object_acl(Bucket=bucket, Key="k")
    assert private["Owner"] == owner
    assert grants(private) == [("CanonicalUser", "FULL_CONTROL")]
    assert private["Grants"][0]["Grantee"]["ID"] == owner["ID"]
    assert anonymously(aws, bucket) == 403
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    assert sorted(grants(s3.get_object_acl(Bucket=bucket, Key="k"))) == [
        ("CanonicalUser", "FULL_CONTROL"),
        (EVERYBODY, "READ"),
    ]
    assert anonymously(aws, bucket) == 200
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="private")
    assert anonymously(aws, bucket) == 403


def test_each_version_has_its_acl(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", ACL="public-read")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    assert len(s3.get_object_acl(Bucket=bucket, Key="k", VersionId=first)["Grants"]) == 2
    assert len(s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]) == 1


def test_what_is_no_object_and_who_may_not(cloud: Any, aws: Any, s3: Any, bucket: str) -> None:
    assert refused(s3.get_object_acl, Bucket=bucket, Key="none")[::2] == ("NoSuchKey", 404)
    assert refused(s3.get_object_acl, Bucket=f"{bucket}-none", Key="k")[::2] == ("NoSuchBucket", 404)
    assert refused(s3.put_object_acl, Bucket=bucket, Key="k", ACL="everybody").status == 400
    for other in (aws.user(), cloud.account()):
        assert refused(other.client("s3").get_object_acl, Bucket=bucket, Key="k")[::2] == ("AccessDenied", 403)


def test_acls_are_off_where_the_owner_is_enforced(s3: Any) -> None:
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    assert grants(s3.get_object_acl(Bucket=name, Key="k")) == [("CanonicalUser", "FULL_CONTROL")]
    off = ("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    assert refused(s3.put_object_acl, Bucket=name, Key="k", ACL="public-read") == off
    s3.put_object_acl(Bucket=name, Key="k", ACL="bucket-owner-full-control")
