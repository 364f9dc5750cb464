"""The RSA keys that sign digest files: one per region, each valid for a month.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-cli.html
"""

from __future__ import annotations

import asyncio
import hashlib

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .records import KEYS, SigningKey

DAYS = 30.0
BITS = 2048


async def current(ctx: Context, region: str) -> SigningKey:
    """The valid key of a region. Created when there is none."""
    found = await ctx.fetch(_valid, region, ctx.now())
    if found is not None:
        return found
    private, public = await asyncio.to_thread(_make)
    fingerprint = hashlib.md5(public, usedforsecurity=False).hexdigest()
    begins = ctx.now() // 3600 * 3600 - 3600
    made = SigningKey(region=region, begins=begins, ends=begins + DAYS * 86400, fingerprint=fingerprint,
                      private=private, public=public)  # fmt: skip
    return await ctx.transact(_keep, made, ctx.now())


def _valid(tx: Reader, region: str, now: float) -> SigningKey | None:
    return next((key for key in tx.scan(KEYS, (region,), reverse=True) if key.begins <= now < key.ends), None)


def _keep(tx: Transaction, made: SigningKey, now: float) -> SigningKey:
    other = _valid(tx, made.region, now)  # two trails may need the first key at the same time
    if other is None:
        tx.put(KEYS, made)
    return other or made


def _make() -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private = key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    return private, key.public_key().public_bytes(forms.Encoding.DER, forms.PublicFormat.PKCS1)


def sign(key: SigningKey, text: str) -> str:
    """The SHA256withRSA signature of a text, in hexadecimal."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    private = serialization.load_der_private_key(key.private, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
