"""The local certificate authority. Imported when the first TLS byte arrives: cryptography takes a while to load."""

from __future__ import annotations

import ipaddress
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fogbank.core import private

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_AUTHORITY_DAYS = 3650
LEAF_DAYS = 397  # the longest lifetime that Apple's and the browsers' verifiers accept


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_new(path: Path, data: bytes) -> None:
    """Write a file atomically."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class Authority:
    """A certificate authority in a folder: `ca.pem` is for clients to trust, `ca.key` is private."""

    def __init__(self, folder: Path) -> None:
        """Load the authority in `folder`. Creates one if there is none or it has expired. Raises OSError."""
        certificate, key = folder / "ca.pem", folder / "ca.key"
        now = datetime.now(UTC)
        if certificate.exists() and key.exists():
            self.pem = certificate.read_bytes()
            self._certificate = x509.load_pem_x509_certificate(self.pem)
            loaded = serialization.load_pem_private_key(key.read_bytes(), None)
            if isinstance(loaded, ec.EllipticCurvePrivateKey) and self._certificate.not_valid_after_utc > now:
                self._key = loaded
                return
        private.folder(folder)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._make_root(now)
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        _write_new(key, _pem(self._key))
        _write_new(certificate, self.pem)

    def _make_root(self, now: datetime) -> x509.Certificate:
        serial = x509.random_serial_number()
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Fogbank"),
                # unique, to tell the authorities of data directories apart in a trust store
                x509.NameAttribute(NameOID.COMMON_NAME, f"Fogbank local CA {serial:x}"[:40]),
            ]
        )
        public = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(public)
            .serial_number(serial)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=_AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def issue(
        self, names: list[str], addresses: list[str], *, key: PrivateKey | None = None, now: datetime | None = None
    ) -> bytes:
        """Issue a certificate for DNS `names` and IP `addresses`. Returns key and chain (leaf, authority) as PEM.

        It is for a new key, and valid from now on the machine's clock, unless others are given.
        """
        now = now or datetime.now(UTC)
        key = key or ec.generate_private_key(ec.SECP256R1())
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(min(now + timedelta(days=LEAF_DAYS - 1), self._certificate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(key) + leaf.public_bytes(serialization.Encoding.PEM) + self.pem


def _usage(*, sign: bool) -> x509.KeyUsage:
    """The key usage: a leaf's key signs handshakes, an authority's key signs certificates."""
    return x509.KeyUsage(
        digital_signature=sign,
        key_cert_sign=not sign,
        crl_sign=not sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
