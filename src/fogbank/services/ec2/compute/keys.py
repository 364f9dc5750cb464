"""Keys for SSH: made, written in the formats of OpenSSH and PuTTY, read, and their fingerprints.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
https://the.earth.li/~sgtatham/putty/0.83/htmldoc/AppendixC.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import textwrap

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from ..errors import NetworkError

BITS = 2048
IMPORTED_BITS = (1024, 2048, 4096)
Private = RSAPrivateKey | Ed25519PrivateKey
Public = RSAPublicKey | Ed25519PublicKey


class Pair(msgspec.Struct):
    type: str
    fingerprint: str
    public: str  # in OpenSSH's form, without a comment
    material: str = ""  # the private key


def make(type: str, format: str, name: str) -> Pair:
    """A new pair of keys. RSA keys take a part of a second."""
    key: Private = generate_private_key(65537, BITS) if type == "rsa" else Ed25519PrivateKey.generate()
    material = _putty(key, name) if format == "ppk" else _pem(key)
    return Pair(type, _of_private(key), _openssh(key.public_key()), material)


def read(material: bytes) -> Pair:
    """A public key that somebody imports: in OpenSSH's form, in RFC 4716's, or DER in base64."""
    key = _read(material.strip())
    if isinstance(key, RSAPublicKey):
        if key.key_size not in IMPORTED_BITS:
            raise _invalid()
        digest = hashlib.md5(_der(key), usedforsecurity=False).digest()
        return Pair("rsa", digest.hex(":"), _openssh(key))
    return Pair("ed25519", _sha256(key), _openssh(key))


def _read(text: bytes) -> Public:
    try:
        if text.startswith(b"---- BEGIN SSH2 PUBLIC KEY ----"):
            text = _rfc4716(text)
        if text.startswith((b"ssh-", b"ecdsa-")):
            key: object = serialization.load_ssh_public_key(b" ".join(text.split()[:2]))
        elif text.startswith(b"-----BEGIN"):
            key = serialization.load_pem_public_key(text)
        else:
            key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid() from None
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
        raise _invalid()
    return key


def _rfc4716(text: bytes) -> bytes:
    lines = [line for line in text.splitlines()[1:-1] if b":" not in line and not line.endswith(b"\\")]
    body = b"".join(lines)
    blob = base64.b64decode(body)
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
    return kind + b" " + body


def _invalid() -> NetworkError:
    return NetworkError("InvalidKey.Format", "Key is not in valid OpenSSH public key format")


def _openssh(key: Public) -> str:
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def _der(key: Public) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _of_private(key: Private) -> str:
    """Of RSA keys that AWS makes, the SHA-1 of the private key; of ED25519 keys, the SHA-256 of the public one."""
    if isinstance(key, Ed25519PrivateKey):
        return _sha256(key.public_key())
    form = serialization.PrivateFormat.PKCS8
    der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    return hashlib.sha1(der, usedforsecurity=False).digest().hex(":")


def _sha256(key: Ed25519PublicKey) -> str:
    blob = base64.b64decode(_openssh(key).split()[1])
    return base64.b64encode(hashlib.sha256(blob).digest()).decode()


def _pem(key: Private) -> str:
    rsa = isinstance(key, RSAPrivateKey)
    form = serialization.PrivateFormat.TraditionalOpenSSL if rsa else serialization.PrivateFormat.OpenSSH
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode().rstrip("\n")


# -- PuTTY -------------------------------------------------------------------------------------------------------------


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _number(value: int) -> bytes:
    return _string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _putty(key: Private, comment: str) -> str:
    """A key file of version 2, not encrypted."""
    kind, blob = _openssh(key.public_key()).split()
    public, secret = base64.b64decode(blob), _secret(key)
    signed = b"".join(map(_string, (kind.encode(), b"none", comment.encode(), public, secret)))
    mac_key = hashlib.sha1(b"putty-private-key-file-mac-key", usedforsecurity=False).digest()
    lines = [f"PuTTY-User-Key-File-2: {kind}", "Encryption: none", f"Comment: {comment}"]
    for title, data in (("Public", public), ("Private", secret)):
        wrapped = textwrap.wrap(base64.b64encode(data).decode(), 64)
        lines += [f"{title}-Lines: {len(wrapped)}", *wrapped]
    return "\n".join([*lines, f"Private-MAC: {hmac.new(mac_key, signed, 'sha1').hexdigest()}"])


def _secret(key: Private) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return _string(key.private_bytes_raw().rstrip(b"\0"))  # a little-endian number
    numbers = key.private_numbers()
    return b"".join(map(_number, (numbers.d, numbers.p, numbers.q, numbers.iqmp)))
