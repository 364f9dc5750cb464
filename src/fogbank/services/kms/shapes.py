"""How keys look in responses."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context

from .keys import key_arn
from .records import Key


def metadata(ctx: Context, key: Key) -> dict[str, Any]:
    """A `KeyMetadata`."""
    shown: dict[str, Any] = {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key_arn(ctx, key),
        "CreationDate": key.created,
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": key.multi_region,
    }
    return shown | ({"DeletionDate": key.deletion} if key.state == "PendingDeletion" else {})
