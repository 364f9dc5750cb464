"""Whatever is in a request, a running cloud says what is wrong with it, in time: no 500, and no standing still."""

from __future__ import annotations

import gzip
import json
import os
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.wire import cbor_data

from .sending import FORM, Answer, Made, send, sign

DEEP = bool(os.environ.get("FOGBANK_FUZZ"))
FEW = settings(
    max_examples=400 if DEEP else 12, deadline=None, derandomize=not DEEP, suppress_health_check=list(HealthCheck)
)
SECONDS = 20.0  # for one request, on a machine that is busy with other things

TARGETS = [
    ("dynamodb", "DynamoDB_20120810", ("PutItem", "CreateTable", "BatchWriteItem", "UpdateItem", "Query")),
    ("sqs", "AmazonSQS", ("CreateQueue", "SendMessage", "SendMessageBatch", "SetQueueAttributes")),
    ("logs", "Logs_20140328", ("PutLogEvents", "CreateLogGroup", "FilterLogEvents", "PutMetricFilter")),
    ("kms", "TrentService", ("CreateKey", "Encrypt", "Decrypt", "ListKeys")),
    ("ssm", "AmazonSSM", ("PutParameter", "GetParametersByPath", "DescribeParameters")),
    ("monitoring", "GraniteServiceVersion20100801", ("PutMetricData", "GetMetricData", "PutMetricAlarm")),
]
JSON_CALLS = [(service, f"{prefix}.{name}") for service, prefix, names in TARGETS for name in names]
QUERY_CALLS = [
    *(("sqs", "2012-11-05", name) for name in ("SendMessage", "CreateQueue", "SetQueueAttributes")),
    *(("sns", "2010-03-31", name) for name in ("Publish", "CreateTopic", "Subscribe", "PublishBatch")),
    *(("iam", "2010-05-08", name) for name in ("CreateRole", "PutUserPolicy", "ListUsers", "CreatePolicy")),
    *(("cloudformation", "2010-05-15", name) for name in ("CreateStack", "ValidateTemplate", "ListStacks")),
    *(("monitoring", "2010-08-01", name) for name in ("PutMetricData", "GetMetricStatistics")),
    *(("sts", "2011-06-15", name) for name in ("AssumeRole", "GetFederationToken", "DecodeAuthorizationMessage")),
]
XML_CALLS = [
    ("PUT", "?tagging", "Tagging"), ("PUT", "?lifecycle", "LifecycleConfiguration"), ("POST", "?delete", "Delete"),
    ("PUT", "?acl", "AccessControlPolicy"), ("PUT", "?cors", "CORSConfiguration"), ("PUT", "?policy", "Policy"),
    ("PUT", "?website", "WebsiteConfiguration"), ("PUT", "?encryption", "ServerSideEncryptionConfiguration"),
    ("PUT", "?notification", "NotificationConfiguration"), ("PUT", "?versioning", "VersioningConfiguration"),
    ("PUT", "/k?tagging", "Tagging"), ("POST", "/k?uploadId=x", "CompleteMultipartUpload"), ("PUT", "/k", "x"),
]  # fmt: skip
REST_CALLS = [
    ("lambda", "POST", "/2015-03-31/functions"), ("lambda", "POST", "/2015-03-31/functions/f/invocations"),
    ("lambda", "POST", "/2015-03-31/event-source-mappings"), ("lambda", "GET", "/2015-03-31/functions/f"),
    ("lambda", "POST", "/2015-03-31/functions/f/policy"), ("lambda", "PUT", "/2015-03-31/functions/f/code"),
    ("apigateway", "POST", "/restapis"), ("apigateway", "PUT", "/restapis"), ("apigateway", "PATCH", "/restapis/a"),
    ("apigateway", "POST", "/restapis/a/models"), ("apigateway", "GET", "/restapis"),
]  # fmt: skip
NAMES = st.sampled_from(
    [
        "TableName", "Item", "Key", "S", "N", "B", "M", "L", "RequestItems", "QueueUrl", "QueueName", "Attributes",
        "Entries", "Id", "MessageBody", "MetricData", "MetricName", "Namespace", "Timestamp", "Value", "logGroupName",
        "logEvents", "message", "Tags", "Name", "Type", "FunctionName", "Code", "ZipFile", "Role", "Runtime", "name",
        "patchOperations", "Policy", "KeyId", "Plaintext", "Value", "NextToken", "Limit", "MaxResults", "path",
        "filterPattern", "StartTime", "Dimensions", "AttributeDefinitions", "KeySchema", "schema", "swagger", "body",
        "__type", "", "\x00",
    ]
)  # fmt: skip
TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "a", "\n", "[", "(", "\\", "*", "{", "%", "arn:aws:iam::000000000000:role/r", "9" * 5000, "NaN", "1e999",
        "AAAA", "=", "\ud800", "1970-01-01T00:00:00Z", "0000-00-00", "\x00", "a\r\nb", "https://x/000000000000/q",
        "/" * 50,
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from([2**63, -(2**64), 10**400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=5),
    max_leaves=14,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)


@pytest.fixture(scope="module")
def account(cloud: Any) -> Iterator[Any]:
    yield cloud.account()


@pytest.fixture(scope="module")
def bucket(account: Any) -> str:
    name = f"b-{uuid.uuid4().hex[:20]}"
    account.client("s3").create_bucket(Bucket=name)
    return name


def answered(account: Any, made: Made) -> Answer:
    started = time.perf_counter()
    answer = send(account.endpoint, made)
    assert time.perf_counter() - started < SECONDS, made
    assert answer.status != 500, (made, answer)
    assert answer.status not in (502, 503), (made, answer)
    return answer


def call(account: Any, service: str, target: str, body: bytes, **headers: str) -> Answer:
    named = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target} | headers
    return answered(account, sign(account, service, "POST", "/", body, named))


# -- anything at all, in every protocol --------------------------------------------------------------------------------


@FEW
@given(value=OBJECTS)
def test_any_json(account: Any, value: Any) -> None:
    body = json.dumps(value).encode()
    for service, target in JSON_CALLS:
        call(account, service, target, body)


@FEW
@given(value=OBJECTS | VALUES)
def test_any_cbor(account: Any, value: Any) -> None:
    body = cbor_data.encode(value)
    for name in ("PutMetricData", "GetMetricData", "PutMetricAlarm"):
        path = f"/service/GraniteServiceVersion20100801/operation/{name}"
        headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        answered(account, sign(account, "monitoring", "POST", path, body, headers))


PARTS = st.sampled_from(
    ["member", "entry", "1", "2", "0", "99999999999999999999", "key", "value", "Key", "Value", "Tags", ""]
)
FIELDS = st.dictionaries(
    (NAMES | st.sampled_from(["RoleName", "PolicyDocument", "TemplateBody", "StackName", "TopicArn", "Message",
                              "RoleArn", "AssumeRolePolicyDocument", "UserName", "DurationSeconds"])).flatmap(
        lambda name: st.lists(PARTS, max_size=3).map(lambda parts: ".".join([name, *parts]))
    ),
    TEXTS, max_size=8,
)  # fmt: skip


@FEW
@given(fields=FIELDS)
def test_any_form(account: Any, fields: dict[str, str]) -> None:
    more = "&".join(f"{quote(k)}={quote(v, errors='replace')}" for k, v in fields.items())
    for service, version, action in QUERY_CALLS:
        body = f"Action={action}&Version={version}&{more}".encode()
        answered(account, sign(account, service, "POST", "/", body, {"Content-Type": FORM}))


XML = st.recursive(
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<&\ufffe\uffff"), max_size=8)
    | st.sampled_from(["9" * 5000, "true", "Enabled", "1e999", "0000-00-00", "2020-01-01T00:00:00Z", "&#10;", "["]),
    lambda inner: st.lists(
        st.tuples(
            st.sampled_from(
                ["Object", "Key", "Quiet", "Rule", "ID", "Grantee", "Tag", "TagSet", "Value", "Status", "Filter",
                 "Prefix", "Expiration", "Days", "Date", "CORSRule", "AllowedOrigin", "Part", "PartNumber", "ETag",
                 "IndexDocument", "Suffix", "QueueConfiguration", "Event", "Queue", "And"]
            ), inner
        ).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"),
        max_size=4,
    ).map("".join),
    max_leaves=14,
)  # fmt: skip


@FEW
@given(inner=XML)
def test_any_xml(account: Any, bucket: str, inner: str) -> None:
    for method, where, root in XML_CALLS:
        answered(account, sign(account, "s3", method, f"/{bucket}{where}", f"<{root}>{inner}</{root}>".encode()))


@FEW
@given(value=OBJECTS | VALUES)
def test_any_rest_json(account: Any, value: Any) -> None:
    body = json.dumps(value).encode()
    for service, method, path in REST_CALLS:
        answered(account, sign(account, service, method, path, body, {"Content-Type": "application/json"}))


@FEW
@given(body=st.binary(max_size=40))
def test_any_bytes(account: Any, bucket: str, body: bytes) -> None:
    for service, target in JSON_CALLS[::4]:
        call(account, service, target, body)
        call(account, service, target, body, **{"Content-Encoding": "gzip"})
    for method, where, _ in XML_CALLS:
        answered(account, sign(account, "s3", method, f"/{bucket}{where}", body))
    for service, method, path in REST_CALLS:
        answered(account, sign(account, service, method, path, body))
    answered(account, sign(account, "sns", "POST", "/", body, {"Content-Type": FORM}))


HEADER_NAMES = st.sampled_from(
    ["x-amz-acl", "x-amz-tagging", "x-amz-copy-source", "x-amz-storage-class", "Range", "If-Match", "If-Modified-Since",
     "Expires", "Cache-Control", "Content-MD5", "x-amz-checksum-crc32", "x-amz-meta-a", "x-amz-grant-read",
     "x-amz-object-lock-retain-until-date", "x-amz-object-lock-mode", "x-amz-copy-source-range", "Content-Disposition",
     "x-amz-website-redirect-location", "x-amz-expected-bucket-owner", "x-amz-server-side-encryption", "Content-Type",
     "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-sdk-checksum-algorithm", "Origin", "Date"]
)  # fmt: skip


@FEW
@given(
    headers=st.dictionaries(HEADER_NAMES, st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)),
    query=st.text("abc=&%?+;0123-eE", max_size=20),
    key=st.text(max_size=6),
)
def test_any_head(account: Any, bucket: str, headers: dict[str, str], query: str, key: str) -> None:
    clean = {name: value.replace("\x7f", "").strip() for name, value in headers.items()}
    path = f"/{bucket}/k{quote(key, errors='replace')}"
    for method in ("PUT", "GET", "HEAD", "DELETE", "POST"):
        made = sign(account, "s3", method, path)._replace(target=path)
        answered(account, sign(account, "s3", method, path, b"x" if method == "PUT" else b"", clean))
        answered(account, made._replace(target=f"{path}?{query}"))


# -- bombs: small on the wire ------------------------------------------------------------------------------------------


def test_many_gzip_members(account: Any) -> None:
    """4 MB of empty ones took seconds: each was cut off by copying the rest."""
    body = gzip.compress(b"") * 200_000
    answer = call(account, "logs", "Logs_20140328.PutLogEvents", body, **{"Content-Encoding": "gzip"})
    assert answer.status == 400
    assert "SerializationException" in answer.text
    one = gzip.compress(b'{"logGroupName":') + gzip.compress(b'"nothing"}') + b"\0" * 100
    answer = call(account, "logs", "Logs_20140328.DescribeLogStreams", one, **{"Content-Encoding": "gzip"})
    assert "ResourceNotFoundException" in answer.text  # several members are one body


def test_a_gzip_bomb(account: Any) -> None:
    body = gzip.compress(b" " * 200_000_000, 1)
    answer = call(account, "logs", "Logs_20140328.PutLogEvents", body, **{"Content-Encoding": "gzip"})
    assert answer.status == 413


def test_text_between_many_elements(account: Any, bucket: str) -> None:
    """5 MB took half a minute: the text was copied for each element in it."""
    body = b"<Delete>" + (b"x" * 100 + b"<a/>") * 45_000 + b"</Delete>"
    answer = answered(account, sign(account, "s3", "POST", f"/{bucket}?delete", body))
    assert answer.status == 400
    assert "MalformedXML" in answer.text


def test_keys_that_collide(account: Any) -> None:
    """Numbers of the same hash make a dict quadratic; a map's keys are text."""
    prime = 2**61 - 1
    keys = [b"\xc2\x58\x20" + (prime * number).to_bytes(32, "big") + b"\x00" for number in range(1, 40_000)]
    body = b"\xba" + len(keys).to_bytes(4, "big") + b"".join(keys)
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
    answer = answered(account, sign(account, "monitoring", "POST", path, body, headers))
    assert answer.status == 400
    assert "key must be text" in answer.text


@pytest.mark.parametrize("depth", [150, 5_000, 50_000])
def test_nesting(account: Any, bucket: str, depth: int) -> None:
    lists, objects = b"[" * depth + b"]" * depth, b'{"M":' * depth + b"1" + b"}" * depth
    for inner in (lists, objects):
        for service, target in JSON_CALLS:
            for name in (b"Item", b"Unknown", b"Tags", b"MetricData"):
                call(account, service, target, b'{"' + name + b'":' + inner + b"}")
        for service, method, path in REST_CALLS:
            answered(account, sign(account, service, method, path, b'{"Environment":' + inner + b"}"))
    elements = b"<Rule>" * depth + b"</Rule>" * depth
    for method, where, root in XML_CALLS:
        body = f"<{root}>".encode() + elements + f"</{root}>".encode()
        answered(account, sign(account, "s3", method, f"/{bucket}{where}", body))
    for service, version, action in QUERY_CALLS:
        body = f"Action={action}&Version={version}&A{'.member.1' * min(depth, 20_000)}=x".encode()
        answered(account, sign(account, service, "POST", "/", body, {"Content-Type": FORM}))


# -- forms: what no header can hold ------------------------------------------------------------------------------------


def upload(fields: dict[str, str], file_type: str = "text/plain") -> tuple[bytes, dict[str, str]]:
    mark = "X-BOUNDARY"
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: {file_type}')
    return ("".join(parts) + f"\r\n\r\nx\r\n--{mark}--\r\n").encode(), {
        "Content-Type": f"multipart/form-data; boundary={mark}"
    }


def posted(account: Any, bucket: str, fields: dict[str, str], file_type: str = "text/plain") -> Answer:
    conditions: list[Any] = [["starts-with", f"${name}", ""] for name in fields]
    s3 = account.client("s3")
    post = s3.generate_presigned_post(bucket, "form", Fields=dict(fields), Conditions=conditions)
    body, headers = upload(post["fields"], file_type)
    return answered(account, Made("POST", f"/{bucket}", [("Host", "localhost"), *headers.items()], body))


@pytest.mark.parametrize(
    "name",
    ["Content-Disposition", "Cache-Control", "Content-Type", "Content-Encoding", "Expires", "x-amz-storage-class",
     "x-amz-website-redirect-location", "acl"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\x00b"])
def test_a_form_s_field_with_a_line_break(account: Any, bucket: str, name: str, value: str) -> None:
    """It was stored, and whoever asked for the object got a 500."""
    answer = posted(account, bucket, {name: value})
    assert answer.status == 400, answer
    assert "InvalidArgument" in answer.text
    assert answered(account, sign(account, "s3", "GET", f"/{bucket}/form")).status == 404


def test_a_form_s_file_type_and_redirection(account: Any, bucket: str) -> None:
    assert posted(account, bucket, {}, "text/\x00plain").status == 400
    for url in ("http://[", "http://a/\x00", "javascript:alert(1)", "//x"):
        answer = posted(account, bucket, {"success_action_redirect": url})
        assert answer.status == 204, answer  # "it acts as if the field is not present"
    assert answered(account, sign(account, "s3", "GET", f"/{bucket}/form")).status == 200
    account.client("s3").delete_object(Bucket=bucket, Key="form")


def test_a_form_s_policy(account: Any, bucket: str) -> None:
    """A policy is decoded before anybody may do anything."""
    import base64
    import hashlib
    import hmac

    texts = [b"[" * 10_000, b'{"expiration":' * 900, b'{"expiration":"0001-01-01T00:00:00+14:00","conditions":[]}',
             b'{"expiration":"2100-01-01T00:00:00Z","conditions":[["content-length-range",1e400,"x"]]}']  # fmt: skip
    for text in texts:
        policy = base64.b64encode(text).decode()
        signature = base64.b64encode(hmac.new(b"test", policy.encode(), hashlib.sha1).digest()).decode()
        fields = {"key": "k", "AWSAccessKeyId": account.id, "policy": policy, "signature": signature}
        body, headers = upload(fields)
        answer = answered(account, Made("POST", f"/{bucket}", [("Host", "localhost"), *headers.items()], body))
        assert answer.status in (400, 403), answer
