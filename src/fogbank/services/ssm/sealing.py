"""The encryption of SecureStrings by KMS, asked as the caller, with the parameter's ARN as encryption context.

https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html

KMS encrypts the value of a standard parameter itself. That of an advanced one is encrypted with AES-GCM under a data
key, which is kept encrypted beside it. (AWS uses the message format of its Encryption SDK; nobody sees it.)
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .arns import arn_of, arn_of_record
from .errors import InvalidKeyId
from .records import Parameter

DEFAULT_KEY = "alias/aws/ssm"
_NONCE = 12


async def seal(ctx: Context, key_id: str, name: str, value: str, envelope: bool) -> str:
    """Encrypt a value. Raises InvalidKeyId for a key that cannot be used."""
    request: dict[str, Any] = {"KeyId": key_id, "EncryptionContext": {"PARAMETER_ARN": arn_of(ctx, name)}}
    try:
        if not envelope:
            made = await ctx.call("kms", "Encrypt", request | {"Plaintext": value.encode()})
            return base64.b64encode(made["CiphertextBlob"]).decode()
        key = await ctx.call("kms", "GenerateDataKey", request | {"KeySpec": "AES_256"})
    except ServiceError as error:
        if error.code in ("NotFoundException", "DisabledException", "InvalidKeyUsageException"):
            raise InvalidKeyId(error.message) from error
        raise
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, wrapped = ctx.ids.bytes(_NONCE), key["CiphertextBlob"]
    sealed = AESGCM(key["Plaintext"]).encrypt(nonce, value.encode(), None)
    return base64.b64encode(len(wrapped).to_bytes(2) + wrapped + nonce + sealed).decode()


async def opened(ctx: Context, parameter: Parameter) -> Parameter:
    """The parameter with its value decrypted."""
    if parameter.type != "SecureString":
        return parameter
    raw = base64.b64decode(parameter.value)
    end = 2 + int.from_bytes(raw[:2])
    answer = await ctx.call(
        "kms",
        "Decrypt",
        {
            "CiphertextBlob": raw[2:end] if parameter.envelope else raw,
            "EncryptionContext": {"PARAMETER_ARN": arn_of_record(ctx, parameter)},
        },
    )
    plain = answer["Plaintext"]
    if parameter.envelope:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        plain = AESGCM(plain).decrypt(raw[end : end + _NONCE], raw[end + _NONCE :], None)
    return msgspec.structs.replace(parameter, value=plain.decode())
