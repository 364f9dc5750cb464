"""Replicas in other regions: how they are made, and how they follow their primary.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html

A replica is a secret of its region with the primary's name and random end. It has values of its own, encrypted by a key
of its region. Each change of the primary enqueues a job for each replica, which acts as the one who made the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.core import regions
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.store.api import Reader, Transaction

from .errors import InvalidParameterException
from .records import SECRETS, VALUES, Replica, Secret, Value
from .sealing import opened, seal

REPLICATE = "secretsmanager.replicate"


def check(ctx: Context, given: Iterable[Mapping[str, Any]]) -> None:
    """Raise InvalidParameterException for regions that cannot have a replica."""
    wanted = [each.get("Region") for each in given]
    known = regions.names(ctx.partition)
    if len(set(wanted)) != len(wanted) or any(each == ctx.region or each not in known for each in wanted):
        raise InvalidParameterException("Invalid replica region.")


def add(tx: Transaction, ctx: Context, secret: Secret, given: Iterable[Mapping[str, Any]], force: bool) -> None:
    """Begin to replicate a secret to regions. The caller stores the secret."""
    for each in given:
        region = each["Region"]
        if any(replica.region == region for replica in secret.replicas):
            raise InvalidParameterException(f"The secret is replicated to {region} already.")  # not confirmed
        replica = Replica(region, each.get("KmsKeyId") or "")
        kept = tx.get(SECRETS, (secret.account, region, secret.name))
        if kept is not None and force:
            remove(tx, kept)
        elif kept is not None:
            replica.status = "Failed"
            replica.message = f"Replication failed: Secret name {secret.name} already exists in region {region}."
        secret.primary = secret.region
        secret.replicas = [*secret.replicas, replica]
        if replica.status != "Failed":
            _enqueue(tx, ctx, secret, region)


def follow(tx: Transaction, ctx: Context, secret: Secret) -> None:
    """Bring the replicas into line with a changed primary."""
    for replica in secret.replicas:
        if not replica.message.startswith("Replication failed: Secret name"):
            _enqueue(tx, ctx, secret, replica.region)


def remove(tx: Transaction, secret: Secret) -> None:
    """Delete a secret of another region and its values."""
    for value in list(tx.scan(VALUES, SECRETS.key(secret))):
        tx.delete(VALUES, VALUES.key(value))
    tx.delete(SECRETS, SECRETS.key(secret))


def _enqueue(tx: Transaction, ctx: Context, secret: Secret, region: str) -> None:
    payload = {"key": list(SECRETS.key(secret)), "region": region}
    ctx.later(tx, REPLICATE, payload, order=f"{secret.account}/{secret.region}/{secret.name}/{region}")


@job(REPLICATE, attempts=3, backoff=2.0)
async def replicate(ctx: Context, payload: dict[str, Any]) -> None:
    """Make or renew one replica, and note in the primary how it went."""
    account, region, name = payload["key"]
    key, there = (account, region, name), payload["region"]
    primary = await ctx.fetch(lambda tx: tx.get(SECRETS, key))
    if primary is None or (replica := _of(primary, there)) is None:
        return
    copy = msgspec.structs.replace(
        primary, region=there, key_id=replica.key_id, primary=region, replicas=[], function="", opens=0.0,
        versions=[msgspec.structs.replace(each, key_id=replica.key_id) for each in primary.versions],
    )  # fmt: skip
    status, message, values = "InSync", "", []
    try:
        values = await _values(ctx, primary, copy)
    except ServiceError as error:
        status, message = "Failed", f"Replication failed: {error.message}"

    def change(tx: Transaction) -> None:
        kept = tx.get(SECRETS, key)
        known = _of(kept, there) if kept is not None else None
        if kept is None or known is None:
            return
        known.status, known.message = status, message
        tx.put(SECRETS, kept)
        if status == "InSync":
            _put(tx, copy, values)

    await ctx.transact(change)


def _of(secret: Secret, region: str) -> Replica | None:
    return next((each for each in secret.replicas if each.region == region), None)


def _put(tx: Transaction, copy: Secret, values: list[Value]) -> None:
    """Store a replica and its new values, and delete those of versions that are gone."""
    kept = tx.get(SECRETS, SECRETS.key(copy))
    if kept is not None:
        copy.accessed = kept.accessed
    ids = {each.id for each in copy.versions}
    for value in list(tx.scan(VALUES, SECRETS.key(copy))):
        if value.version not in ids:
            tx.delete(VALUES, VALUES.key(value))
    for value in values:
        tx.put(VALUES, value)
    tx.put(SECRETS, copy)


async def _values(ctx: Context, primary: Secret, copy: Secret) -> list[Value]:
    """The values that the replica does not have, encrypted in its region."""

    def look(tx: Reader) -> list[Value]:
        have = {each.version: each.digest for each in tx.scan(VALUES, SECRETS.key(copy))}
        found = tx.scan(VALUES, SECRETS.key(primary))
        return [each for each in found if have.get(each.version) != each.digest]

    here = ctx.acting_as(ctx.principal, region=primary.region)
    there = ctx.acting_as(ctx.principal, region=copy.region)
    keys = {each.id: each.key_id for each in primary.versions}
    made = []
    for value in await ctx.fetch(look):
        plain = await opened(here, primary, value, keys.get(value.version, ""))
        made.append(await seal(there, copy, value.version, plain, value.text))
    return made
