"""The protocol smithy-rpc-v2-cbor: POST /service/X/operation/Y with a CBOR map.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import SerializationError
from fogbank.core.http import Response

from . import timestamps
from .cbor_data import Malformed, Tagged, decode, encode
from .compression import inflate
from .shapes import FLOATS, INTEGERS, Ref, Shape

if TYPE_CHECKING:
    from fogbank.core.http import Request

    from .models import OperationModel, ServiceModel

CONTENT_TYPE = "application/cbor"
_PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")
_NAMES = {str: "STRING_VALUE", bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", bytes: "BLOB_VALUE"}


class CborCodec:
    def __init__(self, operation: OperationModel) -> None:
        self._operation = operation
        self._shape = operation.input_shape
        output = operation.output_shape
        self._write = None if output is None else writer(output)
        self._events = operation.event_member

    def parse(self, request: Request, labels: dict[str, str], body: bytes | None) -> dict[str, Any]:
        if self._shape is None:
            return {}
        data = inflate(request, body or b"", self._operation)
        params = read_structure(self._shape, decode_body(data)) if data else {}
        self._operation.validate(params)
        return params

    def serialize(self, result: dict[str, Any], request_id: str) -> Response:
        if self._events is not None:
            from .eventstream import rpc_response

            return rpc_response(self._operation, "smithy-rpc-v2-cbor", result, request_id)
        headers = [_PROTOCOL, ("x-amzn-RequestId", request_id)]
        if self._write is None:
            return Response(200, headers, b"")
        headers.append(("Content-Type", CONTENT_TYPE))
        return Response(200, headers, encode(self._write(result or {})))


def decode_body(data: bytes) -> Any:
    """Decode a body. Raises SerializationError if it is not one well-formed CBOR item."""
    try:
        return decode(data)
    except Malformed as error:
        raise SerializationError(str(error)) from error


def error_body(
    model: ServiceModel | None, name: str, message: str, members: dict[str, Any], shape: Shape | None
) -> Response:
    """Serialize an error: a map with __type, the message, and the members of its shape."""
    body: dict[str, Any] = {}
    if shape is not None:
        body = writer(shape)(members)
    if message and not any(key.lower() == "message" for key in body):
        body["message"] = message
    namespace = model.manner.error_namespace if model is not None else ""
    body = {"__type": f"{namespace}#{name}" if namespace else name, **body}
    return Response(400, [_PROTOCOL, ("Content-Type", CONTENT_TYPE)], encode(body))


# -- reading ----------------------------------------------------------------------------------------------------------


def _wrong(kind: str, value: Any) -> SerializationError:
    if isinstance(value, list):
        return SerializationError("Start of list found where not expected")
    if isinstance(value, dict):
        return SerializationError("Start of structure or map found where not expected.")
    token = _NAMES.get(type(value), "VALUE")
    article = "an" if kind[0] in "aeiou" else "a"
    return SerializationError(f"{token} can not be converted to {article} {kind.capitalize()}")


def read_structure(shape: Shape, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong("structure", value) if isinstance(value, list) else SerializationError("Expected null")
    out = {}
    members = shape.members
    for name, item in value.items():
        ref = members.get(name)
        if ref is not None and item is not None:
            out[name] = _read(ref, item)
    return out


def _read(ref: Ref, value: Any) -> Any:
    shape = ref.shape
    kind = shape.type
    if kind == "structure":
        return value if shape.is_document else read_structure(shape, value)
    if kind == "list":
        if not isinstance(value, list):
            raise SerializationError("Expected list or null")
        member = shape.member
        if shape.raw.sparse:
            return [None if item is None else _read(member, item) for item in value]
        return [_read(member, item) for item in value if item is not None]
    if kind == "map":
        if not isinstance(value, dict):
            raise SerializationError("Expected map or null")
        return _read_map(shape, value)
    return _read_scalar(kind, value)


def _read_map(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if item is not None:
            out[key] = _read(shape.value, item)
        elif shape.raw.sparse:
            out[key] = None
    return out


def _read_scalar(kind: str, value: Any) -> Any:
    if kind == "timestamp":
        seconds = value.value if isinstance(value, Tagged) and value.tag == 1 else value
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            try:
                return timestamps.from_epoch(seconds)
            except ValueError as error:
                raise SerializationError(str(error)) from error
        raise _wrong(kind, value)
    if isinstance(value, Tagged):
        raise _wrong(kind, value)
    if kind == "blob":
        if isinstance(value, bytes):
            return value
    elif kind == "boolean":
        if isinstance(value, bool):
            return value
    elif isinstance(value, bool):
        raise _wrong(kind, value)
    elif kind in INTEGERS:
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
            value = int(value)
        bits = {"byte": 7, "short": 15, "integer": 31, "biginteger": 2000}.get(kind, 63)
        if isinstance(value, int) and -(2**bits) <= value < 2**bits:
            return value
    elif kind in FLOATS:
        if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**1000):
            return float(value)
    elif isinstance(value, str):
        return value
    raise _wrong(kind, value)


# -- writing ----------------------------------------------------------------------------------------------------------

Write = Callable[[Any], Any]


def writer(shape: Shape) -> Write:
    """Make a function that converts plain dicts for the encoder: wire names, tagged timestamps, no Nones."""
    cache: dict[str, Write] = shape.model.__dict__.setdefault("_cbor_writers", {})
    return _writer(shape, cache)


def _writer(shape: Shape, cache: dict[str, Write]) -> Write:
    kind = shape.type
    if kind == "timestamp":
        return _timestamp
    if kind == "blob":
        return lambda value: value.encode() if isinstance(value, str) else bytes(value)
    if kind in FLOATS:
        return float
    if kind not in ("structure", "list", "map") or shape.is_document:
        return lambda value: value
    if shape.name in cache:
        return cache[shape.name]
    if kind == "structure":
        made: Write = _structure(shape, cache)
    elif kind == "list":
        each = _writer(shape.member.shape, cache)
        if shape.raw.sparse:
            made = lambda value: [None if item is None else each(item) for item in value]  # noqa: E731
        else:
            made = lambda value: [each(item) for item in value if item is not None]  # noqa: E731
    else:
        of = _writer(shape.value.shape, cache)
        if shape.raw.sparse:
            made = lambda value: {key: None if item is None else of(item) for key, item in value.items()}  # noqa: E731
        else:
            made = lambda value: {key: of(item) for key, item in value.items() if item is not None}  # noqa: E731
    cache[shape.name] = made
    return made


def _timestamp(value: Any) -> Tagged:
    if isinstance(value, datetime):
        return Tagged(1, timestamps.epoch(value))
    return Tagged(1, value if isinstance(value, int | float) else timestamps.epoch(value))


def _structure(shape: Shape, cache: dict[str, Write]) -> Write:
    table: dict[str, Write] = {}

    def write(value: dict[str, Any]) -> dict[str, Any]:
        if not table:
            table.update({name: _writer(ref.shape, cache) for name, ref in shape.members.items()})
        out = {}
        for name, item in value.items():
            if item is not None and name in table:
                out[name] = table[name](item)
        return out

    return write
