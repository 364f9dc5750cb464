"""Whatever a client sends, a parser answers with parameters or with an AWS error: no other exception, and no delay."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fogbank.core.errors import ServiceError
from fogbank.core.http import Request
from fogbank.wire import cbor_data, eventstream, load, patterns, xml_read

DEEP = bool(os.environ.get("FOGBANK_FUZZ"))
LIMITS = settings(
    max_examples=1500 if DEEP else 60, deadline=None, derandomize=not DEEP, suppress_health_check=list(HealthCheck)
)
SECONDS = 2.0  # of a processor, for one request; an explosion takes minutes

JSON_OPERATIONS = [
    ("dynamodb", "PutItem"), ("dynamodb", "BatchWriteItem"), ("dynamodb", "CreateTable"), ("sqs", "SendMessageBatch"),
    ("logs", "PutLogEvents"), ("kms", "CreateKey"), ("ssm", "PutParameter"), ("ecs", "RegisterTaskDefinition"),
    ("events", "PutRule"), ("cloudwatch", "PutMetricData"), ("cognito-idp", "SignUp"),
]  # fmt: skip
REST_OPERATIONS = [
    ("s3", "DeleteObjects"), ("s3", "PutBucketLifecycleConfiguration"), ("s3", "PutBucketAcl"), ("s3", "ListObjectsV2"),
    ("s3", "PutObject"), ("s3", "CompleteMultipartUpload"), ("route53", "ChangeResourceRecordSets"),
    ("lambda", "CreateFunction"), ("lambda", "Invoke"), ("apigateway", "UpdateRestApi"), ("apigatewayv2", "CreateApi"),
    ("eks", "CreateCluster"), ("cloudfront", "CreateDistribution"),
]  # fmt: skip
QUERY_OPERATIONS = [
    ("sqs", "SendMessage"), ("sns", "Publish"), ("iam", "CreateRole"), ("cloudformation", "CreateStack"),
    ("cloudwatch", "PutMetricData"), ("ec2", "RunInstances"), ("ec2", "DescribeInstances"),
]  # fmt: skip


def outcome(service: str, name: str, protocol: str, request: Request, labels: dict[str, str], body: bytes) -> Any:
    """Parameters, or the response to the error; anything else raises."""
    operation = load(service).operations[name]
    started = time.thread_time()
    try:
        result: Any = operation.parse(protocol, request, labels, body)
    except ServiceError as error:
        result = operation.error(protocol, error, "request-id")
        assert 400 <= result.status < 500
    assert time.thread_time() - started < SECONDS
    return result


NAMES = st.sampled_from(
    [
        "TableName", "Item", "Key", "S", "N", "B", "M", "L", "RequestItems", "QueueUrl", "Entries", "Id", "MessageBody",
        "MetricData", "Timestamp", "Value", "logGroupName", "logEvents", "containerDefinitions", "Tags", "Name", "Type",
        "FunctionName", "Code", "ZipFile", "Role", "name", "protocolType", "patchOperations", "__type", "", "\x00",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([1e308, -(2**63), 2**64, 10**40, "NaN", "true", "1970-01-01T00:00:00Z", "AAAA", "=", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)
HOSTILE_JSON = [
    b"", b" ", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"TableName":"\xff"}', b'{"a":NaN}',
    b'{"TableName":' + b"[" * 100_000, b'{"Item":' + b'{"a":{"M":' * 20_000, b'{"TableName": 1e999999}',
    b'{"TableName": ' + b"9" * 100_000 + b"}", b'{"TableName":"a","TableName":"b"}', b'{"TableName":"\\ud800"}',
    b'{"Item":{"a":{"M":' + b'{"a":{"M":' * 150 + b"{}" + b"}}" * 150 + b"}}}",
    b'{"MetricData":[{"Timestamp":1e300}]}', b'{"MetricData":[{"Timestamp":"99999-99-99T99:99:99Z"}]}',
]  # fmt: skip
HOSTILE_XML = [
    b"<", b"<a>", b"</a>", b"<a></b>", b"\xff\xfe\x00", b"<a>\xff</a>", b"<a/><b/>", b"<?xml version='9'?><a/>",
    b'<?xml version="1.0" encoding="utf-7"?><a/>', b'<?xml version="1.0" encoding="\xff"?><a/>',
    b"<!DOCTYPE a><a/>", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Delete><Object>&c;</Object></Delete>',
    b"<Delete>" * 50_000, b"<Delete>" + b"<Object>" * 300 + b"</Object>" * 300 + b"</Delete>",
    b"<Delete>" + b"<Object/>" * 250_000 + b"</Delete>", b"<a>&undefined;</a>", b"<a b='1' b='2'/>",
    b"<Delete><Quiet>maybe</Quiet></Delete>", b"<Delete xmlns:x='y'><x:Object/></Delete>", b"<a>&#0;</a>",
]  # fmt: skip
HOSTILE_CBOR = [
    b"\xff", b"\xbf", b"\x9f" * 100_000, b"\x81" * 100_000, b"\xc1" * 100_000, b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\xc2\x59\xff\xff",
    b"\x7f\x61\xff",
    b"\xd8\x1c\x81\xd8\x1d\x00", b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01", b"\xa1\x61a\xf8\x00",
    b"\xa1\x80\x01",
    b"\xa1jMetricData\x81\xa1iTimestamp\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00", b"\xf6", b"\x80", b"\x00",
]  # fmt: skip


def post(body: bytes, *headers: tuple[str, str]) -> Request:
    return Request("POST", "/", "", headers, body)


@pytest.mark.parametrize(("service", "name"), JSON_OPERATIONS)
@LIMITS
@given(value=VALUES)
def test_any_json(service: str, name: str, value: Any) -> None:
    body = json.dumps(value).encode()
    outcome(service, name, "json", post(body), {}, body)


@pytest.mark.parametrize("body", HOSTILE_JSON, ids=range(len(HOSTILE_JSON)))
def test_hostile_json(body: bytes) -> None:
    for service, name in JSON_OPERATIONS:
        outcome(service, name, "json", post(body), {}, body)


@LIMITS
@given(body=st.binary(max_size=60))
def test_any_bytes(body: bytes) -> None:
    for service, name in JSON_OPERATIONS[:3]:
        outcome(service, name, "json", post(body), {}, body)
    for service, name in QUERY_OPERATIONS:
        outcome(service, name, "ec2" if service == "ec2" else "query", post(body), {}, body)
    for service, name in REST_OPERATIONS:
        outcome(service, name, load(service).protocols[0], post(body), {}, body)
    outcome("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor", post(body), {}, body)


@pytest.mark.parametrize("body", HOSTILE_XML, ids=range(len(HOSTILE_XML)))
def test_hostile_xml(body: bytes) -> None:
    for service, name in REST_OPERATIONS:
        if load(service).protocols[0] == "rest-xml":
            outcome(service, name, "rest-xml", post(body), {"Bucket": "b", "Key": "k"}, body)


XML = st.recursive(
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<&\ufffe\uffff"), max_size=8),
    lambda inner: st.lists(
        st.tuples(
            st.sampled_from(["Delete", "Object", "Key", "Quiet", "Rule", "ID", "Grantee", "Grant", "a"]), inner
        ).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"),
        max_size=4,
    ).map("".join),
    max_leaves=20,
)


@LIMITS
@given(inner=XML, root=st.sampled_from(["Delete", "LifecycleConfiguration", "AccessControlPolicy", "x"]))
def test_any_xml(inner: str, root: str) -> None:
    body = f"<{root}>{inner}</{root}>".encode()
    for service, name in REST_OPERATIONS[:6]:
        outcome(service, name, "rest-xml", post(body), {"Bucket": "b", "Key": "k"}, body)


@LIMITS
@given(value=VALUES.map(lambda value: value if isinstance(value, dict) else {"MetricData": value}))
def test_any_cbor(value: Any) -> None:
    body = cbor_data.encode(value)
    outcome("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor", post(body), {}, body)


@pytest.mark.parametrize("body", HOSTILE_CBOR, ids=range(len(HOSTILE_CBOR)))
def test_hostile_cbor(body: bytes) -> None:
    outcome("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor", post(body), {}, body)


PARTS = st.sampled_from(
    ["member", "entry", "1", "2", "0", "-1", "99999999999999999999", "Key", "Value", "Name", "Tags", "key", "value", "",
     "MessageAttribute", "AttributeName", "Filter", "InstanceId", "MaxCount", "Dimensions", "MetricData", "Timestamp"]
)  # fmt: skip


@LIMITS
@example(pairs=[("A." * 100, "x")])
@example(pairs=[("MaxCount", "9" * 5000)])
@example(pairs=[("Tags", "a"), ("Tags.member.1", "b"), ("Tags.member.1.Key", "c")])
@example(pairs=[("%ff", "%ff")])
@given(
    pairs=st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=6).map(".".join), st.text(max_size=8)), max_size=8)
)
def test_any_form(pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import quote

    body = "&".join(f"{name}={value if '%' in value else quote(value)}" for name, value in pairs).encode()
    for service, name in QUERY_OPERATIONS:
        outcome(service, name, "ec2" if service == "ec2" else "query", post(body), {}, body)


@LIMITS
@given(
    query=st.text("abc=&%?+;0123-éMarkermax-keys", max_size=40),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["x-amz-acl", "Content-Length", "If-Modified-Since", "Expires", "x-amz-meta-a", "Range"]),
            st.text(st.characters(max_codepoint=255), max_size=20),
        ),
        max_size=5,
    ),
    key=st.text(max_size=10),
)
def test_any_head(query: str, headers: list[tuple[str, str]], key: str) -> None:
    request = Request("PUT", "/b/k", query, headers, b"x")
    for service, name in REST_OPERATIONS:
        outcome(service, name, load(service).protocols[0], request, {"Bucket": "b", "Key": key}, b"")


@LIMITS
@given(path=st.text("/ab%2FfF.é{}+", max_size=40), query=st.text("abacl=&%", max_size=20))
def test_any_path(path: str, query: str) -> None:
    for service in ("s3", "lambda", "apigateway", "route53", "workspaces-web"):
        model = load(service)
        for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "BREW"):
            routed = model.route(method, path, query)
            if routed is not None:
                request = Request(method, path, query, (), b"")
                outcome(service, routed[0].name, model.protocols[0], request, routed[1], b"")


@pytest.mark.parametrize(
    "body",
    [b"", b"x", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"junk", gzip.compress(b"\0" * 200_000_000)],
    ids=range(5),
)
def test_bad_gzip(body: bytes) -> None:
    request = post(body, ("Content-Encoding", "gzip"))
    outcome("cloudwatch", "PutMetricData", "json", request, {}, body)
    outcome("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor", request, {}, body)
    outcome("cloudwatch", "PutMetricData", "query", request, {}, body)


@LIMITS
@given(st.binary(max_size=200))
def test_any_frames(data: bytes) -> None:
    with pytest.raises(eventstream.BadFrame) if data else contextlib.nullcontext():
        list(eventstream.decode_frames(data))


@LIMITS
@given(st.binary(max_size=300))
def test_any_xml_bytes(data: bytes) -> None:
    with contextlib.suppress(xml_read.MalformedXml):
        xml_read.parse(data)


def _patterns() -> list[str]:
    found = set()
    for service in (
        "iam",
        "lambda",
        "cloudformation",
        "ecr",
        "cognito-idp",
        "ssm",
        "logs",
        "acm",
        "bedrock",
        "budgets",
    ):
        model = load(service)
        found |= {model.shape(name).raw.pattern for name in model.shape_names()}
    return sorted(found - {""})


def test_no_pattern_explodes() -> None:
    """Each pattern against values that make backtracking engines despair."""
    hostile = ["a" * 2000 + "!", "a-" * 1000 + "!", "0" * 2000 + "!", "/" * 2000 + "!", "a." * 1000 + "!", "a/" * 1000]
    for pattern in _patterns():
        test = patterns.matcher(pattern)
        for value in hostile if test is not None else ():
            started = time.thread_time()
            test(value)
            assert time.thread_time() - started < SECONDS, pattern
