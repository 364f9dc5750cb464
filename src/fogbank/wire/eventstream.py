"""The format application/vnd.amazon.eventstream: frames with typed headers and two checksums, and events in them.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html (the frames),
https://smithy.io/2.0/aws/amazon-eventstream.html (what a frame's headers mean).

An operation returns its events as an async iterator (or any iterable) of one-entry dicts,
`{"Records": {"Payload": b"…"}}`. If the iterator raises a ServiceError, an exception frame ends the stream.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from fogbank.core.errors import CommonError, ServiceError
from fogbank.core.http import Response

from . import timestamps
from .shapes import Ref, Shape

if TYPE_CHECKING:
    from .models import OperationModel

CONTENT_TYPE = "application/vnd.amazon.eventstream"
MAX_FRAME = 24 * 1024 * 1024
_PRELUDE = struct.Struct(">III")
_FIXED = {2: ">b", 3: ">h", 4: ">i", 5: ">q"}

Header = str | bool | int | bytes | datetime | uuid.UUID


class BadFrame(ValueError):
    """The bytes are not a valid frame, or a checksum is wrong."""


class Frame(NamedTuple):
    headers: dict[str, Header]
    payload: bytes


def encode_frame(headers: dict[str, Header], payload: bytes = b"") -> bytes:
    """Encode a frame with its prelude, headers, payload and checksums."""
    packed = b"".join(_encode_header(name, value) for name, value in headers.items())
    total = len(packed) + len(payload) + 16
    prelude = struct.pack(">II", total, len(packed))
    head = prelude + struct.pack(">I", crc32(prelude))
    message = b"".join((head, packed, payload))
    return message + struct.pack(">I", crc32(message))


def _encode_header(name: str, value: Header) -> bytes:
    raw = name.encode()
    head = bytes((len(raw),)) + raw
    if isinstance(value, str):
        text = value.encode()
        return head + b"\x07" + struct.pack(">H", len(text)) + text
    if isinstance(value, bool):
        return head + (b"\x00" if value else b"\x01")
    if isinstance(value, int):
        return head + (
            b"\x04" + struct.pack(">i", value) if -(2**31) <= value < 2**31 else b"\x05" + struct.pack(">q", value)
        )
    if isinstance(value, datetime):
        return head + b"\x08" + struct.pack(">q", round(timestamps.epoch(value) * 1000))
    if isinstance(value, uuid.UUID):
        return head + b"\x09" + value.bytes
    return head + b"\x06" + struct.pack(">H", len(value)) + value


def decode_frames(data: bytes) -> Iterator[Frame]:
    """Decode the frames in `data`. Raises BadFrame if one is damaged or the last one is truncated."""
    at = 0
    while at < len(data):
        if len(data) - at < 16:
            raise BadFrame("a frame is cut off")
        total, length, check = _PRELUDE.unpack_from(data, at)
        if check != crc32(data[at : at + 8]) or not 16 + length <= total <= MAX_FRAME or at + total > len(data):
            raise BadFrame("a frame's prelude is damaged")
        end = at + total
        if struct.unpack_from(">I", data, end - 4)[0] != crc32(data[at : end - 4]):
            raise BadFrame("a frame's checksum is wrong")
        yield Frame(_decode_headers(data[at + 12 : at + 12 + length]), data[at + 12 + length : end - 4])
        at = end


def _decode_headers(data: bytes) -> dict[str, Header]:
    found: dict[str, Header] = {}
    at = 0
    try:
        while at < len(data):
            size = data[at]
            name = data[at + 1 : at + 1 + size].decode()
            kind = data[at + 1 + size]
            at += 2 + size
            found[name], used = _decode_value(kind, data, at)
            at += used
    except (IndexError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise BadFrame("a frame's headers are damaged") from error
    return found


def _decode_value(kind: int, data: bytes, at: int) -> tuple[Header, int]:
    if kind in (0, 1):
        return kind == 0, 0
    if kind in _FIXED:
        return struct.unpack_from(_FIXED[kind], data, at)[0], struct.calcsize(_FIXED[kind])
    if kind in (6, 7):
        size = struct.unpack_from(">H", data, at)[0]
        raw = data[at + 2 : at + 2 + size]
        if len(raw) != size:
            raise ValueError("cut off")
        return (raw.decode() if kind == 7 else raw), 2 + size
    if kind == 8:
        return timestamps.from_epoch(struct.unpack_from(">q", data, at)[0] / 1000), 8
    if kind == 9:
        return uuid.UUID(bytes=data[at : at + 16]), 16
    raise ValueError("unknown header type")


# -- events -----------------------------------------------------------------------------------------------------------


def _body_writer(shape: Shape, protocol: str) -> tuple[str, Callable[[dict[str, Any]], bytes]]:
    """How a protocol serializes a structure as a payload: the content type and the function."""
    if protocol == "rest-xml":
        from .xml_write import writers

        inner = writers(shape.model).members(shape)

        def write_xml(value: dict[str, Any]) -> bytes:
            parts = [f"<{shape.name}>"]
            inner(parts.append, value)
            parts.append(f"</{shape.name}>")
            return "".join(parts).encode("utf-8", "replace")

        return "text/xml", write_xml
    if protocol == "smithy-rpc-v2-cbor":
        from .cbor import writer
        from .cbor_data import encode as encode_cbor

        write = writer(shape)
        return "application/cbor", lambda value: encode_cbor(write(value))
    from .json_write import encode, structure_writer

    write_json = structure_writer(shape)
    return "application/json", lambda value: encode(write_json(value))


def event_writer(name: str, ref: Ref, protocol: str) -> Callable[[dict[str, Any]], bytes]:
    """Make the function that encodes one kind of event."""
    shape = ref.shape
    base: dict[str, Header] = {":message-type": "event", ":event-type": name}
    if shape.raw.exception:
        base = {":message-type": "exception", ":exception-type": name}
    marked = {n: r for n, r in shape.members.items() if r.raw.eventheader}
    payload = next((r for r in shape.members.values() if r.raw.eventpayload), None)
    rest = {n: r for n, r in shape.members.items() if n not in marked}
    if payload is not None and payload.shape.type in ("blob", "string"):
        kind = "application/octet-stream" if payload.shape.type == "blob" else "text/plain"
        pick = payload.name
        body: Callable[[dict[str, Any]], bytes] = lambda event: _bytes(event.get(pick))  # noqa: E731
    elif payload is not None:
        kind, write = _body_writer(payload.shape, protocol)
        pick = payload.name
        body = lambda event: write(event.get(pick) or {})  # noqa: E731
    elif rest or protocol != "rest-xml":
        kind, body = _body_writer(shape, protocol)
    else:
        kind, body = "", lambda event: b""
    if kind:
        base[":content-type"] = kind

    def encode(event: dict[str, Any]) -> bytes:
        headers = {**base, **{n: event[n] for n in marked if event.get(n) is not None}}
        return encode_frame(headers, body({n: v for n, v in event.items() if n not in marked}))

    return encode


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value or b"")


def exception_frame(ref: Ref, protocol: str, error: ServiceError) -> bytes:
    """Encode the frame that ends a stream with an error: an exception if the model has it, else a plain error."""
    for name, member in ref.shape.members.items():
        if member.shape.raw.exception and error.code in (name, member.shape.name):
            message = next((n for n in member.shape.members if n.lower() == "message"), "message")
            return event_writer(name, member, protocol)({message: error.message, **error.members})
    code = error.code_for("json") if isinstance(error, CommonError) else error.code
    return encode_frame({":message-type": "error", ":error-code": code, ":error-message": error.message})


async def frames(ref: Ref, protocol: str, source: Any, initial: bytes = b"") -> AsyncIterator[bytes]:
    """Generate the response body of an event stream, frame by frame."""
    if initial:
        yield initial
    writers: dict[str, Callable[[dict[str, Any]], bytes]] = {}
    try:
        async for event in _async(source):
            for name, value in event.items():
                if value is None:
                    continue
                write = writers.get(name)
                if write is None:
                    write = writers[name] = event_writer(name, ref.shape.members[name], protocol)
                yield write(value)
    except ServiceError as error:
        yield exception_frame(ref, protocol, error)


async def _async(source: AsyncIterator[Any] | Iterable[Any] | None) -> AsyncIterator[Any]:
    if source is None:
        return
    if hasattr(source, "__aiter__"):
        async for item in source:
            yield item
        return
    for item in source:
        yield item


def rpc_response(operation: OperationModel, protocol: str, result: dict[str, Any], request_id: str) -> Response:
    """Make the response with an event stream in an rpc protocol. An `initial-response` event has the other members."""
    ref, shape = operation.event_member, operation.output_shape
    assert ref is not None
    assert shape is not None
    plain = {name: value for name, value in (result or {}).items() if name != ref.name}
    kind, write = _body_writer(shape, protocol)
    opening: dict[str, Header] = {":message-type": "event", ":event-type": "initial-response", ":content-type": kind}
    initial = encode_frame(opening, write(plain))
    headers = [("Content-Type", CONTENT_TYPE), ("x-amzn-RequestId", request_id)]
    if protocol == "smithy-rpc-v2-cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return Response(200, headers, frames(ref, protocol, (result or {}).get(ref.name), initial))
