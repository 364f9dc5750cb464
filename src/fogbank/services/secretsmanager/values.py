"""How versions get their values, and give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from . import versions
from .errors import (
    InvalidParameterException,
    InvalidRequestException,
    LimitExceededException,
    ResourceExistsException,
    ResourceNotFoundException,
)
from .find import secret_arn
from .records import CURRENT, SECRETS, VALUES, Secret, Value, Version
from .sealing import digest, opened, seal

LABELS, VERSIONS = "staging-labels-per-secret", "versions-per-secret"  # codes of quotas

Given = tuple[bytes, bool]  # a value, and whether it is text


def given(req: dict[str, Any]) -> Given | None:
    """The value of a request, None without one. Raises InvalidParameterException for two, and for an empty one."""
    text, data = req.get("SecretString"), req.get("SecretBinary")
    if text is not None and data is not None:
        raise InvalidParameterException(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )
    if text is not None:
        plain = text.encode()
        if len(plain) > 65536:
            raise InvalidParameterException("The secret value is longer than 65536 bytes.")  # not confirmed
        return plain, True
    return None if data is None else (bytes(data), False)


async def put(
    ctx: Context, secret: Secret, id: str, value: Given, stages: Sequence[str] = (CURRENT,), *, renew: bool = True
) -> Value | None:
    """Encrypt a new version's value; None if the version has this very value already.

    Raises ResourceExistsException if it has another one, and also for the same one unless `renew`.
    """
    held = await ctx.fetch(lambda tx: tx.get(VALUES, (secret.account, secret.region, secret.name, id)))
    if held is None:
        return await seal(ctx, secret, id, *value)
    if not renew or held.digest != digest(ctx, *value):
        raise ResourceExistsException(
            f"You can't use ClientRequestToken {id} because that value is already in use for a version of secret "
            f"{secret_arn(ctx, secret)}."
        )
    return None


def store(tx: Transaction, ctx: Context, secret: Secret, value: Value, stages: Sequence[str] = (CURRENT,)) -> None:
    """Add an encrypted value to a secret, and move labels to its version."""
    added = versions.version(secret, value.version) or Version(value.version, ctx.now())
    added.filled = True
    added.key_id = secret.key_id
    versions.attach(secret, added, stages)
    for id in versions.prune(secret, ctx.now()):
        tx.delete(VALUES, (secret.account, secret.region, secret.name, id))
    check_quotas(tx, ctx, secret)
    tx.put(VALUES, value)


def check_quotas(tx: Reader, ctx: Context, secret: Secret) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html (texts not confirmed)"""
    if versions.labels(secret) > ctx.quota("secretsmanager", LABELS, tx, account=secret.account):
        raise LimitExceededException("The secret has the most staging labels that it can have.")
    if len(secret.versions) > ctx.quota("secretsmanager", VERSIONS, tx, account=secret.account):
        raise LimitExceededException("The secret has the most versions that it can have.")


# -- reading -----------------------------------------------------------------------------------------------------------


def chosen(tx: Reader, secret: Secret, id: str | None, stage: str | None) -> tuple[Version, Value]:
    """The version that a request names, the current one by default. The texts are AWS's."""
    if id is not None:
        version, words = versions.version(secret, id), f"VersionId: {id}"
        if version is not None and stage is not None and stage not in version.stages:
            raise InvalidRequestException(
                "You provided a VersionStage that is not associated to the provided VersionId."
            )
    else:
        version, words = versions.staged(secret, stage or CURRENT), f"staging label: {stage or CURRENT}"
    value = tx.get(VALUES, (*SECRETS.key(secret), version.id)) if version is not None else None
    if version is None or value is None:
        raise ResourceNotFoundException(f"Secrets Manager can't find the specified secret value for {words}")
    return version, value


async def shown(ctx: Context, secret: Secret, version: Version, value: Value) -> dict[str, Any]:
    """The answer of GetSecretValue."""
    plain = await opened(ctx, secret, value, version.key_id)
    return {
        "ARN": secret_arn(ctx, secret),
        "Name": secret.name,
        "VersionId": version.id,
        **({"SecretString": plain.decode()} if value.text else {"SecretBinary": plain}),
        "VersionStages": version.stages,
        "CreatedDate": version.created,
    }


async def resealed(ctx: Context, secret: Secret, stages: Sequence[str]) -> list[Value]:
    """The values of the versions with these labels, encrypted under the secret's new key."""
    found = [version for version in secret.versions if version.filled and set(stages) & set(version.stages)]
    made = []
    for version in found:
        value = await ctx.fetch(lambda tx, id=version.id: tx.get(VALUES, (*SECRETS.key(secret), id)))  # type: ignore[misc]
        if value is not None and version.key_id != secret.key_id:
            plain = await opened(ctx, secret, value, version.key_id)
            made.append(await seal(ctx, secret, version.id, plain, value.text))
    return made


def touch(secret: Secret, version: Version, day: float) -> bool:
    """Note an access; whether that changes anything, as dates have no time."""
    if version.accessed == day and secret.accessed == day:
        return False
    version.accessed = secret.accessed = day
    return True


def copy(secret: Secret) -> Secret:
    """A copy whose versions can be changed."""
    return msgspec.structs.replace(secret, versions=[msgspec.structs.replace(each) for each in secret.versions])
