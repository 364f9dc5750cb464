"""The AWS protocol test vectors, read the other way round: a server parses what clients send and writes what they read.

The vectors (data of the botocore project, Apache-2.0) live beside the repository and are not copied into it; without
them these tests are skipped, and test_differential.py covers the same ground against botocore's own serialisers.
"""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from fogbank.core.errors import ServiceError
from fogbank.core.http import Request
from fogbank.wire import cbor_data, models
from fogbank.wire.shapes import Shape

ROOT = Path(__file__).parents[3] / "shared" / "protocol-cases"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="../shared/protocol-cases is not here")


def _named(groups: dict[str, list[str]]) -> dict[str, str]:
    return {case: reason for reason, cases in groups.items() for case in cases}


# Input cases that a server cannot invert: why.
INPUT_LEFT_OUT: dict[str, str] = _named(
    {
        "the vector gives no body: the compressed bytes are the client's own (test_compression.py sends some)": [
            "ec2:SDKAppliedContentEncoding_ec2Query",
            "ec2:SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query",
            "json:SDKAppliedContentEncoding_awsJson1_1",
            "json:SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1",
            "json_1_0:SDKAppliedContentEncoding_awsJson1_0",
            "json_1_0:SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0",
            "query:SDKAppliedContentEncoding_awsQuery",
            "query:SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery",
            "rest-json:SDKAppliedContentEncoding_restJson1",
            "rest-json:SDKAppendedGzipAfterProvidedEncoding_restJson1",
            "rest-xml:SDKAppliedContentEncoding_restXml",
            "rest-xml:SDKAppendedGzipAfterProvidedEncoding_restXml",
        ],
        "an empty list or map is not sent, so it reads as absent": [
            "ec2:Ec2EmptyQueryLists",
            "query:QueryEmptyQueryMaps",
            "rest-json:RestJsonOmitsEmptyListQueryValues",
            "rest-json:RestJsonHttpPrefixHeadersAreNotPresent",
            "rest-xml:HttpPrefixHeadersAreNotPresent",
            "legacy-rest-json:26.1",
            "legacy-rest-xml:26.1",
        ],
        "an empty header is not sent, so it reads as absent": [
            "rest-json:RestJsonNullAndEmptyHeaders",
            "rest-xml:NullAndEmptyHeaders",
        ],
        "one parameter is given twice, as itself and in the map of all: the wire shows it once": [
            "rest-json:RestJsonAllQueryStringTypes",
            "rest-json:RestJsonQueryStringEscaping",
            "rest-json:RestJsonSupportsNaNFloatQueryValues",
            "rest-json:RestJsonSupportsInfinityFloatQueryValues",
            "rest-json:RestJsonSupportsNegativeInfinityFloatQueryValues",
            "rest-json:RestJsonZeroAndFalseQueryValues",
            "rest-json:RestJsonQueryPrecedence",
            "rest-xml:RestXmlQueryPrecedence",
        ],
        "the client was told to put a path of its own before the operation's; the gateway takes it off": [
            "rest-json:RestJsonHostWithPath",
        ],
        "a jsonvalue header reads as the JSON value it holds, not as its text": [
            "rest-json:MediaTypeHeaderInputBase64",
        ],
        "an absent structure payload is sent as {}, which reads as an empty structure": [
            "rest-json:RestJsonHttpWithEmptyStructurePayload",
            "rest-json:RestJsonHttpWithHeadersButNoPayload",
            "legacy-rest-json:13.1",
            "legacy-rest-json:25.2",
            "legacy-rest-json:25.4",
        ],
        "the client made the Content-Type up, and a member is bound to it": [
            "legacy-rest-json:25.7",
        ],
    }
)

# Output cases whose bytes a server does not write (they show what clients must tolerate, or differ from AWS's own
# models): why. They are serialised all the same and read back by botocore's parser in test_output_is_understood.
OUTPUT_BYTES_DIFFER: dict[str, str] = _named(
    {
        "a server writes UTC; offsets are for clients to tolerate": [
            "ec2:Ec2QueryDateTimeWithNegativeOffset",
            "ec2:Ec2QueryDateTimeWithPositiveOffset",
            "json:AwsJson11DateTimeWithNegativeOffset",
            "json:AwsJson11DateTimeWithPositiveOffset",
            "query:AwsQueryDateTimeWithNegativeOffset",
            "query:AwsQueryDateTimeWithPositiveOffset",
            "rest-json:RestJsonDateTimeWithNegativeOffset",
            "rest-json:RestJsonDateTimeWithPositiveOffset",
            "rest-xml:RestXmlDateTimeWithNegativeOffset",
            "rest-xml:RestXmlDateTimeWithPositiveOffset",
        ],
        "a client is to find the error's code in other places than AWS's servers write it": [
            "json:AwsJson11FooErrorUsingXAmznErrorType",
            "json:AwsJson11FooErrorUsingXAmznErrorTypeWithUri",
            "json:AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace",
            "json:AwsJson11FooErrorUsingCode",
            "json:AwsJson11FooErrorUsingCodeAndNamespace",
            "json:AwsJson11FooErrorUsingCodeUriAndNamespace",
            "json:AwsJson11FooErrorWithDunderTypeUriAndNamespace",
            "json_1_0:AwsJson10FooErrorUsingXAmznErrorType",
            "json_1_0:AwsJson10FooErrorUsingXAmznErrorTypeWithUri",
            "json_1_0:AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace",
            "json_1_0:AwsJson10FooErrorUsingCode",
            "json_1_0:AwsJson10FooErrorUsingCodeAndNamespace",
            "json_1_0:AwsJson10FooErrorUsingCodeUriAndNamespace",
            "json_1_0:AwsJson10FooErrorWithDunderTypeUriAndNamespace",
            "rest-json:RestJsonFooErrorUsingXAmznErrorTypeWithUri",
            "rest-json:RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace",
            "rest-json:RestJsonFooErrorUsingCode",
            "rest-json:RestJsonFooErrorUsingCodeAndNamespace",
            "rest-json:RestJsonFooErrorUsingCodeUriAndNamespace",
            "rest-json:RestJsonFooErrorWithDunderType",
            "rest-json:RestJsonFooErrorWithDunderTypeAndNamespace",
            "rest-json:RestJsonFooErrorWithDunderTypeUriAndNamespace",
        ],
        "a client is to skip __type, nulls and fields that it does not know; a server writes none": [
            "json:AwsJson11DeserializeIgnoreType",
            "json:AwsJson11StructuresDontDeserializeNullValues",
            "json_1_0:AwsJson10DeserializeIgnoreType",
            "json_1_0:AwsJson10DeserializeAllowNulls",
            "rest-json:RestJsonDeserializesDenseSetMapAndSkipsNull",
            "rest-json:RestJsonDeserializeIgnoreType",
            "rest-json:RestJsonDoesntDeserializeNullStructureValues",
            "smithy-rpc-v2-cbor:RpcV2CborDeserializesDenseSetMapAndSkipsNull",
            "smithy-rpc-v2-cbor:RpcV2CborClientDoesntDeserializeNullStructureValues",
            "smithy-rpc-v2-cbor:RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients",
            "smithy-rpc-v2-cbor:RpcV2CborPayloadWithUnsetUnion",
        ],
        "a client is to ignore a body that should not be there": [
            "json:handles_empty_output_shape",
            "json:handles_unexpected_json_output",
            "json_1_0:AwsJson10HandlesEmptyOutputShape",
            "json_1_0:AwsJson10HandlesUnexpectedJsonOutput",
        ],
        "a message is always told, also an empty one": [
            "ec2:Ec2ComplexError",
            "query:QueryComplexError",
        ],
        "a flattened list goes by its element's name in AWS's own models (SQS, SimpleDB), against Smithy's rule": [
            "ec2:Ec2XmlLists",
            "query:QueryXmlLists",
            "rest-xml:XmlLists",
        ],
        "the root's namespace is not in the vector's metadata": [
            "ec2:Ec2XmlNamespaces",
            "query:QueryXmlNamespaces",
        ],
        "a payload's root goes by the member's locationName (S3's LegalHold), always set here": [
            "rest-xml:RestXmlHttpPayloadWithUnion",
            "rest-xml:HttpPayloadWithXmlName",
            "rest-xml:HttpPayloadWithXmlNamespace",
            "rest-xml:HttpPayloadWithXmlNamespaceAndPrefix",
        ],
        "text beside the elements of a structure, for clients to skip": [
            "rest-xml:SimpleScalarPropertiesWithXMLPreamble",
        ],
        "a jsonvalue header holds the JSON of the value; the vector gives its text": [
            "rest-json:MediaTypeHeaderOutputBase64",
        ],
        "the reply holds more than the result says": [
            "rest-xml:InvalidGreetingError",
            "rest-xml:ComplexError",
        ],
    }
)

# Output cases that botocore's parser does not read back from an equivalent response: why.
NOT_READ_BACK: dict[str, str] = _named(
    {
        "botocore reads a flattened list by its element's name only": [
            "ec2:Ec2XmlLists",
            "query:QueryXmlLists",
            "rest-xml:XmlLists",
        ],
        "a body that is not there reads as an empty blob in botocore": [
            "rest-json:RestJsonHttpPayloadTraitsWithNoBlobBody",
            "rest-xml:HttpPayloadTraitsWithNoBlobBody",
        ],
        "botocore refuses a union without a member": [
            "rest-json:RestJsonHttpPayloadWithUnsetUnion",
            "rest-xml:RestXmlHttpPayloadWithUnsetUnion",
        ],
        "the vector's union holds only a member that its model does not have": [
            "legacy-rest-json:17.2",
            "legacy-rest-xml:16.2",
        ],
        "the map takes every header, and ours has others": [
            "rest-json:HttpPrefixHeadersResponse",
            "legacy-rest-json:9.0",
        ],
        "botocore does not unquote elements of a header list": [
            "rest-json:RestJsonInputAndOutputWithQuotedStringHeaders",
        ],
        "botocore splits a header list of dates at the dates' own commas": [
            "rest-json:RestJsonInputAndOutputWithTimestampHeaders",
            "rest-xml:InputAndOutputWithTimestampHeaders",
        ],
        "botocore looks for a nested structure by the name of its shape": [
            "rest-xml:BodyWithXmlName",
        ],
        "event streams: test_eventstream.py": [
            "legacy-json:6.0",
            "legacy-rest-xml:14.0",
            "legacy-rest-xml:14.1",
            "legacy-rest-xml:14.2",
        ],
        "a list in which a structure is null, which only a sparse list can be": [
            "legacy-json:3.1",
        ],
    }
)


def _suites(kind: str) -> list[Any]:
    found = []
    for folder in (ROOT, ROOT / "legacy"):
        for path in sorted((folder / kind).glob("*.json")):
            name = ("legacy-" if folder.name == "legacy" else "") + path.stem
            for number, suite in enumerate(json.loads(path.read_text())):
                for index, case in enumerate(suite["cases"]):
                    label = f"{name}:{case.get('id') or f'{number}.{index}'}"
                    found.append(pytest.param(suite, case, id=label))
    return found


def _model(suite: dict[str, Any], case: dict[str, Any]) -> models.ServiceModel:
    metadata = {"protocol": "json", **suite["metadata"]}
    given = {"http": {"method": "POST", "requestUri": "/"}, **case["given"]}
    for shape in [ref["shape"] for ref in given.get("errors", ())]:
        suite["shapes"][shape] = {**suite["shapes"][shape], "exception": True}
    document = {"metadata": metadata, "operations": {given["name"]: given}, "shapes": suite["shapes"]}
    return models.ServiceModel("vectors", json.dumps(document).encode())


def _protocol(suite: dict[str, Any]) -> str:
    return str((suite["metadata"].get("protocols") or [suite["metadata"]["protocol"]])[0])


def _plain(shape: Shape | None, value: Any, *, given: bool) -> Any:
    """Values in a form that compares: timestamps as epoch seconds, blobs as bytes, NaN as text."""
    if shape is None or value is None:
        return value
    if shape.type == "structure" and not shape.is_document:
        pairs = {n: _plain(r.shape, value[n], given=given) for n, r in shape.members.items() if n in value}
        return {n: v for n, v in pairs.items() if v is not None}
    if shape.type == "list":
        return [_plain(shape.member.shape, item, given=given) for item in value]
    if shape.type == "map":
        return {k: _plain(shape.value.shape, item, given=given) for k, item in value.items()}
    if shape.type == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else value
    if shape.type == "blob":
        return value.encode() if isinstance(value, str) else value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _body(protocol: str, text: str) -> bytes:
    return base64.b64decode(text) if protocol == "smithy-rpc-v2-cbor" else text.encode()


@pytest.mark.parametrize(("suite", "case"), _suites("input") if ROOT.is_dir() else [])
def test_input_is_parsed_back(suite: dict[str, Any], case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    label = request.node.callspec.id
    if label in INPUT_LEFT_OUT:
        pytest.skip(INPUT_LEFT_OUT[label])
    model = _model(suite, case)
    protocol = _protocol(suite)
    operation = model.operations[case["given"]["name"]]
    sent = case["serialized"]
    path, _, query = sent.get("uri", "/").partition("?")
    headers = list(sent.get("headers", {}).items())
    body = sent.get("body", "")
    if isinstance(body, dict):  # the legacy query suites give the form as a dict
        from urllib.parse import urlencode

        body = urlencode(body)
    raw = _body(protocol, body)
    method = sent.get("method") or case["given"].get("http", {}).get("method", "POST")
    received = Request(method, path, query, headers, raw)
    labels: dict[str, str] = {}
    if protocol.startswith("rest-"):
        routed = model.route(received.method, path, query, received)
        assert routed is not None, "the route table does not find the operation"
        assert routed[0].name == operation.name
        labels = routed[1]
    got = operation.parse(protocol, received, labels, raw)
    shape = operation.input_shape
    expected = _plain(shape, case.get("params", {}), given=True)
    actual = _plain(shape, got, given=False)
    if shape is not None:
        for name, ref in shape.members.items():
            if ref.raw.idempotency_token and name not in expected:
                assert actual.pop(name)  # the client made it up
            if ref.streaming and name not in expected and actual.get(name) == b"":
                del actual[name]  # a body that is not there reads as an empty one
    assert actual == expected


def _sorted(value: Any) -> str:
    """CBOR values as text, without the order of keys and the namespace of __type."""
    if isinstance(value, dict):
        pairs = {k: v.rpartition("#")[2] if k == "__type" else v for k, v in value.items()}
        return str(sorted((k, _sorted(v)) for k, v in pairs.items()))
    if isinstance(value, list):
        return str([_sorted(item) for item in value])
    if isinstance(value, cbor_data.Tagged):
        return f"{value.tag}({_sorted(value.value)})"
    if isinstance(value, float) and value.is_integer():
        return repr(int(value))
    return repr(value)


def _tree(element: ElementTree.Element) -> Any:
    name = element.tag.removeprefix("{https://example.com/}")  # the namespace is not in the vectors' metadata
    children = [_tree(child) for child in element]
    text = element.text or ""
    if children or not text.strip():
        text = text.strip()
    return (name, sorted(element.attrib.items()), text, sorted(children, key=repr))


def _drop(element: ElementTree.Element, names: tuple[str, ...]) -> None:
    for child in list(element):
        if child.tag.rpartition("}")[2] in names:
            element.remove(child)


def _same_body(protocol: str, written: bytes, expected: str) -> None:
    if expected in ("", "{}") and protocol != "smithy-rpc-v2-cbor":
        # a body without members may be absent; the protocols' own servers disagree
        assert written in (b"", b"{}") or protocol in ("query", "ec2")
        return
    if protocol == "smithy-rpc-v2-cbor":
        raw = base64.b64decode(expected)
        ours, theirs = (_sorted(cbor_data.decode(data)) if data else "" for data in (written, raw))
        assert ours == theirs or {ours, theirs} == {"", "[]"}
    elif protocol in ("json", "rest-json"):
        try:
            value = json.loads(expected)
        except ValueError:
            assert written.decode() == expected
        else:
            if isinstance(value, dict) and "__type" in value:
                value["__type"] = value["__type"].rpartition("#")[2]  # no model has the namespace
            assert json.loads(written) == value
    elif expected.lstrip().startswith("<"):
        ours, theirs = ElementTree.fromstring(written), ElementTree.fromstring(expected)
        for root in (ours, theirs):
            _drop(root, ("ResponseMetadata", "requestId", "RequestId", "RequestID"))
        assert _tree(ours) == _tree(theirs)
    else:
        assert written.decode() == expected


def _result(shape: Shape | None, value: Any) -> Any:
    """A vector's result as a service would give it: datetimes, bytes, floats."""
    if shape is None or value is None:
        return value
    if shape.type == "structure" and not shape.is_document:
        return {n: _result(r.shape, value[n]) for n, r in shape.members.items() if value.get(n) is not None}
    if shape.type == "list":
        return [_result(shape.member.shape, item) for item in value]
    if shape.type == "map":
        return {k: _result(shape.value.shape, item) for k, item in value.items()}
    if shape.type == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if shape.type == "blob":
        return value.encode()
    if shape.type in ("float", "double") and isinstance(value, str):
        return float(value)
    return value


def _error(case: dict[str, Any]) -> ServiceError:
    members = {k: v for k, v in case["error"].items() if k.lower() not in ("message", "code")}
    text = case.get("errorMessage") or next((v for k, v in case["error"].items() if k.lower() == "message"), "")
    made = type("Case", (ServiceError,), {"code": case["errorCode"], "status": case["response"]["status_code"]})
    return made(text, **members)


def _written(suite: dict[str, Any], case: dict[str, Any]) -> tuple[models.OperationModel, str, Any]:
    model = _model(suite, case)
    protocol = _protocol(suite)
    operation = model.operations[case["given"]["name"]]
    if "error" in case:
        return operation, protocol, operation.error(protocol, _error(case), "request-id")
    result = _result(operation.output_shape, case["result"])
    return operation, protocol, operation.serialize(protocol, result, "request-id")


@pytest.mark.parametrize(("suite", "case"), _suites("output") if ROOT.is_dir() else [])
def test_output_is_the_same(suite: dict[str, Any], case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    label = request.node.callspec.id
    if label.startswith("legacy-"):
        pytest.skip("replies written by hand, of no service: test_output_is_understood reads ours back instead")
    if label in OUTPUT_BYTES_DIFFER:
        pytest.skip(OUTPUT_BYTES_DIFFER[label])
    _, protocol, response = _written(suite, case)
    expected = case["response"]
    assert response.status == expected["status_code"]
    headers = {name.lower(): value for name, value in response.headers}
    for name, value in expected.get("headers", {}).items():
        if name.lower() in ("x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "content-length"):
            continue
        if name.lower() == "content-type":
            kind = headers.get("content-type", "").partition(";")[0]
            assert kind in (value.partition(";")[0], "text/xml" if "error" in case and "xml" in value else "") or (
                kind == "" and response.body == b""
            )
        elif name.lower() != "x-amz-target":  # which no server sends
            assert headers.get(name.lower()) == value
    _same_body(protocol, response.body, expected.get("body", ""))


@pytest.mark.parametrize(("suite", "case"), _suites("output") if ROOT.is_dir() else [])
def test_output_is_understood(suite: dict[str, Any], case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """botocore's own parser reads our response as the result."""
    from botocore.model import OperationModel, ServiceModel
    from botocore.parsers import create_parser

    label = request.node.callspec.id
    if label in NOT_READ_BACK:
        pytest.skip(NOT_READ_BACK[label])
    _, protocol, response = _written(suite, case)
    if protocol == "query" and "output" in case["given"]:
        case["given"]["output"].setdefault("resultWrapper", f"{case['given']['name']}Result")
    theirs = ServiceModel({"metadata": suite["metadata"], "operations": {}, "shapes": suite["shapes"]})
    operation = OperationModel({"http": {"method": "POST"}, **case["given"]}, theirs)
    told = {name.lower(): value for name, value in response.headers}
    reply = {"status_code": response.status, "headers": _Headers(told), "body": response.body}

    def seconds(value: Any) -> Any:
        return float(value) if isinstance(value, int | float) else _when(value)

    parser = create_parser(protocol)
    parser._timestamp_parser = seconds
    parsed = parser.parse(reply, operation.output_shape)
    if "error" in case:
        assert parsed["Error"]["Code"] == case["errorCode"]
        assert (parsed["Error"]["Message"] or "") == case.get("errorMessage", "")
        return
    parsed.pop("ResponseMetadata", None)
    ours = _model(suite, case).operations[case["given"]["name"]].output_shape
    assert _plain(ours, parsed, given=False) == _plain(ours, case["result"], given=True)


class _Headers(dict[str, str]):
    """Header names without case, as botocore's."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


def _when(text: str) -> float:
    from botocore.utils import parse_timestamp

    return float(parse_timestamp(text).timestamp())


def test_every_case_that_is_left_out_exists() -> None:
    known = {p.id for p in (*_suites("input"), *_suites("output"))}
    assert {*INPUT_LEFT_OUT, *OUTPUT_BYTES_DIFFER, *NOT_READ_BACK} <= known
