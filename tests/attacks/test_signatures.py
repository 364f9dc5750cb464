"""What a signed request is good for: the call that was signed, once read, and nothing else.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from typing import Any

import pytest

from fogbank.core.http import Request
from fogbank.gateway.routing import Router

from .sending import FORM, JSON, Answer, Made, send, sign

SQS = {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.ListQueues"}


@pytest.fixture
def buckets(aws: Any) -> tuple[str, str]:
    """Two of one account, the second named as a part of a host would name it."""
    first = f"a-{uuid.uuid4().hex[:16]}"
    client = aws.client("s3")
    for name in (first, f"{first}.logs"):
        client.create_bucket(Bucket=name)
        client.put_object(Bucket=name, Key="uploads/f.txt", Body=name.encode())
    return first, f"{first}.logs"


def said(aws: Any, made: Made) -> Answer:
    return send(aws.endpoint, made)


def assert_refused(answer: Answer, code: str, status: int = 403) -> None:
    assert answer.status == status, answer
    assert code in answer.text, answer


# -- version 2: the bucket and the operation that were signed ----------------------------------------------------------


@pytest.mark.parametrize("host", ["{}.s3.localhost", "{}.localhost", "{}.s3.us-east-1.amazonaws.com"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_version_2_url_is_for_one_bucket(aws: Any, buckets: tuple[str, str], host: str, method: str) -> None:
    """A URL for /uploads/f.txt of the bucket `uploads` is none for uploads/f.txt in the bucket of a host."""
    first, logs = buckets
    body = b"overwritten" if method == "PUT" else b""
    made = sign(aws, "s3", method, "/uploads/f.txt", body, way="v2 url").without("content-type")
    for bucket in (first, logs):
        assert_refused(said(aws, made.changed("host", host.format(bucket))), "SignatureDoesNotMatch")
        found = aws.client("s3").get_object(Bucket=bucket, Key="uploads/f.txt")["Body"].read()
        assert found == bucket.encode()


def test_a_version_2_url_of_a_virtual_host(aws: Any, buckets: tuple[str, str]) -> None:
    """The bucket is what stands in the host, all of it: dots are no places to cut it."""
    first, logs = buckets
    made = sign(aws, "s3", "GET", f"/{first}/uploads/f.txt", way="v2 url")
    query = made.target.partition("?")[2]
    moved = made._replace(target=f"/uploads/f.txt?{query}")
    answer = said(aws, moved.changed("host", f"{first}.s3.localhost"))
    assert (answer.status, answer.text) == (200, first)
    assert_refused(said(aws, moved.changed("host", f"{logs}.s3.localhost")), "SignatureDoesNotMatch")
    made = sign(aws, "s3", "GET", f"/{logs}/uploads/f.txt", way="v2 url")
    moved = made._replace(target=f"/uploads/f.txt?{made.target.partition('?')[2]}")
    answer = said(aws, moved.changed("host", f"{logs}.s3.localhost"))
    assert (answer.status, answer.text) == (200, logs)


def test_a_version_2_header_is_for_one_bucket(aws: Any, buckets: tuple[str, str]) -> None:
    first, _ = buckets
    made = sign(aws, "s3", "GET", "/uploads/f.txt", way="v2")
    assert_refused(said(aws, made.changed("host", f"{first}.s3.localhost")), "SignatureDoesNotMatch")


WORDS = (
    "publicAccessBlock", "encryption", "ownershipControls", "intelligent-tiering&id=a", "%65ncryption", "encryption=",
    "acl", "tagging", "policy",
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "word"),
    [*((method, word) for method in ("GET", "PUT", "DELETE") for word in WORDS), ("GET", "policyStatus")],
)
def test_a_version_2_url_gets_no_sub_resource(aws: Any, buckets: tuple[str, str], method: str, word: str) -> None:
    """What botocore's list lacks is not had by adding it to another's URL, nor is what the list has."""
    first, _ = buckets
    made = sign(aws, "s3", method, f"/{first}", way="v2 url")
    answer = said(aws, made._replace(target=f"{made.target}&{word}"))
    assert answer.status in (403, 405), answer
    assert "SignatureDoesNotMatch" in answer.text or "MethodNotAllowed" in answer.text
    assert aws.client("s3").get_public_access_block(Bucket=first)
    assert aws.client("s3").head_bucket(Bucket=first)


# -- the claim is read once, by one reader -----------------------------------------------------------------------------


def test_a_credential_twice_is_refused(aws: Any) -> None:
    """The region that is called is the region that was signed."""
    made = sign(aws, "sqs", "POST", "/", b"{}", SQS)
    algorithm, _, rest = made.header("authorization").partition(" ")
    other = rest.partition(",")[0].replace("us-east-1", "eu-west-1")
    for text in (f"{algorithm} {other}, {rest}", f"{algorithm} {rest}, {other}"):
        assert_refused(said(aws, made.changed("authorization", text)), "IncompleteSignatureException", 400)
    signed = sign(aws, "s3", "GET", "/")
    text = signed.header("authorization") + ", SignedHeaders=host"
    assert_refused(said(aws, signed.changed("authorization", text)), "AuthorizationHeaderMalformed", 400)


@pytest.mark.parametrize("name", ["X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X%2DAmz-Signature"])
def test_a_parameter_of_a_url_twice_is_refused(aws: Any, name: str) -> None:
    more = f"&{name}=AKIA%2F20200101%2Feu-west-1%2Fs3%2Faws4_request"
    made = sign(aws, "s3", "GET", "/", way="url")
    assert said(aws, made).status == 200
    assert_refused(said(aws, made._replace(target=made.target + more)), "AuthorizationQueryParametersError", 400)
    target, _, query = made.target.partition("?")
    assert_refused(
        said(aws, made._replace(target=f"{target}?{more[1:]}&{query}")), "AuthorizationQueryParametersError", 400
    )
    made = sign(aws, "sts", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", way="url")
    assert said(aws, made).status == 200
    assert_refused(said(aws, made._replace(target=made.target + more)), "IncompleteSignature")


@pytest.mark.parametrize("name", ["AWSAccessKeyId", "Expires", "Signature"])
def test_a_parameter_of_a_version_2_url_twice_is_refused(aws: Any, buckets: tuple[str, str], name: str) -> None:
    made = sign(aws, "s3", "GET", f"/{buckets[0]}/uploads/f.txt", way="v2 url")
    assert said(aws, made).status == 200
    assert_refused(said(aws, made._replace(target=f"{made.target}&{name}=9999999999")), "AccessDenied")


@pytest.mark.parametrize("name", ["X-Amz-Target", "X-Amz-Date", "Authorization", "x-amz-content-sha256"])
def test_a_header_that_matters_twice_is_refused(aws: Any, name: str) -> None:
    made = sign(aws, "sqs", "POST", "/", b"{}", SQS)
    for extra in ((name, "AmazonSQS.DeleteQueue"), (name.upper(), "")):
        answer = said(aws, made.having((name, "x")).having(extra))
        assert answer.status in (400, 403), answer
        known = "IncompleteSignature" in answer.text
        assert known or ("UnknownOperation" in answer.text and name == "X-Amz-Target"), answer


def test_a_long_authorization_header_costs_nothing(aws: Any) -> None:
    """Reading it was quadratic: 60 KB held the server up for seconds, and nobody has to be known for it."""
    router = Router(("localhost",), "us-east-1")
    for text in ("X " + "Credential=" * 5400, "AWS4-HMAC-SHA256 " + "Credential=a/" * 4600, "Credential=//" * 4600):
        headers = [("Host", "localhost"), ("Authorization", text)]
        assert said(aws, Made("GET", "/", headers, b"")).status in (400, 403)
        started = time.thread_time()
        router.route(Request("GET", "/", "", headers))
        assert time.thread_time() - started < 0.5  # of a processor: whatever else it does


def test_a_list_of_signed_headers_grows_no_request(aws: Any) -> None:
    """A name that is listed 15,000 times was written out as often before the signature was looked at."""
    made = sign(aws, "sqs", "POST", "/", b"{}", SQS)
    names = "host;" + "x-long;" * 4000
    text = made.header("authorization").replace("SignedHeaders=", f"SignedHeaders={names}")
    answer = said(aws, made.changed("authorization", text).having(("x-long", "y  " * 8000)))
    assert_refused(answer, "InvalidSignatureException", 400)
    assert len(answer.text) < 200_000  # it shows what should have been signed


def test_what_cannot_be_read_is_refused_in_the_service_s_words(aws: Any) -> None:
    text = "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/sqs/aws4_request, SignedHeaders=host"
    answer = said(aws, Made("POST", "/", [("Host", "localhost"), ("Authorization", text)], b"{}"))
    assert "requires 'Signature' parameter" in answer.text


# -- one kind of authorisation -----------------------------------------------------------------------------------------

ONE_ONLY = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter"


@pytest.mark.parametrize("way", ["url", "v2 url"])
@pytest.mark.parametrize("text", ["Bearer abc", "Basic QTpC", "AWS AKID:c2ln"])
def test_a_url_of_s3_beside_a_header(aws: Any, buckets: tuple[str, str], way: str, text: str) -> None:
    """400 InvalidArgument, as users of presigned URLs know it whose HTTP client adds a header."""
    made = sign(aws, "s3", "GET", f"/{buckets[0]}/uploads/f.txt", way=way)
    assert said(aws, made).status == 200
    answer = said(aws, made.having(("Authorization", text)))
    assert_refused(answer, "<Code>InvalidArgument</Code>", 400)
    assert ONE_ONLY in answer.text
    assert f"<ArgumentValue>{text}</ArgumentValue>" in answer.text


def test_two_signatures(aws: Any, buckets: tuple[str, str]) -> None:
    target = f"/{buckets[0]}/uploads/f.txt"
    both = sign(aws, "s3", "GET", sign(aws, "s3", "GET", target, way="url").target)
    assert_refused(said(aws, both), ONE_ONLY, 400)
    four, two = (sign(aws, "s3", "GET", target, way=way).target.partition("?")[2] for way in ("url", "v2 url"))
    assert_refused(said(aws, Made("GET", f"{target}?{four}&{two}", [("Host", "localhost")], b"")), ONE_ONLY, 400)
    header = sign(aws, "s3", "GET", f"{target}?Signature=x")
    assert_refused(said(aws, header), ONE_ONLY, 400)


def test_two_signatures_of_other_services(aws: Any) -> None:
    """dynalite's tests, which were run against DynamoDB: InvalidSignatureException, whatever the header says."""
    headers = {"Content-Type": JSON, "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    words = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    made = sign(aws, "dynamodb", "POST", "/", b"", headers, way="url")
    assert said(aws, made).status == 200
    answer = said(aws, made.having(("Authorization", "Bearer x")))
    assert (answer.status, json.loads(answer.text)["message"]) == (400, words)
    assert json.loads(answer.text)["__type"].endswith("InvalidSignatureException")


# -- headers that the signature does not cover -------------------------------------------------------------------------


def test_an_unsigned_target_makes_no_other_call(aws: Any) -> None:
    """A signed SendMessage is no DeleteQueue, and a URL for one call none for another."""
    queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    body = json.dumps({"QueueUrl": queue, "MessageBody": "x"}).encode()
    form = f"Action=SendMessage&Version=2012-11-05&QueueUrl={queue}&MessageBody=x"
    signed = [
        sign(aws, "sqs", "POST", "/", body, {"Content-Type": JSON}),
        sign(aws, "sqs", "POST", "/", b"", {"Content-Type": JSON}, way="url"),
        sign(aws, "sqs", "POST", "/", form.encode(), {"Content-Type": FORM}),
        sign(aws, "sqs", "GET", f"/?{form}", way="url"),
    ]
    for made in signed:
        answer = said(aws, made.having(("X-Amz-Target", "AmazonSQS.DeleteQueue")))
        assert answer.status in (400, 403), answer
        assert "'x-amz-target' must be a 'SignedHeader'" in answer.text, answer
    assert aws.client("sqs").list_queues()["QueueUrls"] == [queue]
    good = sign(aws, "sqs", "POST", "/", body, {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.SendMessage"})
    assert said(aws, good).status == 200


def test_an_unsigned_protocol_makes_no_other_call(aws: Any, buckets: tuple[str, str]) -> None:
    """A URL of an object whose key looks like a call of RPC v2 is still one of that object."""
    key = "service/x/operation/ListBuckets"
    aws.client("s3").put_object(Bucket=buckets[0], Key=key, Body=b"mine")
    made = sign(aws, "s3", "GET", f"/{buckets[0]}/{key}", way="url")
    assert said(aws, made).text == "mine"
    answer = said(aws, made.having(("smithy-protocol", "rpc-v2-cbor")))
    assert_refused(answer, "smithy-protocol")


def test_unsigned_headers_of_s3(aws: Any, buckets: tuple[str, str]) -> None:
    """HeadersNotSigned, as S3 says to x-amz-acl, and to the session token that is added later."""
    for way in ("header", "url"):
        made = sign(aws, "s3", "PUT", f"/{buckets[0]}/k", b"x", way=way)
        for name in ("x-amz-acl", "x-amz-security-token", "x-amz-tagging", "x-amz-made-up"):
            answer = said(aws, made.having((name, "a")))
            assert_refused(answer, f"<HeadersNotSigned>{name}</HeadersNotSigned>")
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=buckets[0], Prefix="k")


def test_headers_that_clients_leave_unsigned(aws: Any, buckets: tuple[str, str]) -> None:
    """The SDK for PHP signs no x-amz-user-agent; tracing headers come from proxies and are no x-amz- ones."""
    harmless = (("x-amz-user-agent", "aws-sdk"), ("x-amzn-trace-id", "Root=1"), ("X-Forwarded-For", "::1"))
    for made in (sign(aws, "sqs", "POST", "/", b"{}", SQS), sign(aws, "s3", "GET", f"/{buckets[0]}/uploads/f.txt")):
        assert said(aws, made.having(*harmless)).status == 200


def test_a_session_token_that_is_not_signed(aws: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-request-methods.html: most services allow it."""
    session = aws.as_keys(aws.client("sts").get_session_token()["Credentials"])
    token = session.keys.pop("aws_session_token")
    made = sign(session, "sqs", "POST", "/", b"{}", SQS)
    assert said(aws, made.having(("x-amz-security-token", token))).status == 200
    assert said(aws, made.having(("x-amz-security-token", token + "x"))).status in (400, 403)
    assert said(aws, made).status in (400, 403)


# -- the body's hash ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-EVENTS", "made up", "0" * 64])
def test_a_body_is_hashed(aws: Any, word: str) -> None:
    """Only S3, and operations whose model says so, leave the body out: with a word for it anybody could change it."""
    queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    body = json.dumps({"QueueUrl": queue, "MessageBody": "one"}).encode()
    headers = {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.SendMessage", "X-Amz-Content-SHA256": word}
    made = sign(aws, "sqs", "POST", "/", body, headers)
    for sent in (made, made._replace(body=body.replace(b"one", b"two"))):
        assert_refused(said(aws, sent), "InvalidSignatureException", 400)
    real = headers | {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    assert said(aws, sign(aws, "sqs", "POST", "/", body, real)).status == 200


def test_s3_knows_the_words_for_a_body(aws: Any, buckets: tuple[str, str]) -> None:
    target = f"/{buckets[0]}/k"
    made = sign(aws, "s3", "PUT", target, b"x", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    made = made.changed("x-amz-content-sha256", "made up")
    assert_refused(said(aws, made), "<Code>InvalidArgument</Code>", 400)
