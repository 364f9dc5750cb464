"""botocore as the client of every protocol: what it serialises is parsed back, what we serialise it parses back.

Real services over their real models, with parameters that hypothesis makes up from the shapes. Constraints are not
checked here (they are in tests/protocol/test_validate.py): the models are loaded with validation off.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import botocore.session
import msgspec
import pytest
from botocore.awsrequest import prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.core.http import Request, Response
from fogbank.wire import models, patching
from fogbank.wire.shapes import FLOATS, INTEGERS, Ref, Shape

DEEP = bool(os.environ.get("FOGBANK_FUZZ"))
SERVICES = [
    ("dynamodb", "json"), ("sqs", "json"), ("logs", "json"), ("kms", "json"), ("ssm", "json"), ("events", "json"),
    ("cognito-idp", "json"), ("ecs", "json"), ("sts", "query"), ("iam", "query"), ("sns", "query"),
    ("cloudformation", "query"), ("rds", "query"), ("elbv2", "query"), ("cloudwatch", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "json"), ("cloudwatch", "query"), ("ec2", "ec2"), ("s3", "rest-xml"), ("route53", "rest-xml"),
    ("cloudfront", "rest-xml"), ("lambda", "rest-json"), ("apigateway", "rest-json"), ("apigatewayv2", "rest-json"),
    ("eks", "rest-json"), ("codebuild", "smithy-rpc-v2-cbor"),
]  # fmt: skip


@cache
def ours(service: str) -> models.ServiceModel:
    import gzip

    path = models.model_file(service)
    assert path is not None
    data = path.read_bytes()
    patch = patching.read(service)
    manner = msgspec.structs.replace(patch.manner, validation="none")
    return models.ServiceModel(
        service,
        gzip.decompress(data) if path.suffix == ".gz" else data,
        msgspec.structs.replace(patch, manner=manner),
    )


@cache
def theirs(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


# -- values from shapes -----------------------------------------------------------------------------------------------

XML_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff\u2028\x85"), max_size=12
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
TOKEN = st.text("abcxyz0189-_", min_size=1, max_size=10)
WORDS = st.text("abc XYZ0189-_.:/=+,", min_size=1, max_size=12).map(str.strip).filter(lambda text: text != "")
MOMENTS = st.integers(0, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
BITS = {"byte": 7, "short": 15, "integer": 31}


def scalar(ref: Ref, protocol: str) -> st.SearchStrategy[Any]:
    kind = ref.shape.type
    if kind == "boolean":
        return st.booleans()
    if kind in INTEGERS:
        bits = BITS.get(kind, 53)
        return st.integers(-(2**bits), 2**bits - 1)
    if kind in FLOATS:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind == "timestamp":
        return MOMENTS
    if kind == "blob":
        return st.binary(max_size=12)
    if ref.enum:
        return st.sampled_from(ref.enum)
    if ref.location in ("header", "headers"):
        return WORDS.filter(lambda text: "," not in text)
    if ref.location == "uri":
        return TEXT.filter(lambda text: text not in ("", ".", "..") and "/" not in text)
    return XML_TEXT if protocol in ("query", "ec2", "rest-xml") else TEXT


def value(ref: Ref, protocol: str, depth: int) -> st.SearchStrategy[Any]:
    shape = ref.shape
    if shape.type == "structure":
        if shape.is_document:
            return st.just({"a": [1, "b"]})
        return structure(shape, protocol, depth + 1)
    if shape.type == "list":
        member = shape.member
        if depth > 8 and member.shape.type in ("structure", "list", "map"):
            return st.just([])
        inner = WORDS.filter(lambda text: "," not in text) if ref.location and member.shape.type == "string" else None
        return st.lists(inner or value(member, protocol, depth + 1), min_size=1, max_size=3)
    if shape.type == "map":
        if depth > 8 and shape.value.shape.type in ("structure", "list", "map"):
            return st.just({})
        key = TOKEN if ref.location else scalar(shape.key, protocol).filter(lambda text: text != "")
        inner = WORDS if ref.location == "headers" else value(shape.value, protocol, depth + 1)
        return st.dictionaries(key.map(lambda k: f"zz{k}") if ref.location == "querystring" else key, inner, max_size=3)
    return scalar(ref, protocol)


@st.composite
def structure(draw: Any, shape: Shape, protocol: str, depth: int, *, output: bool = False) -> dict[str, Any]:
    members = {
        name: ref
        for name, ref in shape.members.items()
        if not ref.raw.jsonvalue and not ref.shape.raw.eventstream and not (output and ref.location == "statusCode")
    }
    if not members:
        return {}
    if shape.raw.union:
        name = draw(st.sampled_from(sorted(members)))
        return {name: draw(value(members[name], protocol, depth))}
    wanted = [name for name, ref in members.items() if name in shape.required and depth < 9]
    wanted += [name for name, ref in members.items() if ref.location == "uri"]
    if depth < 4:
        wanted += draw(st.lists(st.sampled_from(sorted(members)), max_size=4 if depth else 6))
    return {name: draw(value(members[name], protocol, depth)) for name in dict.fromkeys(wanted)}


def prune(value: Any) -> Any:
    """Without what is empty: some protocols cannot carry it. Timestamps as whole seconds."""
    if isinstance(value, dict):
        pairs = {key: prune(item) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item not in ({}, [], None, "", b"")}
    if isinstance(value, list):
        return [item for item in (prune(item) for item in value) if item not in ({}, [], None, "", b"")]
    if isinstance(value, datetime):
        return value.timestamp()
    return value


LEFT_OUT = {
    "WriteGetObjectResponse",  # its route token becomes part of the host name
    "GetBucketLocation",  # its root is text: test_rest.py
    "GetBucketNotification",  # two members of its deprecated structure share one element
}


@st.composite
def calls(draw: Any, service: str) -> str:
    names = [name for name in ours(service).operations if name not in LEFT_OUT]
    return str(draw(st.sampled_from(names)))


# -- the two directions -----------------------------------------------------------------------------------------------


def sent(service: str, protocol: str, operation: str, params: dict[str, Any]) -> tuple[Request, bytes]:
    """The request that botocore makes of `params`."""
    made = create_serializer(protocol, False).serialize_to_request(params, theirs(service).operation_model(operation))
    made["context"] = {}
    prepare_request_dict(made, "http://localhost", context={})
    split = urlsplit(made["url"])
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    raw = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = [(str(name), str(text)) for name, text in dict(made["headers"]).items()]
    return Request(made["method"], split.path, split.query, headers, raw), raw


class _Headers(dict[str, str]):
    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


def received(service: str, protocol: str, operation: str, response: Response) -> dict[str, Any]:
    """What botocore makes of our response."""
    headers = _Headers({name.lower(): text for name, text in response.headers})
    reply = {"status_code": response.status, "headers": headers, "body": response.body}
    shape = theirs(service).operation_model(operation).output_shape
    if shape is not None and protocol.startswith("rest") and shape.serialization.get("payload"):
        payload = shape.serialization["payload"]
        if shape.members[payload].type_name == "blob":  # which its parser would wrap or decode
            return {**create_parser(protocol).parse({**reply, "body": b""}, shape), payload: response.body}
    parsed: dict[str, Any] = create_parser(protocol).parse(reply, shape)
    return parsed


LIMITS = settings(
    max_examples=400 if DEEP else 25,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
@LIMITS
@given(data=st.data())
def test_requests_of_botocore_are_parsed_back(service: str, protocol: str, data: st.DataObject) -> None:
    name = data.draw(calls(service), label="operation")
    operation = ours(service).operations[name]
    shape = operation.input_shape
    params = data.draw(structure(shape, protocol, 0), label="params") if shape is not None else {}
    if not _can_be_sent(operation, params):
        return
    request, body = sent(service, protocol, name, params)
    labels: dict[str, str] = {}
    if protocol.startswith("rest-"):
        routed = ours(service).route(request.method, request.path, request.query, request)
        assert routed is not None
        if service != "s3":  # whose deprecated operations share their routes with the newer ones
            assert routed[0].name == name
        labels = routed[1]
    assert prune(operation.parse(protocol, request, labels, body)) == prune(params)


def _can_be_sent(operation: models.OperationModel, params: dict[str, Any]) -> bool:
    """Streams and payloads that botocore would refuse to serialise."""
    ref = operation.payload_in
    return ref is None or ref.shape.type != "structure" or ref.name in params or not operation.event_stream_input


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
@LIMITS
@given(data=st.data())
def test_botocore_reads_our_responses(service: str, protocol: str, data: st.DataObject) -> None:
    name = data.draw(calls(service), label="operation")
    operation = ours(service).operations[name]
    shape = operation.output_shape
    if shape is None or operation.event_stream_output:
        return
    result = data.draw(structure(shape, protocol, 0, output=True), label="result")
    response = operation.serialize(protocol, result, "request-id")
    parsed = received(service, protocol, name, response)
    parsed.pop("ResponseMetadata", None)
    assert prune(_only(shape, parsed)) == prune(_only(shape, result))


def _only(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    """Without what travels in headers that the transport owns."""
    owned = ("content-length", "content-type", "date", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2")
    found = {}
    for name, item in value.items():
        ref = shape.members.get(name)
        if ref is None or ref.wire_name.lower() in owned or ref.location == "statusCode":
            continue
        # botocore gives a payload blob that it does not stream as text
        found[name] = item.encode() if ref.shape.type == "blob" and isinstance(item, str) else item
    return found
