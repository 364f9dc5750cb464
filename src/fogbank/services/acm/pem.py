"""Certificates and keys: made, parsed, held against each other.

https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .errors import ValidationException

if TYPE_CHECKING:
    from cryptography import x509

_CURVES = {"secp256r1": "EC_prime256v1", "secp384r1": "EC_secp384r1", "secp521r1": "EC_secp521r1"}
_USAGES = {
    "digital_signature": "DIGITAL_SIGNATURE", "content_commitment": "NON_REPUDIATION",
    "key_encipherment": "KEY_ENCIPHERMENT", "data_encipherment": "DATA_ENCIPHERMENT",
    "key_agreement": "KEY_AGREEMENT", "key_cert_sign": "CERTIFICATE_SIGNING", "crl_sign": "CRL_SIGNING",
}  # fmt: skip
_EXTENDED = {
    "1.3.6.1.5.5.7.3.1": "TLS_WEB_SERVER_AUTHENTICATION", "1.3.6.1.5.5.7.3.2": "TLS_WEB_CLIENT_AUTHENTICATION",
    "1.3.6.1.5.5.7.3.3": "CODE_SIGNING", "1.3.6.1.5.5.7.3.4": "EMAIL_PROTECTION", "1.3.6.1.5.5.7.3.8": "TIME_STAMPING",
    "1.3.6.1.5.5.7.3.9": "OCSP_SIGNING", "2.5.29.37.0": "ANY",
}  # fmt: skip


class Facts(msgspec.Struct):
    """What a certificate says of itself, as DescribeCertificate shows it."""

    names: list[str]
    subject: str
    issuer: str
    serial: str
    begins: float
    ends: float
    algorithm: str
    signature: str
    usages: list[str]
    extended: list[dict[str, str]]


def new_key(algorithm: str) -> Any:
    """A private key. RSA keys take up to a second: not for the event loop."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    curves = {"EC_prime256v1": ec.SECP256R1(), "EC_secp384r1": ec.SECP384R1(), "EC_secp521r1": ec.SECP521R1()}
    if algorithm in curves:
        return ec.generate_private_key(curves[algorithm])
    return rsa.generate_private_key(65537, int(algorithm.removeprefix("RSA_")))


def parts(pem: bytes) -> tuple[str, str, str]:
    """Key, certificate and chain of what the authority issued."""
    text = pem.decode("ascii")
    end = "-----END CERTIFICATE-----\n"
    key, _, rest = text.partition("-----BEGIN CERTIFICATE-----")
    first, _, chain = f"-----BEGIN CERTIFICATE-----{rest}".partition(end)
    return key, first + end, chain


def encrypted(key: str, passphrase: bytes) -> str:
    """A private key as PKCS #8, encrypted with a passphrase."""
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(key.encode(), None)
    protection = serialization.BestAvailableEncryption(passphrase)
    return loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode(
        "ascii"
    )


def facts(body: str) -> Facts:
    """Of a certificate that was checked."""
    from cryptography import x509

    return _facts(x509.load_pem_x509_certificate(body.encode()))


def _facts(found: x509.Certificate) -> Facts:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID

    names: list[str] = []
    usages: list[str] = []
    extended: list[dict[str, str]] = []
    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            names = value.get_values_for_type(x509.DNSName)
        elif isinstance(value, x509.KeyUsage):
            usages = [word for field, word in _USAGES.items() if getattr(value, field)]
        elif isinstance(value, x509.ExtendedKeyUsage):
            extended = [
                {"Name": _EXTENDED.get(each.dotted_string, "CUSTOM"), "OID": each.dotted_string} for each in value
            ]
    common = [str(each.value) for each in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    key = found.public_key()
    algorithm = ""
    if isinstance(key, rsa.RSAPublicKey):
        algorithm = f"RSA_{key.key_size}"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = _CURVES.get(key.curve.name, "")
    serial = f"{found.serial_number:x}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    signed = found.signature_hash_algorithm
    return Facts(
        names=list(dict.fromkeys((*common[:1], *names))),
        subject=found.subject.rfc4514_string(),
        issuer=next((str(each.value) for each in found.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)), ""),
        serial=":".join(serial[at : at + 2] for at in range(0, len(serial), 2)),
        begins=found.not_valid_before_utc.timestamp(),
        ends=found.not_valid_after_utc.timestamp(),
        algorithm=algorithm,
        signature=f"{signed.name.upper() if signed else ''}WITH{'RSA' if algorithm.startswith('RSA') else 'ECDSA'}",
        usages=usages,
        extended=extended,
    )


def _read(data: bytes, field: str) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise ValidationException(f"The {field} is not in PEM format, or it is not valid.") from None


def checked(body: bytes, key: bytes, chain: bytes | None, now: float) -> Facts:
    """What is imported. The texts on self-signed certificates and chains are AWS's, the others not confirmed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization

    found = _read(body, "certificate")
    if len(found) != 1:
        raise ValidationException(
            "The certificate field contains more than one certificate. You can specify only one certificate in this "
            "field."
        )
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError):
        raise ValidationException("The private key is not in PEM format, or it is encrypted.") from None
    encoding = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*encoding) != found[0].public_key().public_bytes(*encoding):
        raise ValidationException("The private key does not match the certificate.")
    links = [found[0], *(_read(chain, "certificate chain") if chain else [])]
    if len(links) == 1 and links[0].issuer != links[0].subject:
        raise ValidationException(
            "Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or "
            "certificate chain."
        )
    try:
        for link, issuer in zip(links, links[1:] or links, strict=False):
            link.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        raise ValidationException("Could not validate the certificate with the certificate chain.") from None
    told = _facts(found[0])
    if not told.algorithm:
        raise ValidationException("The algorithm of the certificate's key is not supported.")
    if not told.begins <= now <= told.ends:
        raise ValidationException("The certificate is not valid yet, or it has expired.")
    return told
