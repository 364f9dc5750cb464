"""Uploads by an HTML form: reads multipart/form-data piece by piece, and checks the conditions of the form's policy.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from .errors import AccessDenied, EntityTooLarge, EntityTooSmall, InvalidPolicyDocument, MalformedPOSTRequest

_FIELDS_LIMIT = 20 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^;,\s]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"', re.IGNORECASE)
_FILENAME = re.compile(rb'\bfilename="([^"]*)"', re.IGNORECASE)
# form fields that the policy need not cover with a condition
_FREE = frozenset({"awsaccesskeyid", "signature", "policy", "file", "x-amz-signature"})


PIECE = 16 * 1024  # bytes that are searched at a time


async def _pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Splits a body into small pieces, so that cutting the front off the buffer stays cheap."""
    async for chunk in body:
        for at in range(0, len(chunk), PIECE):
            yield chunk[at : at + PIECE]


class Form:
    """A parsed form: the fields before the file (names in lower case), and the file's bytes as a stream."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        match = _BOUNDARY.search(content_type)
        if match is None:
            raise MalformedPOSTRequest
        self._delimiter = b"\r\n--" + (match[1] or match[2]).encode("latin-1")
        self._body = _pieces(body)
        self._taken = 0  # bytes of the form that were read so far
        self._buffer = b"\r\n"  # makes the first delimiter look like the others
        self._over = False
        self.fields: dict[str, str] = {}
        self.filename = ""
        self.file_type = ""

    async def open(self) -> None:
        """Reads up to the first byte of the file. Raises MalformedPOSTRequest."""
        await self._until(self._delimiter)
        begun = self._taken
        while True:
            if self._taken - begun > _FIELDS_LIMIT:
                raise MalformedPOSTRequest("Your POST request fields preceding the upload file were too large.")
            line = await self._until(b"\r\n")
            if line.strip() == b"--":
                raise MalformedPOSTRequest("POST requires exactly one file upload per request.")
            head = await self._until(b"\r\n\r\n")
            name = _NAME.search(head)
            if name is None:
                raise MalformedPOSTRequest
            field = name[1].decode("utf-8", "replace").lower()
            if field == "file":
                filename = _FILENAME.search(head)
                self.filename = filename[1].decode("utf-8", "replace") if filename else ""
                found = re.search(rb"content-type:\s*([^\r\n]+)", head, re.IGNORECASE)
                self.file_type = found[1].decode("latin-1").strip() if found else ""
                return
            value = await self._until(self._delimiter)
            self.fields[field] = value.decode("utf-8", "replace")

    async def _until(self, mark: bytes) -> bytes:
        """Reads up to and including `mark`; returns the bytes before it."""
        while (at := self._buffer.find(mark)) < 0:
            if len(self._buffer) > 2 * _FIELDS_LIMIT or not await self._more():
                raise MalformedPOSTRequest
        found, self._buffer = self._buffer[:at], self._buffer[at + len(mark) :]
        self._taken += at + len(mark)
        return found

    async def _more(self) -> bool:
        async for chunk in self._body:
            self._buffer += chunk
            return True
        return False

    async def file(self) -> AsyncIterator[bytes]:
        """Yields the file's bytes, up to the delimiter. Ignores the fields behind the file, as S3 does."""
        mark = self._delimiter
        while True:
            at = self._buffer.find(mark)
            if at >= 0:
                if at:
                    yield self._buffer[:at]
                self._buffer = self._buffer[at:]
                return
            keep = len(mark) - 1
            if len(self._buffer) > keep:
                yield self._buffer[:-keep]
                self._buffer = self._buffer[-keep:]
            if not await self._more():
                raise MalformedPOSTRequest


def check_conditions(conditions: list[Any], fields: dict[str, str], bucket: str) -> tuple[int, int] | None:
    """Raises AccessDenied unless the fields meet every condition and every field has a condition.

    Returns the content-length-range, if there is one.
    """
    present = {**fields, "bucket": bucket}
    covered: set[str] = set()
    span: tuple[int, int] | None = None
    for condition in conditions:
        if isinstance(condition, dict):
            for name, value in condition.items():
                _check(present, name, "eq", str(value), condition)
                covered.add(name.lower())
        elif isinstance(condition, list) and len(condition) == 3:
            kind, name, value = str(condition[0]).lower(), condition[1], condition[2]
            if kind == "content-length-range":
                span = _span(name, value)
                continue
            name = str(name).removeprefix("$")
            _check(present, name, kind, str(value), condition)
            covered.add(name.lower())
        else:
            raise InvalidPolicyDocument("Invalid Policy: Invalid condition.")
    for name in fields:
        if name not in covered and name not in _FREE and not name.startswith("x-ignore-"):
            raise AccessDenied(f"Invalid according to Policy: Extra input fields: {name}")
    return span


def _span(low: Any, high: Any) -> tuple[int, int]:
    try:
        return int(low), int(high)
    except (ValueError, TypeError):
        raise InvalidPolicyDocument("Invalid Policy: Invalid content-length-range.")


def _check(present: dict[str, str], name: str, kind: str, value: str, condition: Any) -> None:
    actual = present.get(name.lower(), "")
    if kind == "eq":
        holds = actual == value
    elif kind == "starts-with":
        # Content-Type may list several types; each of them must have the prefix
        parts = actual.split(",") if name.lower() == "content-type" else [actual]
        holds = all(part.strip().startswith(value) for part in parts)
    else:
        raise InvalidPolicyDocument(f"Invalid Policy: Invalid condition operation '{kind}'.")
    if not holds:
        shown = [kind, f"${name}", value]
        text = ", ".join(f'"{part}"' for part in shown)
        raise AccessDenied(f"Invalid according to Policy: Policy Condition failed: [{text}]")


class Measured:
    """A body of unknown length that raises an error when its size is outside a range."""

    length: int | None = None

    def __init__(self, pieces: AsyncIterator[bytes], span: tuple[int, int]) -> None:
        self._pieces = pieces
        self._low, self._high = span
        self.size = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            self.size += len(piece)
            if self.size > self._high:
                raise EntityTooLarge(ProposedSize=str(self.size), MaxSizeAllowed=str(self._high))
            yield piece
        if self.size < self._low:
            raise EntityTooSmall(ProposedSize=str(self.size), MinSizeAllowed=str(self._low))
