"""Decodes and encodes CBOR (RFC 8949), as far as the protocol uses it. Decoding is strict.

No library, since a general decoder also creates shared references, regular expressions, decimals with huge exponents
and values of other tags, which requests must not contain. Here the depth is limited, too.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

MAX_DEPTH = 100
_MAX_BIGNUM = 64  # bytes


class Malformed(Exception):
    """The data is not one well-formed item."""


class Tagged(NamedTuple):
    """A tagged value: 1 is a timestamp in epoch seconds."""

    tag: int
    value: Any


class _Break:
    pass


_BREAK = _Break()
_HEAD = {24: 1, 25: 2, 26: 4, 27: 8}


def decode(data: bytes) -> Any:
    """Decode `data`, which must be one item. Raises only Malformed."""
    reader = _Reader(data)
    value = reader.item(0)
    if value is _BREAK:
        raise Malformed("Unexpected break in CBOR")
    if reader.at != len(data):
        raise Malformed("Trailing bytes after the CBOR item")
    return value


class _Reader:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise Malformed("Unexpected end of CBOR")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def item(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Malformed("CBOR is nested too deeply")
        if self.at >= len(self.data):
            raise Malformed("Unexpected end of CBOR")
        first = self.data[self.at]
        self.at += 1
        major, info = first >> 5, first & 31
        if major == 7:
            return self.simple(info)
        indefinite = info == 31
        if indefinite:
            number = -1
            if major in (0, 1, 6):
                raise Malformed("Malformed CBOR head")
        elif info < 24:
            number = info
        elif info in _HEAD:
            number = int.from_bytes(self.take(_HEAD[info]), "big")
        else:
            raise Malformed("Malformed CBOR head")
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return self.chunks(2, depth) if indefinite else self.take(number)
        if major == 3:
            return self.text(self.chunks(3, depth) if indefinite else self.take(number))
        if major == 4:
            return self.array(number, depth)
        return self.map(number, depth) if major == 5 else self.tagged(number, depth)

    @staticmethod
    def text(raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("CBOR text is not valid UTF-8") from error

    def chunks(self, major: int, depth: int) -> bytes:
        out = bytearray()
        while True:
            if self.at < len(self.data) and self.data[self.at] == 0xFF:
                self.at += 1
                return bytes(out)
            if self.at >= len(self.data) or self.data[self.at] >> 5 != major or self.data[self.at] & 31 == 31:
                raise Malformed("Malformed chunk in CBOR string")
            piece = self.item(depth + 1)
            out += piece if isinstance(piece, bytes) else piece.encode()

    def array(self, count: int, depth: int) -> list[Any]:
        out: list[Any] = []
        while len(out) != count:
            value = self.item(depth + 1)
            if value is _BREAK:
                if count < 0:
                    return out
                raise Malformed("Unexpected break in CBOR")
            out.append(value)
        return out

    def map(self, count: int, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        read = 0
        while read != count:
            key = self.item(depth + 1)
            if key is _BREAK:
                if count < 0:
                    return out
                raise Malformed("Unexpected break in CBOR")
            if type(key) is not str:  # numbers can be chosen to have colliding hashes; text cannot
                raise Malformed("A CBOR map's key must be text")
            value = self.item(depth + 1)
            if value is _BREAK:
                raise Malformed("Unexpected break in CBOR")
            out[key] = value
            read += 1
        return out

    def tagged(self, tag: int, depth: int) -> Any:
        value = self.item(depth + 1)
        if value is _BREAK:
            raise Malformed("Unexpected break in CBOR")
        if tag in (2, 3):
            if not isinstance(value, bytes) or len(value) > _MAX_BIGNUM:
                raise Malformed("Malformed CBOR bignum")
            number = int.from_bytes(value, "big")
            return number if tag == 2 else -1 - number
        if tag == 1:
            return Tagged(1, value)
        return value if tag in (24, 32, 55799) else Tagged(tag, value)

    def simple(self, info: int) -> Any:
        if info in (20, 21):
            return info == 21
        if info in (22, 23):
            return None
        if info == 25:
            return struct.unpack(">e", self.take(2))[0]
        if info == 26:
            return struct.unpack(">f", self.take(4))[0]
        if info == 27:
            return struct.unpack(">d", self.take(8))[0]
        if info == 31:
            return _BREAK
        raise Malformed("Unknown simple value in CBOR")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major << 5 | number,))
    if number < 0x100:
        return bytes((major << 5 | 24, number))
    if number < 0x10000:
        return bytes((major << 5 | 25,)) + number.to_bytes(2, "big")
    if number < 0x100000000:
        return bytes((major << 5 | 26,)) + number.to_bytes(4, "big")
    return bytes((major << 5 | 27,)) + number.to_bytes(8, "big")


def encode(value: Any) -> bytes:
    """Encode plain values (and Tagged) as CBOR. Floats are always doubles."""
    parts: list[bytes] = []
    _encode(parts, value)
    return b"".join(parts)


def _encode(parts: list[bytes], value: Any) -> None:
    if isinstance(value, str):
        raw = value.encode("utf-8", "replace")
        parts += (_head(3, len(raw)), raw)
    elif value is None:
        parts.append(b"\xf6")
    elif isinstance(value, bool):
        parts.append(b"\xf5" if value else b"\xf4")
    elif isinstance(value, int):
        _encode_int(parts, value)
    elif isinstance(value, float):
        parts.append(b"\xfb" + struct.pack(">d", value))
    elif isinstance(value, bytes | bytearray):
        parts += (_head(2, len(value)), bytes(value))
    elif isinstance(value, Tagged):
        parts.append(_head(6, value.tag))
        _encode(parts, value.value)
    elif isinstance(value, dict):
        parts.append(_head(5, len(value)))
        for key, item in value.items():
            _encode(parts, key)
            _encode(parts, item)
    else:
        items = list(value)
        parts.append(_head(4, len(items)))
        for item in items:
            _encode(parts, item)


def _encode_int(parts: list[bytes], value: int) -> None:
    number, major = (value, 0) if value >= 0 else (-1 - value, 1)
    if number < 2**64:
        parts.append(_head(major, number))
        return
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    parts += (bytes((0xC2 + major,)), _head(2, len(raw)), raw)
