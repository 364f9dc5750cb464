"""Keys as bytes: tuples are encoded so that the bytes sort as the tuples do.

Each element is a tag byte and its content; None < bool < int < bytes < str, and a tuple sorts before its extensions.
Tags lie between 0x02 and 0x40, so 0x00 and 0x01 sort below every element and 0xFF above. Range bounds are built from
these bytes.

    None, False, True    02, 03, 04
    int                  20 - n … 20 … 20 + n: n big-endian bytes of the magnitude, complemented when negative;
                         beyond eight bytes 17 / 29 and the length in two bytes (complemented when negative)
    bytes, str (UTF-8)   30 / 38, the content with 00 escaped as 00 FF, a closing 00
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .api import Key, KeyPart

NONE, FALSE, TRUE = 0x02, 0x03, 0x04
LONG_NEGATIVE, ZERO, LONG_POSITIVE = 0x17, 0x20, 0x29
BYTES, STR = 0x30, 0x38

_NONE, _FALSE, _TRUE, _ZERO = bytes([NONE]), bytes([FALSE]), bytes([TRUE]), bytes([ZERO])
_POSITIVE = tuple(bytes([ZERO + size]) for size in range(9))  # first bytes of positive ints of up to eight bytes
_BYTES, _STR = bytes([BYTES]), bytes([STR])
TEXTS = f"\x00{chr(STR)}"  # between two str elements

SEPARATOR = b"\x01"  # between the parts of an index row: below every tag
BEYOND = b"\xff"  # above every tag: the end of a prefix's range


def encode(key: Key) -> bytes:
    """Encode a key. Raises TypeError for an element that is no key part, ValueError for a lone surrogate."""
    if key and type(key[-1]) is str:
        try:
            text = TEXTS.join(key)  # type: ignore[arg-type]
            if text.count("\x00") == len(key) - 1:  # the common case: only str, without NUL
                return _STR + text.encode() + b"\x00"
        except TypeError:
            pass
    out = b""
    if len(key) > 3 and type(key[0]) is type(key[1]) is type(key[2]) is str:  # usually account, region and a name
        out = _head(key[:3])
        key = key[3:]
    for part in key:
        kind = type(part)
        if kind is bytes:
            out += _BYTES + (part.replace(b"\x00", b"\x00\xff") if b"\x00" in part else part) + b"\x00"  # type: ignore[union-attr,arg-type,operator]
        elif kind is str:
            out += _STR + part.encode().replace(b"\x00", b"\x00\xff") + b"\x00"  # type: ignore[union-attr]
        elif kind is int:
            out += _encode_int(part)
        else:
            out += _encode_other(part, kind)
    return out


@lru_cache(4096)
def _head(texts: tuple[str, ...]) -> bytes:
    return b"".join([_STR + text.encode().replace(b"\x00", b"\x00\xff") + b"\x00" for text in texts])


def _encode_other(part: KeyPart, kind: type) -> bytes:
    if part is None:
        return _NONE
    if part is True:
        return _TRUE
    if part is False:
        return _FALSE
    if isinstance(part, str):  # a str enumeration, for example
        return encode((str.__str__(part),))
    if isinstance(part, int):
        return _encode_int(int(part))
    raise TypeError(f"{kind.__name__} cannot be part of a key: {part!r}")


@lru_cache(4096)
def _encode_int(value: int) -> bytes:
    if 0 < value <= 0xFFFFFFFFFFFFFFFF:
        size = (value.bit_length() + 7) >> 3
        return _POSITIVE[size] + value.to_bytes(size, "big")
    if value == 0:
        return _ZERO
    magnitude = abs(value)
    size = (magnitude.bit_length() + 7) >> 3
    if size > 0xFFFF:
        raise ValueError("an int of more than 65,535 bytes cannot be part of a key")
    if value > 0:
        head = bytes([LONG_POSITIVE]) + size.to_bytes(2, "big")
        return head + magnitude.to_bytes(size, "big")
    head = bytes([ZERO - size]) if size <= 8 else bytes([LONG_NEGATIVE]) + (0xFFFF - size).to_bytes(2, "big")
    return head + ((1 << (8 * size)) - 1 - magnitude).to_bytes(size, "big")


def decode(raw: bytes) -> Key:
    """Decode bytes into a key: the inverse of `encode`. Raises ValueError for bytes that are no encoded key."""
    parts: list[KeyPart] = []
    at, end = 0, len(raw)
    while at < end:
        tag = raw[at]
        at += 1
        if tag in (STR, BYTES):
            content, at = _terminated(raw, at)
            parts.append(content.decode() if tag == STR else content)
        elif tag in (NONE, FALSE, TRUE):
            parts.append(None if tag == NONE else tag == TRUE)
        elif LONG_NEGATIVE <= tag <= LONG_POSITIVE:
            value, at = _decode_int(raw, at, tag)
            parts.append(value)
        else:
            raise ValueError(f"no key: tag {tag:#04x} at byte {at - 1}")
    return tuple(parts)


def _terminated(raw: bytes, at: int) -> tuple[bytes, int]:
    """The unescaped content that starts at `at`, and the position of the next element."""
    cursor = at
    while True:
        stop = raw.find(b"\x00", cursor)
        if stop < 0:
            raise ValueError(f"no key: unterminated text at byte {at}")
        if raw[stop + 1 : stop + 2] != b"\xff":
            return raw[at:stop].replace(b"\x00\xff", b"\x00"), stop + 1
        cursor = stop + 2


def _decode_int(raw: bytes, at: int, tag: int) -> tuple[int, int]:
    size = abs(tag - ZERO)
    if tag == LONG_POSITIVE:
        size, at = int.from_bytes(raw[at : at + 2], "big"), at + 2
    elif tag == LONG_NEGATIVE:
        size, at = 0xFFFF - int.from_bytes(raw[at : at + 2], "big"), at + 2
    content = raw[at : at + size]
    if len(content) != size:
        raise ValueError(f"no key: an int is cut short at byte {at}")
    value = int.from_bytes(content, "big")
    if tag < ZERO:
        value -= (1 << (8 * size)) - 1
    return value, at + size


def entries(found: Key | Sequence[Key] | None) -> list[Key]:
    """Normalise the result of an index function (None, one entry, or several) to a list."""
    if found is None:
        return []
    if isinstance(found, tuple):
        if found and all(isinstance(part, tuple) for part in found):
            return list(found)
        return [found]
    return list(found)


def ceiling(prefix: bytes) -> bytes:
    """The smallest bytes above everything that starts with `prefix` (any bytes, not only whole keys)."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else b"\xff" * 32
