"""A cloud whose clock these tests move, and buckets that let CloudTrail in."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from fogbank import testing


@pytest.fixture(scope="module")
def moving(fogbank_options):
    """One cloud for a module: its clock goes forward only."""
    with testing.cloud(**fogbank_options) as running:
        yield running


@pytest.fixture
def own(moving):
    return moving.account()


def bucket_policy(bucket: str, *accounts: str) -> str:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html"""
    who = {"Service": "cloudtrail.amazonaws.com"}
    check = {"Effect": "Allow", "Principal": who, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"}
    write = {
        "Effect": "Allow",
        "Principal": who,
        "Action": "s3:PutObject",
        "Resource": [f"arn:aws:s3:::{bucket}/*AWSLogs/{account}/*" for account in accounts],
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [check, write]})


def make_bucket(account: Any, name: str = "") -> str:
    name = name or f"trail-{account.id}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name, account.id))
    return name


def make_trail(account: Any, name: str = "audit", region: str | None = None, **settings: Any) -> str:
    """The bucket of a trail that logs."""
    bucket = make_bucket(account)
    trails = account.client("cloudtrail", region)
    trails.create_trail(Name=name, S3BucketName=bucket, **settings)
    trails.start_logging(Name=name)
    return bucket


def files(account: Any, bucket: str, part: str = "/CloudTrail/") -> dict[str, Any]:
    s3 = account.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    keys = [entry["Key"] for entry in found if part in entry["Key"]]
    return {key: json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys}


def delivered(account: Any, bucket: str, *names: str) -> list[dict[str, Any]]:
    """The events in a bucket, those of these names."""
    events = [event for file in files(account, bucket).values() for event in file["Records"]]
    return [event for event in events if not names or event["eventName"] in names]


def history(cloud: Any, account: Any, name: str = "", region: str | None = None) -> list[dict[str, Any]]:
    """The events of the history, newest first, those of a name."""
    cloud.advance(2)
    asked = [{"AttributeKey": "EventName", "AttributeValue": name}] if name else []
    pages = account.client("cloudtrail", region).get_paginator("lookup_events").paginate(LookupAttributes=asked)
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
