"""Encrypt, Decrypt, ReEncrypt, GenerateDataKey(WithoutPlaintext), GenerateRandom.

https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import operation
from fogbank.store.api import Transaction

from .. import arns, cipher
from ..errors import DryRunOperationException, IncorrectKeyException
from ..keys import KEY, check_state, find, key_arn, sealed_with, usable
from ..records import Key

ALGORITHM = "SYMMETRIC_DEFAULT"


def _seal(ctx: Context, key: Key, plaintext: bytes, context: dict[str, str] | None) -> bytes:
    aad = cipher.associated(context)
    return cipher.seal(key.material, key.region, key.account, key.id, ctx.ids.bytes(12), plaintext, aad)


def _open(
    tx: Transaction, ctx: Context, blob: bytes, context: dict[str, str] | None, key_id: str | None
) -> tuple[Key, bytes]:
    key = KEY.require(tx, ctx, sealed_with(ctx, blob))
    if key_id not in (None, key.id):
        wanted = find(tx, ctx, key_id)
        if wanted is None or key_arn(ctx, wanted) != key_arn(ctx, key):
            raise IncorrectKeyException
    check_state(ctx, key)
    return key, cipher.unseal(key.material, blob, cipher.associated(context))


def _stop_dry_run(req: dict[str, Any]) -> None:
    """With DryRun everything is checked and nothing is done."""
    if req.get("DryRun"):
        raise DryRunOperationException


@operation("kms", "Encrypt", resource=arns.key)
def encrypt(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Up to 4,096 bytes under a symmetric key."""
    with ctx.write() as tx:
        key = usable(tx, ctx, req["KeyId"])
    _stop_dry_run(req)
    blob = _seal(ctx, key, req["Plaintext"], req.get("EncryptionContext"))
    return {"CiphertextBlob": blob, "KeyId": key_arn(ctx, key), "EncryptionAlgorithm": ALGORITHM}


@operation("kms", "Decrypt", resource=arns.decrypted)
def decrypt(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The plaintext, when key and encryption context are those of the encryption."""
    with ctx.write() as tx:
        key, plain = _open(tx, ctx, req["CiphertextBlob"], req.get("EncryptionContext"), req.get("KeyId"))
    _stop_dry_run(req)
    return {"Plaintext": plain, "KeyId": key_arn(ctx, key), "EncryptionAlgorithm": ALGORITHM}


@operation("kms", "ReEncrypt", resource=arns.re_encrypted)
def re_encrypt(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """From one key or context to another, the plaintext never leaving."""
    with ctx.write() as tx:
        source, plain = _open(
            tx, ctx, req["CiphertextBlob"], req.get("SourceEncryptionContext"), req.get("SourceKeyId")
        )
        key = usable(tx, ctx, req["DestinationKeyId"])
    _stop_dry_run(req)
    return {
        "CiphertextBlob": _seal(ctx, key, plain, req.get("DestinationEncryptionContext")),
        "SourceKeyId": key_arn(ctx, source),
        "KeyId": key_arn(ctx, key),
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
    }


def _data_key(ctx: Context, req: dict[str, Any]) -> tuple[Key, bytes, bytes]:
    spec, size = req.get("KeySpec"), req.get("NumberOfBytes")
    if (spec is None) == (size is None):
        raise ValidationError("Please specify either number of bytes or key spec.")
    plain = ctx.ids.bytes(size if size is not None else {"AES_256": 32, "AES_128": 16}[str(spec)])
    with ctx.write() as tx:
        key = usable(tx, ctx, req["KeyId"])
    _stop_dry_run(req)
    return key, plain, _seal(ctx, key, plain, req.get("EncryptionContext"))


@operation("kms", "GenerateDataKey", resource=arns.key)
def generate_data_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A random key, in the clear and encrypted."""
    key, plain, blob = _data_key(ctx, req)
    return {"CiphertextBlob": blob, "Plaintext": plain, "KeyId": key_arn(ctx, key)}


@operation("kms", "GenerateDataKeyWithoutPlaintext", resource=arns.key)
def generate_data_key_without_plaintext(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A random key, encrypted only."""
    key, _, blob = _data_key(ctx, req)
    return {"CiphertextBlob": blob, "KeyId": key_arn(ctx, key)}


@operation("kms", "GenerateRandom", resource="*")
def generate_random(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Random bytes. The page says of their number "This parameter is required"; the model does not."""
    if req.get("NumberOfBytes") is None:
        raise ValidationError(
            "1 validation error detected: Value null at 'numberOfBytes' failed to satisfy constraint: Member must not "
            "be null"
        )
    return {"Plaintext": ctx.ids.bytes(req["NumberOfBytes"])}
