"""No request makes S3 answer 500: sub-resources, parameters, headers and documents in combinations nobody sends."""

from __future__ import annotations

import http.client
import uuid
from urllib.parse import quote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def words(text: str) -> list[str]:
    return text.split()


SUB = words(
    """acl accelerate analytics cors delete encryption inventory intelligent-tiering lifecycle location logging metrics
    notification object-lock ownershipControls partNumber policy policyStatus publicAccessBlock replication
    requestPayment tagging uploadId uploads versionId versioning versions website attributes restore legal-hold
    retention torrent id list-type prefix delimiter marker max-keys continuation-token start-after encoding-type
    fetch-owner key-marker version-id-marker upload-id-marker max-uploads max-parts part-number-marker"""
)
HEADERS = words(
    """Range If-Match If-None-Match If-Modified-Since If-Unmodified-Since Content-MD5 Content-Type Expires
    x-amz-copy-source x-amz-copy-source-range x-amz-acl x-amz-tagging x-amz-storage-class x-amz-metadata-directive
    x-amz-checksum-crc32 x-amz-checksum-sha256 x-amz-sdk-checksum-algorithm x-amz-checksum-algorithm
    x-amz-checksum-type x-amz-server-side-encryption x-amz-object-attributes x-amz-website-redirect-location
    x-amz-expected-bucket-owner x-amz-mp-object-size x-amz-grant-read x-amz-object-ownership x-amz-tagging-directive
    x-amz-meta-a Origin"""
)
ROOTS = words(
    """AccessControlPolicy CORSConfiguration CompleteMultipartUpload CreateBucketConfiguration Delete Tagging
    LifecycleConfiguration WebsiteConfiguration VersioningConfiguration NotificationConfiguration OwnershipControls
    PublicAccessBlockConfiguration ServerSideEncryptionConfiguration ReplicationConfiguration BucketLoggingStatus
    RequestPaymentConfiguration AccelerateConfiguration ObjectLockConfiguration MetricsConfiguration"""
)
TAGS = words(
    """Rule Rules Status Filter Prefix ID Id Object Key VersionId Part PartNumber ETag TagSet Tag Value CORSRule
    AllowedMethod AllowedOrigin IndexDocument Suffix RoutingRules RoutingRule Redirect HttpRedirectCode Owner Grant
    Grantee Permission Expiration Days Date QueueConfiguration Queue Event ApplyServerSideEncryptionByDefault
    SSEAlgorithm LoggingEnabled TargetBucket Payer ObjectOwnership LocationConstraint Quiet Role"""
)
VALUES = ["", "0", "1", "-1", "abc", "99999999999999999999", "url", "*", "Enabled", "x" * 300, "é/ %", "2",
          "AES256", "GET", "bytes=0-1", "bytes=9-1",
          "Sun, 06 Nov 1994 08:49:37 GMT", "CRC32", "a=1&a=2", "/b/k", "private"]  # fmt: skip

value = st.sampled_from(VALUES)


def element(children):
    return st.builds(
        lambda tag, inner: f"<{tag}>{inner}</{tag}>",
        st.sampled_from(TAGS),
        st.one_of(value.map(lambda v: v.replace("&", "&amp;")), st.lists(children, max_size=3).map("".join)),
    )


elements = st.recursive(st.sampled_from(TAGS).map(lambda tag: f"<{tag}/>"), element, max_leaves=8)
documents = st.one_of(
    st.just(""),
    st.sampled_from(
        ["{}", "<", "<a>", "\x00", '{"Statement":[]}', '{"Version":"2012-10-17","Statement":{"Effect":1}}']
    ),
    st.builds(lambda r, inner: f"<{r}>{''.join(inner)}</{r}>", st.sampled_from(ROOTS), st.lists(elements, max_size=4)),
)


@pytest.fixture(scope="module")
def place(cloud):
    account = cloud.account()
    name = f"b-{uuid.uuid4().hex[:20]}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"0123456789")
    return account, name


@given(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"]),
    st.sampled_from(["", "/", "/k", "/none", "/a//b"]),
    st.dictionaries(st.sampled_from(SUB), value, max_size=3),
    st.dictionaries(st.sampled_from(HEADERS), value, max_size=3),
    documents,
)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_answered_with_500(cloud, place, method, path, query, headers, body):
    account, name = place
    if method == "DELETE" and path in ("", "/"):
        query = {"tagging": ""}  # the bucket itself is to stay
    text = "&".join(f"{k}={quote(v, safe='')}" if v else k for k, v in query.items())
    target = f"/{name}{path}" + (f"?{text}" if text else "")
    parts = urlsplit(cloud.endpoint)
    clean = {k: v.encode("ascii", "ignore").decode().strip() for k, v in headers.items()}
    request = AWSRequest(method, f"http://{parts.netloc}{target}", data=body.encode(), headers=clean)
    botocore.auth.S3SigV4Auth(Credentials(account.id, "test"), "s3", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request(method, target, body=body.encode(), headers=dict(request.headers.items()))
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    assert response.status != 500, answer
    assert response.status < 502, answer
