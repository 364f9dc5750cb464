"""The resources and condition keys of KMS's actions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.conditions import Lazy
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Named, nobodys
from fogbank.core.operation import Access

from .errors import NotFoundException
from .keys import ALIAS, KEY, name, not_to_be_opened, read, sealed_with
from .records import ALIASES


def _conditions(ctx: Context, found: Named, text: str, context: dict[str, str] | None) -> Lazy:
    """What policies may ask of a call that names the key `found` as `text` (empty: kms:RequestAlias has no place)."""

    def make() -> dict[str, Any]:
        known: dict[str, Any] = {f"kms:EncryptionContext:{key}": value for key, value in (context or {}).items()}
        if context:
            known["kms:EncryptionContextKeys"] = list(context)
        if ctx.principal.account:
            known["kms:CallerAccount"] = ctx.principal.account
        if "alias/" in text:
            known["kms:RequestAlias"] = read(ctx, text)[2]
        with ctx.read() as tx:
            aliases = [alias.name for alias in tx.scan_index(ALIASES, "key", found.key)]
        if aliases:
            known["kms:ResourceAliases"] = aliases
        return known

    return Lazy(make)


def _access(
    ctx: Context, found: Named, text: str = "", context: dict[str, str] | None = None, action: str = ""
) -> Access:
    return Access(action, found, _conditions(ctx, found, text, context))


def key(ctx: Context, req: dict[str, Any]) -> Access:
    """The key of an action that aliases may name, and that a key policy may open to other accounts."""
    return _access(ctx, name(ctx, req["KeyId"]), req["KeyId"], req.get("EncryptionContext"))


def bare_key(ctx: Context, req: dict[str, Any]) -> Access:
    """The key of an action that takes a key's id or ARN, and no alias."""
    return _access(ctx, _without_alias(ctx, req["KeyId"]))


def own_key(ctx: Context, req: dict[str, Any]) -> Access:
    """As `bare_key`, for keys of the caller's account only, whatever a key policy says: "Cross-account use: No"."""
    return _own(ctx, _without_alias(ctx, req["KeyId"]))


def _without_alias(ctx: Context, text: str) -> Named:
    if "alias/" in text:
        raise NotFoundException(f"Invalid keyId '{text}'")
    return KEY.name(ctx, text)


def _own(ctx: Context, found: Named) -> Access:
    return _access(ctx, found) if found.owner == ctx.account else Access("", nobodys(found))


def new_key(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html: tags need kms:TagResource too."""
    return [Access("", "*")] + ([Access("kms:TagResource", "*")] if req.get("Tags") else [])


# -- ciphertexts -------------------------------------------------------------------------------------------------------


def decrypted(ctx: Context, req: dict[str, Any]) -> list[Access]:
    return _opened(ctx, req, "kms:Decrypt", "KeyId", "EncryptionContext")


def re_encrypted(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """kms:ReEncryptFrom on the key that the ciphertext names, kms:ReEncryptTo on the other."""
    source = _opened(ctx, req, "kms:ReEncryptFrom", "SourceKeyId", "SourceEncryptionContext")
    text = req["DestinationKeyId"]
    return [
        *source,
        _access(ctx, name(ctx, text), text, req.get("DestinationEncryptionContext"), "kms:ReEncryptTo"),
    ]


def _opened(ctx: Context, req: dict[str, Any], action: str, member: str, context: str) -> list[Access]:
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
    accesses = [_access(ctx, found, text if wanted == found else "", req.get(context), action)]
    return accesses if wanted == found else [*accesses, _access(ctx, wanted, text, req.get(context), action)]


# -- aliases -----------------------------------------------------------------------------------------------------------


def new_alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The alias, which only IAM policies speak of, and its key."""
    return [Access("", ALIAS.name(ctx, req["AliasName"])), _target(ctx, req)]


def moved_alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The alias, the key that it leaves, and the one that it comes to."""
    return [*dropped_alias(ctx, req), _target(ctx, req)]


def dropped_alias(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The alias and its key."""
    found = ALIAS.name(ctx, req["AliasName"])
    accesses = [Access("", found)]
    if found.record is not None:
        accesses.append(_own(ctx, name(ctx, found)))
    return accesses


def _target(ctx: Context, req: dict[str, Any]) -> Access:
    text = req["TargetKeyId"]
    if "alias/" in text:
        raise ValidationError("Aliases must refer to keys. Not aliases")
    return _own(ctx, KEY.name(ctx, text))


def listed_aliases(ctx: Context, req: dict[str, Any]) -> Access:
    """ListAliases is allowed on "*"; the key that may be named is one of this account."""
    text = req.get("KeyId")
    found = _without_alias(ctx, text) if text else None
    return Access("", nobodys(found) if found is not None and found.owner != ctx.account else "*")
