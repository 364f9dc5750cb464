"""smithy-rpc-v2-cbor, and the CBOR beneath it compared with an independent library."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import SerializationError, ServiceError
from fogbank.core.http import Request
from fogbank.wire import load
from fogbank.wire.cbor_data import Malformed, Tagged, decode, encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_written_and_read_as_the_library_does(value: Any) -> None:
    assert cbor2.loads(encode(value)) == value
    assert decode(cbor2.dumps(value)) == value
    assert decode(cbor2.dumps(value, canonical=True)) == value


@given(st.binary(max_size=30))
def test_any_bytes_are_a_value_or_malformed(data: bytes) -> None:
    try:
        decode(data)
    except Malformed:
        return


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x00", b"\x61\xff", b"\x1c", b"\x5f\x61a\xff", b"\x9f", b"\x82\x01\xff", b"\xf8\x20"]
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode(data)


def test_put_metric_data() -> None:
    moment = datetime(2020, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    body = encode({
        "Namespace": "n", "Unknown": 1,
        "MetricData": [{"MetricName": "m", "Value": 1, "Timestamp": Tagged(1, moment.timestamp()), "Unit": None}],
    })  # fmt: skip
    operation = load("cloudwatch").operations["PutMetricData"]
    params = operation.parse("smithy-rpc-v2-cbor", Request("POST", "/"), {}, body)
    assert params == {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Timestamp": moment}]}
    response = operation.serialize("smithy-rpc-v2-cbor", {}, "id")
    assert response.body == b""
    assert ("smithy-protocol", "rpc-v2-cbor") in response.headers


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Namespace": 1}, "NUMBER_VALUE can not be converted to a String"),
        ({"Namespace": [1]}, "Start of list found where not expected"),
        ({"MetricData": "x"}, "Expected list or null"),
        ({"MetricData": ["x"]}, "Expected null"),
        ([], "Start of list found where not expected"),
    ],
)
def test_wrong_types(body: Any, message: str) -> None:
    with pytest.raises(SerializationError) as caught:
        load("cloudwatch").operations["PutMetricData"].parse(
            "smithy-rpc-v2-cbor", Request("POST", "/"), {}, encode(body)
        )
    assert caught.value.message == message


class Missing(ServiceError):
    code = "ResourceNotFoundException"


def test_errors_and_results() -> None:
    operation = load("cloudwatch").operations["GetDashboard"]
    response = operation.error("smithy-rpc-v2-cbor", Missing("no"), "id")
    body = decode(response.body)
    assert body["__type"].endswith("ResourceNotFoundException")
    assert body["message"] == "no"
    headers = dict(response.headers)
    assert headers["x-amzn-query-error"].endswith(";Sender")
    assert headers["Content-Type"] == "application/cbor"
    result = {"Datapoints": [{"Timestamp": datetime(2020, 1, 1, tzinfo=UTC), "Sum": 1}], "Label": None}
    response = load("cloudwatch").operations["GetMetricStatistics"].serialize("smithy-rpc-v2-cbor", result, "id")
    assert decode(response.body) == {"Datapoints": [{"Timestamp": Tagged(1, 1577836800), "Sum": 1.0}]}
