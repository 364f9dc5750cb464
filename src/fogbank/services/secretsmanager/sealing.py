"""Encryption of values: AES-GCM under a data key from KMS, asked for as the caller.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html

The encryption context is the secret's ARN and the version's id.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError

from .errors import DecryptionFailure, EncryptionFailure, InvalidRequestException
from .find import secret_arn
from .records import Secret, Value

MANAGED = "alias/aws/secretsmanager"


def digest(ctx: Context, plain: bytes, text: bool) -> bytes:
    """Equal for equal values of this cloud."""
    return hmac.digest(ctx.app.secret, (b"text" if text else b"data") + plain, hashlib.sha256)


def key_of(ctx: Context, secret: Secret, key_id: str) -> str:
    """The KeyId for KMS. A key that is named without its account is one of the secret's account."""
    text = key_id or MANAGED
    if text.startswith("arn:") or secret.account == ctx.account:
        return text
    return ctx.arn("kms", text if text.startswith("alias/") else f"key/{text}", account=secret.account)


def refuse_strangers(ctx: Context, secret: Secret, key_id: str) -> None:
    """The AWS managed key serves its own account only."""
    if secret.account != ctx.account and key_id in ("", MANAGED):
        raise InvalidRequestException(
            "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS "
            "service key."
        )


async def seal(ctx: Context, secret: Secret, version: str, plain: bytes, text: bool) -> Value:
    """Encrypt a value under the secret's key. Raises AccessDeniedException and EncryptionFailure."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    refuse_strangers(ctx, secret, secret.key_id)
    request = {"KeyId": key_of(ctx, secret, secret.key_id), "KeySpec": "AES_256"}
    key = await _kms(ctx, "GenerateDataKey", request | _bound(ctx, secret, version), EncryptionFailure())
    nonce = ctx.ids.bytes(12)
    return Value(
        account=secret.account,
        region=secret.region,
        secret=secret.name,
        version=version,
        text=text,
        wrapped=key["CiphertextBlob"],
        nonce=nonce,
        sealed=AESGCM(key["Plaintext"]).encrypt(nonce, plain, None),
        digest=digest(ctx, plain, text),
    )


async def opened(ctx: Context, secret: Secret, value: Value, key_id: str) -> bytes:
    """Decrypt a value. Raises AccessDeniedException and DecryptionFailure."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    refuse_strangers(ctx, secret, key_id)
    request = {"CiphertextBlob": value.wrapped} | _bound(ctx, secret, value.version)
    key = await _kms(ctx, "Decrypt", request, DecryptionFailure())
    return AESGCM(key["Plaintext"]).decrypt(value.nonce, value.sealed, None)


def _bound(ctx: Context, secret: Secret, version: str) -> dict[str, Any]:
    return {"EncryptionContext": {"SecretARN": secret_arn(ctx, secret), "SecretVersionId": version}}


async def _kms(ctx: Context, operation: str, request: dict[str, Any], failure: ServiceError) -> dict[str, Any]:
    try:
        return await ctx.call("kms", operation, request)
    except AccessDenied:
        raise AccessDenied("Access to KMS is not allowed") from None
    except ServiceError as error:
        if error.status >= 500:
            raise
        raise failure from error
