# ruff: noqa: E501 - messages as they travel
"""rest-xml and rest-json, S3's peculiarities first."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from fogbank.core.errors import AccessDenied, RequestTooLarge, ServiceError, Throttling, UnknownOperation
from fogbank.core.http import FileSlice, Request
from fogbank.wire import error_response, load
from fogbank.wire.compression import gunzip

S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def call(service: str, method: str, uri: str, body: bytes | None = b"", **headers: str) -> tuple[str, dict[str, Any]]:
    """Route and parse; the operation's name and its parameters."""
    path, _, query = uri.partition("?")
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    request = Request(method, path, query, named, body)
    model = load(service)
    routed = model.route(method, path, query, request)
    assert routed is not None
    return routed[0].name, routed[0].parse(model.protocols[0], request, routed[1], body)


def write(service: str, operation: str, result: dict[str, Any]) -> Any:
    model = load(service)
    return model.operations[operation].serialize(model.protocols[0], result, "REQ")


class Stream:
    length: int | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""

    async def read(self, limit: int) -> bytes:
        return b""


def test_put_object() -> None:
    name, params = call(
        "s3", "PUT", "/b/a%20b/%C3%A4", b"data", x_amz_meta_A="1", X_Amz_Meta_b="2", Content_Length="4",
        x_amz_server_side_encryption="AES256", Expires="Thu, 01 Dec 1994 16:00:00 GMT", x_amz_tagging="a=b&c=d",
    )  # fmt: skip
    expires = params.pop("Expires")
    assert expires in (datetime(1994, 12, 1, 16, tzinfo=UTC), "Thu, 01 Dec 1994 16:00:00 GMT")
    assert (name, params) == ("PutObject", {
        "Bucket": "b", "Key": "a b/ä", "Body": b"data", "ContentLength": 4, "Metadata": {"a": "1", "b": "2"},
        "ServerSideEncryption": "AES256", "Tagging": "a=b&c=d",
    })  # fmt: skip


def test_a_streamed_body_is_handed_over_unread() -> None:
    stream = Stream()
    request = Request("PUT", "/b/k", "", [], None, stream)
    params = load("s3").operations["PutObject"].parse("rest-xml", request, {"Bucket": "b", "Key": "k"}, None)
    assert params["Body"] is stream
    request = Request("PUT", "/b/k", "", [("Content-Encoding", "gzip")], b"\x1f\x8bnot inflated")
    params = (
        load("s3")
        .operations["PutObject"]
        .parse("rest-xml", request, {"Bucket": "b", "Key": "k"}, b"\x1f\x8bnot inflated")
    )
    assert params["Body"] == b"\x1f\x8bnot inflated"  # the object's own encoding, not the request's
    assert params["ContentEncoding"] == "gzip"


def test_xml_bodies() -> None:
    body = b'<?xml version="1.0"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet><Object><Key>a&amp;b &#1488;</Key></Object><!-- c --><Object><Key><![CDATA[<x>]]></Key><VersionId>null</VersionId></Object></Delete>'
    assert call("s3", "POST", "/b?delete", body)[1]["Delete"] == {
        "Quiet": True, "Objects": [{"Key": "a&b א"}, {"Key": "<x>", "VersionId": "null"}],
    }  # fmt: skip
    acl = b'<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>'
    assert call("s3", "PUT", "/b?acl", acl)[1]["AccessControlPolicy"]["Grants"] == [
        {"Grantee": {"Type": "CanonicalUser", "ID": "i"}, "Permission": "READ"}
    ]
    assert "CreateBucketConfiguration" not in call("s3", "PUT", "/b", b"")[1]


@pytest.mark.parametrize(
    "body",
    [
        b"<Delete><Object></Object></Delete>",  # a required element is missing
        b"<Wrong><Object><Key>k</Key></Object></Wrong>",
        b"<Delete><Object><Key>k</Key></Object>",
        b"<Delete><Quiet>maybe</Quiet><Object><Key>k</Key></Object></Delete>",
        b'<!DOCTYPE Delete [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    ],
)
def test_malformed_xml(body: bytes) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList, MalformedXML"""
    with pytest.raises(ServiceError) as caught:
        call("s3", "POST", "/b?delete", body)
    response = load("s3").operations["DeleteObjects"].error("rest-xml", caught.value, "REQ")
    assert response.status == 400
    root = ElementTree.fromstring(response.body)
    assert root.findtext("Code") == "MalformedXML"
    assert root.findtext("Message") == (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )


class NoSuchKey(ServiceError):
    code = "NoSuchKey"
    status = 404


def test_s3_errors() -> None:
    error = NoSuchKey("The specified key does not exist.", Key="a<b\x01", headers=(("x-amz-delete-marker", "true"),))
    response = load("s3").operations["GetObject"].error("rest-xml", error, "REQ")
    assert response.status == 404
    headers = dict(response.headers)
    assert headers["x-amz-request-id"] == "REQ"
    assert headers["x-amz-delete-marker"] == "true"
    assert len(headers["x-amz-id-2"]) == 76
    assert response.body.decode().startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.'
        "</Message><Key>a&lt;b&#x1;</Key><RequestId>REQ</RequestId><HostId>"
    )
    assert load("s3").operations["HeadObject"].error("rest-xml", error, "REQ").body == b""
    assert load("s3").operations["GetObject"].error("rest-xml", error, "REQ", "HEAD").body == b""
    response = error_response(load("s3"), "rest-xml", "", AccessDenied(), "REQ")
    assert (response.status, ElementTree.fromstring(response.body).findtext("Code")) == (403, "AccessDenied")


class NotModified(ServiceError):
    code = "NotModified"
    status = 304


def test_not_modified_has_no_body() -> None:
    response = load("s3").operations["GetObject"].error("rest-xml", NotModified(headers=(("ETag", '"e"'),)), "REQ")
    assert (response.status, response.body) == (304, b"")
    assert ("ETag", '"e"') in response.headers


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("/b?max-keys=abc", "InvalidArgument"),
        ("/b?max-keys=99999999999", "InvalidArgument"),
        ("/b/%ff", "InvalidURI"),
        ("/b/%C3", "InvalidURI"),
    ],
)
def test_s3_arguments(uri: str, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        call("s3", "GET", uri)
    assert caught.value.code_for("s3") == code
    if code == "InvalidArgument":
        assert caught.value.message == "Provided max-keys not an integer or within integer range"
        assert caught.value.members["ArgumentName"] == "max-keys"


def test_dates_that_cannot_be_read_are_ignored() -> None:
    """RFC 9110 13.1.3"""
    params = call(
        "s3", "GET", "/b/k", If_Modified_Since="yesterday", If_Unmodified_Since="Sun, 06 Nov 1994 08:49:37 GMT"
    )[1]
    assert "IfModifiedSince" not in params
    assert params["IfUnmodifiedSince"] == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def test_get_object() -> None:
    part = FileSlice("/nowhere", 0, 5)
    moment = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    response = write("s3", "GetObject", {
        "Body": part, "ETag": '"e"', "LastModified": moment, "ContentLength": 5, "Metadata": {"a": "b"}, "VersionId": None,
        "@status": 206, "@headers": [("x-extra", "1")], "ContentType": "text/html",
    })  # fmt: skip
    assert response.status == 206
    assert response.body is part
    assert {name.lower(): value for name, value in response.headers if name != "x-amz-id-2"} == {
        "x-amz-request-id": "REQ", "etag": '"e"', "last-modified": "Thu, 02 Jan 2020 03:04:05 GMT", "x-amz-meta-a": "b",
        "content-type": "text/html", "x-extra": "1",
    }  # fmt: skip
    head = write("s3", "HeadObject", {"ContentLength": 5})
    assert ("Content-Length", "5") in head.headers


def test_list_objects() -> None:
    moment = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    response = write("s3", "ListObjectsV2", {
        "Name": "b", "KeyCount": 1, "IsTruncated": False, "CommonPrefixes": [{"Prefix": "p/"}],
        "Contents": [{"Key": "a&b", "LastModified": moment, "ETag": '"e"', "Size": 0, "StorageClass": "STANDARD"}],
    })  # fmt: skip
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
        "<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><Contents>"
        "<Key>a&amp;b</Key><LastModified>2020-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>0</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
    )


def test_bucket_location_is_text_in_the_root() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html: null in us-east-1"""
    root = ElementTree.fromstring(write("s3", "GetBucketLocation", {"LocationConstraint": "eu-west-1"}).body)
    assert (root.tag, root.text) == (f"{S3}LocationConstraint", "eu-west-1")
    root = ElementTree.fromstring(write("s3", "GetBucketLocation", {"LocationConstraint": None}).body)
    assert (root.tag, root.text) == (f"{S3}LocationConstraint", None)


def test_grantees_carry_their_type_as_an_attribute() -> None:
    grant = {"Grantee": {"Type": "CanonicalUser", "ID": "i"}, "Permission": "READ"}
    root = ElementTree.fromstring(write("s3", "GetBucketAcl", {"Owner": {"ID": "i"}, "Grants": [grant]}).body)
    assert root.tag == f"{S3}AccessControlPolicy"
    grantee = root.find(f".//{S3}Grantee")
    assert grantee is not None
    assert grantee.attrib == {"{http://www.w3.org/2001/XMLSchema-instance}type": "CanonicalUser"}


def test_policies_are_json_as_they_are() -> None:
    response = write("s3", "GetBucketPolicy", {"Policy": '{"a": 1}'})
    assert response.body == b'{"a": 1}'
    assert ("Content-Type", "application/json") in response.headers
    assert call("s3", "PUT", "/b?policy", b'{"a": 1}')[1]["Policy"] == '{"a": 1}'


def test_lambda() -> None:
    name, params = call(
        "lambda", "POST", "/2015-03-31/functions/f/invocations?Qualifier=1", b'{"a":1}', X_Amz_Invocation_Type="Event"
    )
    assert (name, params) == (
        "Invoke",
        {"FunctionName": "f", "Qualifier": "1", "InvocationType": "Event", "Payload": b'{"a":1}'},
    )
    assert "Payload" not in call("lambda", "POST", "/2015-03-31/functions/f/invocations", b"")[1]
    response = write(
        "lambda", "Invoke", {"StatusCode": 202, "Payload": b"", "ExecutedVersion": "1", "FunctionError": None}
    )
    assert (response.status, response.body) == (202, b"")
    assert ("X-Amz-Executed-Version", "1") in response.headers
    assert write("lambda", "DeleteFunction", {"StatusCode": 204}).status == 204
    body = json.dumps(
        {
            "Runtime": "python3.12",
            "Role": "arn:aws:iam::123456789012:role/r",
            "Code": {"ZipFile": "UEsF"},
            "FunctionName": "f",
        }
    )
    params = call("lambda", "POST", "/2015-03-31/functions", body.encode())[1]
    assert params["Code"] == {"ZipFile": b"PK\x05"}


class Missing(ServiceError):
    code = "ResourceNotFoundException"


def test_rest_json_errors() -> None:
    """Lambda's members are Type and Message: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_Errors"""
    response = load("lambda").operations["GetFunction"].error("rest-json", Missing("Function not found"), "REQ")
    assert response.status == 404
    assert ("x-amzn-ErrorType", "ResourceNotFoundException") in response.headers
    assert json.loads(response.body) == {"Message": "Function not found", "Type": "User"}
    with pytest.raises(ServiceError) as caught:
        call("lambda", "GET", "/2015-03-31/functions?MaxItems=abc")
    assert caught.value.code_for("json") == "SerializationException"
    with pytest.raises(ServiceError) as caught:
        call("lambda", "POST", "/2015-03-31/functions", b'{"FunctionName": 1}')
    assert caught.value.message == "NUMBER_VALUE can not be converted to a String"


def test_names_on_the_wire_differ_from_those_of_the_service() -> None:
    name, params = call(
        "apigatewayv2", "POST", "/v2/apis", b'{"name":"n","protocolType":"HTTP","corsConfiguration":{"maxAge":5}}'
    )
    assert (name, params) == ("CreateApi", {"Name": "n", "ProtocolType": "HTTP", "CorsConfiguration": {"MaxAge": 5}})
    response = write(
        "apigatewayv2", "CreateApi", {"ApiId": "a", "CreatedDate": datetime(2020, 1, 1, tzinfo=UTC), "Tags": None}
    )
    assert json.loads(response.body) == {"apiId": "a", "createdDate": "2020-01-01T00:00:00Z"}
    assert response.status == 201


def test_route53() -> None:
    body = b"<ChangeResourceRecordSetsRequest xmlns='https://route53.amazonaws.com/doc/2013-04-01/'><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>a</Name><Type>A</Type><TTL>5</TTL><ResourceRecords><ResourceRecord><Value>1.2.3.4</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    name, params = call("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset", body)
    assert name == "ChangeResourceRecordSets"
    assert params["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]["ResourceRecords"] == [{"Value": "1.2.3.4"}]
    response = error_response(load("route53"), "rest-xml", "", AccessDenied("no"), "REQ")
    assert ElementTree.fromstring(response.body).tag.endswith("ErrorResponse")


def test_compressed_bodies() -> None:
    body = json.dumps({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]}).encode()
    for packed in (gzip.compress(body), gzip.compress(body[:5]) + gzip.compress(body[5:])):
        request = Request("POST", "/", "", [("Content-Encoding", "gzip")], packed)
        params = load("cloudwatch").operations["PutMetricData"].parse("json", request, {}, packed)
        assert params == {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
    with pytest.raises(RequestTooLarge):
        gunzip(gzip.compress(b"\0" * 1_000_001), 1_000_000)
    assert gunzip(gzip.compress(b"\0" * 1_000_000), 1_000_000) == b"\0" * 1_000_000


def test_statuses_that_differ_by_protocol() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList; Lambda's 404 could not be confirmed."""
    assert error_response(load("s3"), "rest-xml", "", Throttling(), "REQ").status == 503
    assert error_response(load("s3"), "rest-xml", "", UnknownOperation("no"), "REQ").status == 405
    assert error_response(load("lambda"), "rest-json", "", UnknownOperation("no"), "REQ").status == 404
    assert error_response(load("dynamodb"), "json", "", UnknownOperation("no"), "REQ").status == 400
