"""The resources of KMS's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Named, nobodys
from fogbank.core.operation import Access

from .errors import NotFoundException
from .keys import ALIAS, KEY, name, not_to_be_opened, sealed_with


def key(ctx: Context, req: dict[str, Any]) -> Named:
    """The key of an action that aliases may name, and that a key policy may open to other accounts."""
    return name(ctx, req["KeyId"])


def bare_key(ctx: Context, req: dict[str, Any]) -> Named:
    """The key of an action that takes a key's id or ARN, and no alias."""
    return _without_alias(ctx, req["KeyId"])


def own_key(ctx: Context, req: dict[str, Any]) -> Named:
    """As `bare_key`, for keys of the caller's account only, whatever a key policy says: "Cross-account use: No"."""
    return _own(ctx, _without_alias(ctx, req["KeyId"]))


def _without_alias(ctx: Context, text: str) -> Named:
    if "alias/" in text:
        raise NotFoundException(f"Invalid keyId '{text}'")
    return KEY.name(ctx, text)


def _own(ctx: Context, found: Named) -> Named:
    return found if found.owner == ctx.account else nobodys(found)


def new_key(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html: tags need kms:TagResource too."""
    return [Access("", "*")] + ([Access("kms:TagResource", "*")] if req.get("Tags") else [])


# -- ciphertexts -------------------------------------------------------------------------------------------------------


def decrypted(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return _opened(ctx, req, "kms:Decrypt", "KeyId")


def re_encrypted(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """kms:ReEncryptFrom on the key that the ciphertext names, kms:ReEncryptTo on the other."""
    source = _opened(ctx, req, "kms:ReEncryptFrom", "SourceKeyId")
    return [*source, Access("kms:ReEncryptTo", name(ctx, req["DestinationKeyId"]))]


def _opened(ctx: Context, req: dict[str, Any], action: str, member: str) -> list[Access]:
    """The key that a ciphertext names; and the one that the request says it is, where that is another.

    A bare key id is held against the ciphertext's own, which may be another account's.
    """
    blob, text = req.get("CiphertextBlob"), req.get(member) or ""
    if blob is None:
        raise ValidationError(
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not "
            "be null"
        )
    found = KEY.name(ctx, sealed_with(ctx, blob))
    if found.record is None:
        raise not_to_be_opened()
    wanted = found if text in ("", found.record.id) else name(ctx, text)
    return [Access(action, each) for each in dict.fromkeys((found, wanted))]


# -- aliases -----------------------------------------------------------------------------------------------------------


def new_alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The alias, which only IAM policies speak of, and its key."""
    return [Access("", ALIAS.name(ctx, req["AliasName"])), Access("", _target(ctx, req))]


def moved_alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The alias, the key that it leaves, and the one that it comes to."""
    return [*dropped_alias(ctx, req), Access("", _target(ctx, req))]


def dropped_alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The alias and its key."""
    found = ALIAS.name(ctx, req["AliasName"])
    accesses = [Access("", found)]
    if found.record is not None:
        accesses.append(Access("", _own(ctx, name(ctx, found))))
    return accesses


def _target(ctx: Context, req: dict[str, Any]) -> Named:
    text = req["TargetKeyId"]
    if "alias/" in text:
        raise ValidationError("Aliases must refer to keys. Not aliases")
    return _own(ctx, KEY.name(ctx, text))


def listed_aliases(ctx: Context, req: dict[str, Any]) -> Access:
    """ListAliases is allowed on "*"; the key that may be named is one of this account."""
    text = req.get("KeyId")
    found = _without_alias(ctx, text) if text else None
    return Access("", nobodys(found) if found is not None and found.owner != ctx.account else "*")
