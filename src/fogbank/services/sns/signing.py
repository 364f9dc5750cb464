"""Signs notifications: RSA over the fields that AWS signs, with this cloud's own certificate.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fogbank.core.context import Cloud, Context
from fogbank.core.http import Response
from fogbank.core.operation import endpoint
from fogbank.core.visit import Visit
from fogbank.store.api import Record, Table, Transaction

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Certificate(Record):
    """The key and the certificate of the whole cloud, both PEM."""

    key: bytes
    certificate: bytes


CERTIFICATES = Table("sns/certificate", Certificate, key=lambda _: ("certificate",))


class Signer:
    """Holds the loaded key (one per cloud, see Context.app.local)."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._key: RSAPrivateKey | None = None
        cloud.signals.on("reset", self._forget)

    def _forget(self) -> None:
        self._key = None

    async def key(self, ctx: Context) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        if self._key is None:
            kept = await certificate(ctx)
            loaded = await asyncio.to_thread(load_pem_private_key, kept.key, None)
            assert isinstance(loaded, RSAPrivateKey)
            self._key = loaded
        return self._key


async def certificate(ctx: Context) -> Certificate:
    """The cloud's notification certificate, created on first use."""
    kept = await ctx.fetch(lambda tx: tx.get(CERTIFICATES, ("certificate",)))
    if kept is None:
        made = await asyncio.to_thread(_make)

        def keep(tx: Transaction) -> Certificate:
            first = tx.get(CERTIFICATES, ("certificate",)) or made
            tx.put(CERTIFICATES, first)
            return first

        kept = await ctx.transact(keep)
    return kept


def _make() -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com (Fogbank)")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365 * 60))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificate(key=pem, certificate=built.public_bytes(serialization.Encoding.PEM))


async def sign(ctx: Context, message: dict[str, Any]) -> str:
    """The base64 signature of a notification or a confirmation, RSA over SHA-1 (version 1) or SHA-256 (2)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    fields = _NOTIFICATION if message["Type"] == "Notification" else _CONFIRMATION
    text = "".join(f"{name}\n{message[name]}\n" for name in fields if message.get(name) is not None)
    key = await ctx.app.local(Signer).key(ctx)
    # AWS's version 1 signature is SHA-1 by definition
    digest = hashes.SHA256() if message["SignatureVersion"] == "2" else hashes.SHA1()  # noqa: S303
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()


@endpoint("sns-certificate")
async def serve_certificate(visit: Visit) -> Response:
    """Serve the certificate at SigningCertURL."""
    kept = await certificate(visit.anonymous())
    return Response(200, [("content-type", "application/x-pem-file")], kept.certificate)
