"""Trails from end to end: what is called is found in the bucket, and `aws cloudtrail validate-logs` believes it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

AWS = shutil.which("aws")


def bucket_policy(bucket: str, account: str, *, source: str = "*") -> str:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html"""
    who = {"Service": "cloudtrail.amazonaws.com"}
    like = {"ArnLike": {"aws:SourceArn": source}} if source != "*" else {}
    check = {"Effect": "Allow", "Principal": who, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"}
    write = {
        "Effect": "Allow", "Principal": who, "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*AWSLogs/{account}/*",
    }  # fmt: skip
    acl = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{**check, "Condition": like}, {**write, "Condition": {**acl, **like}}]}
    )


def make_bucket(account, name: str = "") -> str:
    name = name or f"trail-{account.id}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=bucket_policy(name, account.id))
    return name


def error_of(call, **kw):
    with pytest.raises(ClientError) as caught:
        call(**kw)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def objects(account, bucket: str, part: str) -> dict[str, dict]:
    s3 = account.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    keys = [entry["Key"] for entry in found if part in entry["Key"]]
    return {key: json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys}


def records(account, bucket: str) -> list[dict]:
    return [record for file in objects(account, bucket, "/CloudTrail/").values() for record in file["Records"]]


def test_calls_are_delivered_and_validate(own_cloud):
    aws = own_cloud.account()
    trails, bucket = aws.client("cloudtrail"), make_bucket(aws)
    arn = trails.create_trail(Name="audit", S3BucketName=bucket, EnableLogFileValidation=True)["TrailARN"]
    assert arn == f"arn:aws:cloudtrail:us-east-1:{aws.id}:trail/audit"
    aws.client("sqs").create_queue(QueueName="before")
    trails.start_logging(Name="audit")
    begin = datetime.fromtimestamp(own_cloud.now() - 60 if hasattr(own_cloud, "now") else 0, UTC)
    aws.client("sqs").create_queue(QueueName="one")
    own_cloud.advance(310)
    [(key, file)] = objects(aws, bucket, "/CloudTrail/").items()
    assert key.startswith(f"AWSLogs/{aws.id}/CloudTrail/us-east-1/2")
    names = [record["eventName"] for record in file["Records"]]
    assert "CreateQueue" in names
    [made] = [record for record in file["Records"] if record["eventName"] == "CreateQueue"]
    assert made["requestParameters"] == {"queueName": "one"}
    own_cloud.advance(3600)
    aws.client("sqs").create_queue(QueueName="two")
    own_cloud.advance(7200)
    digests = objects(aws, bucket, "/CloudTrail-Digest/")
    assert len(digests) == 2
    print(json.dumps(made, indent=1), json.dumps(digests, indent=1), trails.get_trail_status(Name="audit"))
    done = subprocess.run(
        [AWS, "cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", "2020-01-01T00:00:00Z",
         "--end-time", "2030-01-01T00:00:00Z", "--verbose"],
        env={**os.environ, **aws.env} if hasattr(aws, "env") else {**os.environ, "AWS_ENDPOINT_URL": own_cloud.endpoint, "AWS_ACCESS_KEY_ID": aws.id, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(done.stdout, done.stderr)
    assert 0
