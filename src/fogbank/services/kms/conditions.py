"""The condition keys of KMS's actions.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.conditions import Asked, Keys, Read, member

from .keys import name, read
from .records import ALIASES, Key

# the members of ReEncrypt are called after the half that is asked about
_HALVES = {"kms:ReEncryptFrom": "Source", "kms:ReEncryptTo": "Destination"}
_CREATING = "kms:CreateKey"


def _of_half(asked: Asked, word: str) -> Any:
    return asked.request.get(f"{_HALVES.get(asked.action, '')}{word}")


def _context_keys(asked: Asked) -> list[str] | None:
    return list(_of_half(asked, "EncryptionContext") or ()) or None


def _algorithm(asked: Asked) -> str:
    return _of_half(asked, "EncryptionAlgorithm") or "SYMMETRIC_DEFAULT"


def _alias(asked: Asked) -> str | None:
    """kms:RequestAlias: the alias by which the request names this very key."""
    text = _of_half(asked, "KeyId") or ""
    return read(asked.ctx, text)[2] if "alias/" in text and name(asked.ctx, text) == asked.resource else None


def _aliases(asked: Asked) -> list[str] | None:
    key = asked.record
    if not isinstance(key, Key):
        return None
    with asked.ctx.read() as tx:
        return [alias.name for alias in tx.scan_index(ALIASES, "key", (key.account, key.region, key.id))] or None


def _kept(field: str, word: str, default: Any) -> Read:
    """What a key is, or what CreateKey asks for."""

    def value(asked: Asked) -> Any:
        if asked.action == _CREATING:
            return asked.request.get(word) or default
        return getattr(asked.record, field, None) if isinstance(asked.record, Key) else None

    return value


_multi_region = _kept("multi_region", "MultiRegion", default=False)


def _origin(asked: Asked) -> str | None:
    if asked.action == _CREATING:
        return asked.request.get("Origin") or "AWS_KMS"
    return "AWS_KMS" if isinstance(asked.record, Key) else None  # there is no imported material


def _via(asked: Asked) -> str | None:
    """kms:ViaService: the service that calls in the caller's name, `ssm.us-east-1.amazonaws.com`."""
    names, ctx = asked.ctx.names, asked.ctx
    caller = names.caller if names is not None else ""
    return f"{caller}.{ctx.region}.amazonaws.com" if caller and ctx.principal.kind != "service" else None


KEYS = Keys(
    "kms",
    {
        "kms:BypassPolicyLockoutSafetyCheck": lambda asked: bool(asked.request.get("BypassPolicyLockoutSafetyCheck")),
        "kms:CallerAccount": lambda asked: asked.ctx.principal.account or None,
        "kms:EncryptionAlgorithm": _algorithm,
        "kms:EncryptionContext:": lambda asked: _of_half(asked, "EncryptionContext"),
        "kms:EncryptionContextKeys": _context_keys,
        "kms:KeyOrigin": _origin,
        "kms:KeySpec": _kept("spec", "KeySpec", "SYMMETRIC_DEFAULT"),
        "kms:KeyUsage": _kept("usage", "KeyUsage", "ENCRYPT_DECRYPT"),
        "kms:MultiRegion": _multi_region,
        "kms:MultiRegionKeyType": lambda asked: "PRIMARY" if _multi_region(asked) else None,
        "kms:RequestAlias": _alias,
        "kms:ResourceAliases": _aliases,
        "kms:RotationPeriodInDays": member("RotationPeriodInDays"),
        "kms:ScheduleKeyDeletionPendingWindowInDays": lambda asked: asked.request.get("PendingWindowInDays") or 30,
        "kms:ViaService": _via,
    },
    never=("kms:RecipientAttestation:",),  # of Nitro enclaves
)
