"""Object checksums: reads and checks what clients send, computes checksums, and combines those of parts.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import binascii
import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from .crc import engine
from .errors import BadDigest, InvalidDigest, InvalidRequest, S3Error

SIZES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
_MEMBERS = tuple((name, f"Checksum{name}") for name in SIZES)
_NAMES = frozenset(member for _, member in _MEMBERS)
_CRCS = frozenset({"CRC32", "CRC32C", "CRC64NVME"})
COMPOSITE, FULL_OBJECT = "COMPOSITE", "FULL_OBJECT"


class Digest:
    """A running checksum of one algorithm."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self._crc = 0
        self._hash = hashlib.new(algorithm.lower(), usedforsecurity=False) if algorithm not in _CRCS else None

    def update(self, data: bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)
        elif self.algorithm == "CRC32":
            self._crc = zlib.crc32(data, self._crc)
        else:
            self._crc = engine(self.algorithm).update(data, self._crc)

    def value(self) -> str:
        """Returns the checksum in base64, as headers carry it."""
        raw = self._hash.digest() if self._hash is not None else self._crc.to_bytes(SIZES[self.algorithm], "big")
        return b64encode(raw).decode()


def of(algorithm: str, data: bytes) -> str:
    """Computes the checksum of `data` in one step, in base64."""
    if algorithm == "CRC32":  # the algorithm that SDKs use by default
        return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode("ascii")
    digest = Digest(algorithm)
    digest.update(data)
    return digest.value()


class Expected:
    """The checksums that a request claims for its body, and the algorithm to compute and store."""

    __slots__ = ("algorithm", "md5", "value")

    def __init__(self, algorithm: str = "", value: str = "", md5: bytes | None = None) -> None:
        self.algorithm = algorithm
        self.value = value
        self.md5 = md5

    @classmethod
    def of_request(cls, req: Mapping[str, Any], trailing: Iterable[str] = ()) -> Expected:
        """Reads a request's Checksum… members, ChecksumAlgorithm, ContentMD5 and the names of announced trailers."""
        algorithm = value = ""
        for name, member in () if _NAMES.isdisjoint(req) else _MEMBERS:
            given = req.get(member)
            if given is not None:
                if value:
                    raise InvalidRequest(
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
                    )
                algorithm, value = name, given
                check_form(name, given)
        if not value:
            if trailing:
                algorithm = next((n for n in SIZES if f"x-amz-checksum-{n.lower()}" in trailing), "")
            algorithm = algorithm or str(req.get("ChecksumAlgorithm") or "")
        if algorithm and algorithm not in SIZES:
            raise unsupported()
        if value and req.get("ChecksumAlgorithm") not in (None, algorithm):
            raise InvalidRequest(
                "Value for x-amz-sdk-checksum-algorithm header is invalid.", ArgumentName="x-amz-sdk-checksum-algorithm"
            )
        return cls(algorithm, value, md5_of_header(req.get("ContentMD5")))

    def check(self, md5: bytes, checksums: Mapping[str, str]) -> None:
        """Compares the claimed checksums with the computed ones. Raises BadDigest."""
        if self.md5 is not None and self.md5 != md5:
            raise BadDigest(ExpectedDigest=self.md5.hex(), CalculatedDigest=b64encode(md5).decode())
        if self.value and checksums.get(self.algorithm) != self.value:
            raise mismatch(self.algorithm)


def unsupported() -> S3Error:
    return InvalidRequest(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, "
        "CRC64NVME, SHA1, SHA256]"
    )


def mismatch(algorithm: str) -> S3Error:
    return BadDigest(f"The {algorithm} you specified did not match the calculated checksum.")


def check_form(algorithm: str, value: str) -> None:
    """Raises InvalidRequest unless `value` is base64 and decodes to the algorithm's size."""
    try:
        raw = b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != SIZES[algorithm]:
        raise InvalidRequest(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")


def md5_of_header(text: str | None) -> bytes | None:
    """Decodes a Content-MD5 header to its 16 bytes. Raises InvalidDigest."""
    if text is None:
        return None
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 16:
        raise InvalidDigest(ContentMD5=text)
    return raw


def default_type(algorithm: str) -> str:
    """Returns the checksum type of a multipart upload that names an algorithm but no type."""
    return FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE


def check_type(algorithm: str, kind: str) -> None:
    """Raises InvalidRequest for a type that the algorithm lacks: CRC64NVME has FULL_OBJECT only, SHA COMPOSITE only."""
    wrong = (kind == COMPOSITE and algorithm == "CRC64NVME") or (kind == FULL_OBJECT and algorithm not in _CRCS)
    if wrong:
        raise InvalidRequest(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )


def composite(algorithm: str, values: Iterable[str]) -> str:
    """Returns the checksum over the parts' checksums, followed by `-` and the number of parts."""
    raws = [b64decode(value) for value in values]
    return f"{of(algorithm, b''.join(raws))}-{len(raws)}"


def full_object(algorithm: str, parts: Iterable[tuple[str, int]]) -> str:
    """Computes the CRC of the whole object from the CRC and size of each part."""
    crc = engine(algorithm)
    total = 0
    for value, size in parts:
        total = crc.combine(total, int.from_bytes(b64decode(value), "big"), size)
    return b64encode(total.to_bytes(SIZES[algorithm], "big")).decode()
