"""The resources KMS actions name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access

from . import cipher
from .errors import InvalidCiphertextException, NotFoundException
from .keys import find, key_arn, locate


def _arn(ctx: Context, key_id: str) -> str:
    with ctx.read() as tx:
        try:
            key = find(tx, ctx, key_id)
        except NotFoundException:
            return "*"
    if key is not None:
        return key_arn(ctx, key)
    account, region, name = locate(ctx, key_id)
    return f"arn:{ctx.partition}:kms:{region}:{account}:{name if name.startswith('alias/') else 'key/' + name}"


def _conditions(req: dict[str, Any], member: str = "EncryptionContext") -> dict[str, Any]:
    context = req.get(member) or {}
    keys = {f"kms:EncryptionContext:{key}": value for key, value in context.items()}
    return keys | ({"kms:EncryptionContextKeys": list(context)} if context else {})


def key(ctx: Context, req: dict[str, Any]) -> Access:
    return Access("", _arn(ctx, req["KeyId"]), _conditions(req))


def ciphertext_key(ctx: Context, req: dict[str, Any]) -> Access:
    """The key that a ciphertext names."""
    try:
        found = cipher.header(req["CiphertextBlob"])
    except InvalidCiphertextException:
        return Access("", "*")
    arn = f"arn:{ctx.partition}:kms:{found.region}:{found.account}:key/{found.key_id}"
    return Access("", arn, _conditions(req))


def reencrypt(ctx: Context, req: dict[str, Any]) -> list[Access]:
    source = ciphertext_key(ctx, req)
    return [
        Access("kms:ReEncryptFrom", source.resource, _conditions(req, "SourceEncryptionContext")),
        Access("kms:ReEncryptTo", _arn(ctx, req["DestinationKeyId"]), _conditions(req, "DestinationEncryptionContext")),
    ]


def alias_and_key(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """CreateAlias and UpdateAlias need permission on both the alias and its key."""
    return [Access("", ctx.arn("kms", req["AliasName"])), Access("", _arn(ctx, req["TargetKeyId"]))]


def alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    accesses = [Access("", ctx.arn("kms", req["AliasName"]))]
    target = _arn(ctx, req["AliasName"])
    return [*accesses, Access("", target)] if ":key/" in target else accesses
