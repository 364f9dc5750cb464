"""Event streams, read by botocore's own decoder."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import ServiceError
from fogbank.core.http import Response
from fogbank.wire import cbor_data, load
from fogbank.wire.eventstream import CONTENT_TYPE, BadFrame, Frame, decode_frames, encode_frame


def read(response: Response) -> list[tuple[dict[str, Any], bytes]]:
    async def collect() -> bytes:
        assert not isinstance(response.body, bytes)
        return b"".join([piece async for piece in response.body])  # type: ignore[union-attr]

    buffer = EventStreamBuffer()
    buffer.add_data(asyncio.run(collect()))
    return [(message.headers, message.payload) for message in buffer]


HEADERS = st.dictionaries(
    st.text(min_size=1, max_size=20).filter(lambda name: len(name.encode()) < 256),
    st.text(max_size=20)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=20)
    | st.uuids()
    | st.integers(0, 2**41).map(lambda ms: datetime.fromtimestamp(ms // 1000, UTC)),
    max_size=5,
)


@given(headers=HEADERS, payload=st.binary(max_size=100))
def test_frames_round_trip(headers: dict[str, Any], payload: bytes) -> None:
    frame = encode_frame(headers, payload)
    assert list(decode_frames(frame * 2)) == [Frame(headers, payload)] * 2


@given(payload=st.binary(max_size=50), data=st.data())
def test_damage_is_noticed(payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame({":event-type": "e"}, payload))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadFrame):
        list(decode_frames(bytes(frame)))
    with pytest.raises(BadFrame):
        list(decode_frames(bytes(frame)[:-1]))


def test_botocore_reads_every_type_of_header() -> None:
    headers = {"s": "ä", "t": True, "f": False, "i": -5, "l": 2**40, "b": b"\x00", "u": uuid.UUID(int=5)}
    buffer = EventStreamBuffer()
    buffer.add_data(encode_frame({**headers, "d": datetime(2020, 1, 1, tzinfo=UTC)}, b"p"))
    message = next(iter(buffer))
    assert message.payload == b"p"
    assert {k: v for k, v in message.headers.items() if k not in ("u", "d")} == {
        k: v for k, v in headers.items() if k != "u"
    }


def test_s3_select() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html"""
    events = [
        {"Records": {"Payload": b"a,b\n"}},
        {"Cont": {}},
        {"Stats": {"Details": {"BytesScanned": 4, "BytesProcessed": 4, "BytesReturned": 4}}},
        {"End": {}},
    ]
    response = load("s3").operations["SelectObjectContent"].serialize("rest-xml", {"Payload": events}, "REQ")
    assert ("Content-Type", CONTENT_TYPE) in response.headers
    assert read(response) == [
        ({":message-type": "event", ":event-type": "Records", ":content-type": "application/octet-stream"}, b"a,b\n"),
        ({":message-type": "event", ":event-type": "Cont"}, b""),
        (
            {":message-type": "event", ":event-type": "Stats", ":content-type": "text/xml"},
            b"<Stats><BytesScanned>4</BytesScanned><BytesProcessed>4</BytesProcessed><BytesReturned>4</BytesReturned></Stats>",
        ),
        ({":message-type": "event", ":event-type": "End"}, b""),
    ]


class SessionTimeout(ServiceError):
    code = "SessionTimeoutException"


class Unmodelled(ServiceError):
    code = "Surprise"


@pytest.mark.parametrize(
    ("error", "headers", "payload"),
    [
        (
            SessionTimeout("too long"),
            {
                ":message-type": "exception",
                ":exception-type": "SessionTimeoutException",
                ":content-type": "application/json",
            },
            b'{"message":"too long"}',
        ),
        (Unmodelled("boo"), {":message-type": "error", ":error-code": "Surprise", ":error-message": "boo"}, b""),
    ],
)
def test_live_tail(error: ServiceError, headers: dict[str, str], payload: bytes) -> None:
    """An rpc protocol opens with initial-response; an error that is raised in the middle ends the stream."""

    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"sessionStart": {"requestId": "r"}}
        await asyncio.sleep(0)
        yield {"sessionUpdate": {"sessionResults": [{"message": "m", "timestamp": 5}], "sessionMetadata": None}}
        raise error

    response = load("logs").operations["StartLiveTail"].serialize("json", {"responseStream": events()}, "REQ")
    frames = read(response)
    assert frames[0][0][":event-type"] == "initial-response"
    assert json.loads(frames[0][1]) == {}
    assert frames[1][0][":event-type"] == "sessionStart"
    assert json.loads(frames[2][1]) == {"sessionResults": [{"message": "m", "timestamp": 5}]}
    assert frames[3] == (headers, payload)
    assert len(frames) == 4


def test_lambda_response_stream() -> None:
    events = [{"PayloadChunk": {"Payload": b"one"}}, {"InvokeComplete": {"ErrorCode": "x"}}]
    result = {"StatusCode": 200, "ExecutedVersion": "1", "EventStream": events}
    response = load("lambda").operations["InvokeWithResponseStream"].serialize("rest-json", result, "REQ")
    assert ("X-Amz-Executed-Version", "1") in response.headers
    frames = read(response)
    assert frames[0][1] == b"one"
    assert json.loads(frames[1][1]) == {"ErrorCode": "x"}


def test_other_members_travel_first() -> None:
    model = load("kinesis")
    response = model.operations["SubscribeToShard"].serialize("json", {"EventStream": []}, "REQ")
    assert [headers[":event-type"] for headers, _ in read(response)] == ["initial-response"]


def test_cbor_payloads() -> None:
    assert cbor_data.decode(cbor_data.encode({"a": [1, -1, 2**70, 1.5, b"x", None, True]})) == {
        "a": [1, -1, 2**70, 1.5, b"x", None, True]
    }
