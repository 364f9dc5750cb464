"""Path and virtual-host addressing, signed and unsigned.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import http.client
import uuid
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HOSTS = [
    "{}.s3.localhost:4566",
    "{}.s3.us-east-1.localhost:4566",
    "{}.s3.amazonaws.com",
    "{}.s3.eu-west-1.amazonaws.com",
    "{}.s3.localhost.localstack.cloud:4566",
    "{}.localhost:4566",  # what SDKs make of the endpoint http://localhost:4566
    "{}.localhost.localstack.cloud:4566",
]


def send(cloud, method, host, path, headers, body=b""):
    parts = urlsplit(cloud.endpoint)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request(method, path, body=body, headers={**headers, "Host": host})
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("host", HOSTS)
def test_virtual_hosts(cloud, aws, host, dotted):
    bucket = f"b{'.x' if dotted else ''}-{uuid.uuid4().hex[:12]}".replace(".x-", ".x")
    aws.client("s3").create_bucket(Bucket=bucket)
    named = host.format(bucket)

    def signed(method, path, body=b""):
        request = AWSRequest(method, f"http://{named}{path}", data=body)
        botocore.auth.S3SigV4Auth(Credentials(aws.id, "test"), "s3", "us-east-1").add_auth(request)
        return send(cloud, method, named, path, dict(request.headers.items()), body)

    assert signed("PUT", "/a/b%20c", b"here")[0] == 200
    assert signed("GET", "/a/b%20c") == (200, b"here")
    status, listed = signed("GET", "/?list-type=2")
    assert status == 200
    assert b"<Key>a/b c</Key>" in listed
    assert send(cloud, "GET", named, "/a/b%20c", {})[0] == 403
    assert aws.client("s3").get_object(Bucket=bucket, Key="a/b c")["Body"].read() == b"here"


def test_strangers_are_told_of_missing_buckets(cloud):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: NoSuchBucket needs no permission."""
    status, body = send(cloud, "GET", "127.0.0.1", "/no-such-bucket-anywhere/k", {})
    assert status == 404
    assert b"<Code>NoSuchBucket</Code>" in body


def test_version_2_signatures_of_a_bucket_in_path_style(aws):
    """botocore signs /bucket/ and sends /bucket: its default for presigned URLs in us-east-1, and what old tools do."""
    import urllib.error
    import urllib.request

    import botocore.config

    client = aws.client("s3", config=botocore.config.Config(signature_version="s3"))
    bucket = f"b-{uuid.uuid4().hex[:20]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]
    made = f"{bucket}-two"
    client.create_bucket(Bucket=made)
    url = aws.client("s3").generate_presigned_url("list_objects_v2", {"Bucket": bucket})
    assert b"<Key>k</Key>" in urllib.request.urlopen(url).read()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace(f"/{bucket}?", f"/{made}?"))
