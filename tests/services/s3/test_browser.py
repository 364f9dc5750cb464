"""What browsers ask: websites, CORS, forms. Plain HTTP, as a page would send it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
"""

from __future__ import annotations

import http.client
import json
import os
import uuid
from urllib.parse import urlsplit

import botocore.config
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.s3 import cors


@pytest.fixture
def s3(aws):
    return aws.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3.create_bucket(Bucket=name)
    return name


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = response.read()


def ask(cloud, method, path, host=None, headers=None, body=None) -> Answer:
    parts = urlsplit(cloud.endpoint)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    every = dict(headers or {})
    if host:
        every["Host"] = host
    connection.request(method, path, body=body, headers=every)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def public(s3, bucket):
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False})
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=document)


def site(s3, bucket, **more):
    configuration = {"IndexDocument": {"Suffix": "index.html"}, **more}
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)


def test_pages(cloud, s3, bucket):
    host = f"{bucket}.s3-website.us-east-1.localhost:4566"
    assert b"NoSuchWebsiteConfiguration" in ask(cloud, "GET", "/", host).body
    site(s3, bucket, ErrorDocument={"Key": "error.html"})
    for key in ("index.html", "docs/index.html", "error.html"):
        s3.put_object(Bucket=bucket, Key=key, Body=f"<p>{key}".encode(), ContentType="text/html")
    s3.put_object(Bucket=bucket, Key="big.bin", Body=b"0123456789" * 10_000)
    answer = ask(cloud, "GET", "/", host)
    assert answer.status == 403  # nothing is public yet, the error document neither
    public(s3, bucket)
    answer = ask(cloud, "GET", "/", host)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"<p>index.html", "text/html")
    assert ask(cloud, "HEAD", "/", host).body == b""
    assert ask(cloud, "GET", "/docs/?x=1", host).body == b"<p>docs/index.html"
    answer = ask(cloud, "GET", "/docs", host)
    assert (answer.status, answer.headers["location"]) == (302, "/docs/")
    answer = ask(cloud, "GET", "/none", host)
    assert (answer.status, answer.body) == (404, b"<p>error.html")
    answer = ask(cloud, "GET", "/big.bin", host, {"Range": "bytes=5-9"})
    assert (answer.status, answer.body) == (206, b"56789")
    etag = ask(cloud, "GET", "/", host).headers["etag"]
    assert ask(cloud, "GET", "/", host, {"If-None-Match": etag}).status == 304
    assert ask(cloud, "POST", "/", host).status == 405
    assert b"NoSuchBucket" in ask(cloud, "GET", "/", "no-such-bucket-here.s3-website.us-east-1.localhost").body


def test_redirects(cloud, s3, bucket):
    host = f"{bucket}.s3-website.us-east-1.localhost:4566"
    public(s3, bucket)
    rules = [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"HostName": "example.com", "Protocol": "https", "HttpRedirectCode": "302"},
        },
    ]
    site(s3, bucket, RoutingRules=rules)
    answer = ask(cloud, "GET", "/old/a%20b", host)
    assert (answer.status, answer.headers["location"]) == (301, f"http://{host}/new/a%20b")
    answer = ask(cloud, "GET", "/gone", host)
    assert (answer.status, answer.headers["location"]) == (302, "https://example.com/gone")
    s3.put_object(Bucket=bucket, Key="page", Body=b"", WebsiteRedirectLocation="/elsewhere")
    answer = ask(cloud, "GET", "/page", host)
    assert (answer.status, answer.headers["location"]) == (301, "/elsewhere")
    everything = {"RedirectAllRequestsTo": {"HostName": "www.example.com", "Protocol": "https"}}
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=everything)
    answer = ask(cloud, "GET", "/a?b=c", host)
    assert (answer.status, answer.headers["location"]) == (301, "https://www.example.com/a?b=c")


ORIGIN = "https://app.example.com"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "X-A, x-amz-b"}


def test_cors(cloud, aws, s3, bucket):
    answer = ask(cloud, "OPTIONS", f"/{bucket}/k", headers=PREFLIGHT)
    assert answer.status == 403
    assert b"CORS is not enabled for this bucket" in answer.body
    rule = {
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["x-*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    }
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    for host, path in ((None, f"/{bucket}/k"), (f"{bucket}.s3.localhost:4566", "/k")):
        answer = ask(cloud, "OPTIONS", path, host, PREFLIGHT)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-allow-methods"] == "PUT, GET"
        assert answer.headers["access-control-allow-headers"] == "x-a, x-amz-b"
        assert answer.headers["access-control-max-age"] == "60"
        assert answer.headers["access-control-allow-credentials"] == "true"
    for wrong in (
        {"Origin": "https://example.org"},
        {"Access-Control-Request-Method": "DELETE"},
        {"Access-Control-Request-Headers": "authorization"},
    ):
        assert ask(cloud, "OPTIONS", f"/{bucket}/k", headers=PREFLIGHT | wrong).status == 403
    writer = aws.user(
        json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    )
    url = writer.client("s3").generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    path = url.split("/", 3)[3]
    answer = ask(cloud, "PUT", f"/{path}", headers={"Origin": ORIGIN}, body=b"x")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-expose-headers"] == "ETag"
    answer = ask(cloud, "GET", f"/{bucket}/k", headers={"Origin": ORIGIN})
    assert answer.status == 403  # errors carry the headers too, so that the page can read them
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert (
        "access-control-allow-origin" not in ask(cloud, "GET", f"/{bucket}/k", headers={"Origin": "http://x"}).headers
    )


@given(st.text(st.sampled_from("a.*:"), max_size=6), st.text(st.sampled_from("a.:"), max_size=6))
def test_origins_match_like_globs(pattern, origin):
    if pattern.count("*") > 1:
        return
    rule = {"AllowedOrigins": [pattern], "AllowedMethods": ["GET"]}
    head, star, tail = pattern.partition("*")
    fits = origin == pattern if not star else (
        origin.startswith(head) and origin.endswith(tail) and len(origin) >= len(head) + len(tail)
    )  # fmt: skip
    assert (cors.match([rule], origin, "GET", []) is not None) == fits


def form(fields, body, name="file"):
    boundary = "X-BOUNDARY"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="up.txt"\r\n'
    parts.append(head.encode() + b"Content-Type: text/plain\r\n\r\n" + body + f"\r\n--{boundary}--\r\n".encode())
    return b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_forms(cloud, aws, s3, bucket, version, size):
    """generate_presigned_post, which signs with version 2 in us-east-1 unless told otherwise."""
    client = aws.client("s3", config=botocore.config.Config(signature_version=version))
    extra = {"x-amz-meta-a": "b", "success_action_status": "201"}
    conditions = [{"x-amz-meta-a": "b"}, ["content-length-range", 0, 400_000], {"success_action_status": "201"}]
    post = client.generate_presigned_post(bucket, "dir/${filename}", Fields=dict(extra), Conditions=conditions)
    content = os.urandom(size)
    body, headers = form(post["fields"], content)
    answer = ask(cloud, "POST", f"/{bucket}", headers=headers, body=body)
    assert answer.status == 201, answer.body
    assert b"<Key>dir/up.txt</Key>" in answer.body
    found = s3.get_object(Bucket=bucket, Key="dir/up.txt")
    assert found["Body"].read() == content
    assert (found["Metadata"], found["ContentType"]) == ({"a": "b"}, "text/plain")
    body, headers = form(post["fields"] | {"acl": "private"}, content)
    answer = ask(cloud, "POST", f"/{bucket}", headers=headers, body=body)
    assert answer.status == 403
    assert b"Extra input fields: acl" in answer.body
    body, headers = form(post["fields"] | {"x-amz-meta-a": "c"}, content)
    answer = ask(cloud, "POST", f"/{bucket}", headers=headers, body=body)
    assert (
        b"Policy Condition failed: [&quot;eq&quot;" in answer.body or b'Policy Condition failed: ["eq"' in answer.body
    )
    body, headers = form(post["fields"], b"x" * 400_001)
    assert b"EntityTooLarge" in ask(cloud, "POST", f"/{bucket}", headers=headers, body=body).body
    tampered = post["fields"] | {"policy": post["fields"]["policy"][:-4] + "AAAA"}
    body, headers = form(tampered, content)
    assert b"SignatureDoesNotMatch" in ask(cloud, "POST", f"/{bucket}", headers=headers, body=body).body


def test_metadata_of_a_form_that_no_header_can_hold(cloud, s3, bucket):
    fields = {"x-amz-meta-good": "1", "x-amz-meta-two words": "2", "x-amz-meta-lines": "a\r\nb"}
    post = s3.generate_presigned_post(bucket, "k", Fields=dict(fields), Conditions=[{n: v} for n, v in fields.items()])
    body, headers = form(post["fields"], b"x")
    assert ask(cloud, "POST", f"/{bucket}", headers=headers, body=body).status == 204
    found = s3.get_object(Bucket=bucket, Key="k")
    assert (found["Metadata"], found["MissingMeta"]) == ({"good": "1"}, 2)


def test_forms_without_signature(cloud, s3, bucket):
    body, headers = form({"key": "k"}, b"x")
    assert ask(cloud, "POST", f"/{bucket}", headers=headers, body=body).status == 403
    body, headers = form({"key": "k"}, b"x", name="other")
    answer = ask(cloud, "POST", f"/{bucket}", headers=headers, body=body)
    assert b"POST requires exactly one file upload per request." in answer.body
    answer = ask(cloud, "POST", f"/{bucket}", headers={"Content-Type": "multipart/form-data"}, body=b"x")
    assert b"MalformedPOSTRequest" in answer.body
