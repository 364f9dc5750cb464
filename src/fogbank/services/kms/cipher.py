"""Ciphertext blobs: a header that names the key, then AES-256-GCM with the encryption context as associated data.

    1 byte version · 1 byte length of what follows · "region/account/id" · 2 bytes generation · 12 bytes nonce · sealed

As on AWS, a blob is opaque, says which key opens it, and does not open with another context.
"""

from __future__ import annotations

from typing import NamedTuple

from .errors import InvalidCiphertextException

_VERSION = 1


class Header(NamedTuple):
    region: str
    account: str
    key_id: str
    generation: int
    nonce: bytes
    sealed: bytes


def associated(context: dict[str, str] | None) -> bytes:
    """The canonical bytes of an encryption context: order does not matter, case does."""
    return b"".join(
        len(part.encode()).to_bytes(4, "big") + part.encode()
        for key, value in sorted((context or {}).items())
        for part in (key, value)
    )


def seal(
    material: list[bytes], region: str, account: str, key_id: str, nonce: bytes, plaintext: bytes, aad: bytes
) -> bytes:
    """Encrypt under the newest backing key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    place = f"{region}/{account}/{key_id}".encode()
    head = bytes([_VERSION, len(place)]) + place + (len(material) - 1).to_bytes(2, "big") + nonce
    return head + AESGCM(material[-1]).encrypt(nonce, plaintext, head + aad)


def header(blob: bytes) -> Header:
    """Which key a blob was made with; InvalidCiphertextException for anything else."""
    try:
        version, size = blob[0], blob[1]
        region, account, key_id = blob[2 : 2 + size].decode().split("/")
    except (IndexError, ValueError):
        raise InvalidCiphertextException from None
    at = 2 + size
    if version != _VERSION or len(blob) < at + 14 + 16:
        raise InvalidCiphertextException
    generation = int.from_bytes(blob[at : at + 2], "big")
    return Header(region, account, key_id, generation, blob[at + 2 : at + 14], blob[at + 14 :])


def unseal(material: list[bytes], blob: bytes, aad: bytes) -> bytes:
    """Decrypt; InvalidCiphertextException when the blob or the context is not the one it was sealed with."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    found = header(blob)
    if found.generation >= len(material):
        raise InvalidCiphertextException
    head = blob[: len(blob) - len(found.sealed)]
    try:
        return AESGCM(material[found.generation]).decrypt(found.nonce, found.sealed, head + aad)
    except InvalidTag:
        raise InvalidCiphertextException from None
