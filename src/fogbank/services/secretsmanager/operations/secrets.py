"""Create, describe, update, delete, restore and list secrets."""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job, operation
from fogbank.store.api import Reader, Transaction

from .. import find, replicas, shapes, values
from ..errors import (
    InvalidRequestException,
    LimitExceededException,
    ResourceExistsException,
    marked,
    on_replica,
)
from ..find import SECRET, by_id, created, drawn
from ..records import SECRETS, VALUES, Secret, Value
from ..rotation import ROTATION, home, plan, replaced
from ..rules import check_request_token, given_tags, window
from ..sealing import digest

DELETE = "secretsmanager.delete"
SECRETS_PER_REGION = "L-2F66C23C"
DAY = 86400.0


@operation("secretsmanager", "CreateSecret", resource=created)
async def create_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Create a secret, with a first version if there is a value.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    value, token = values.given(req), check_request_token(ctx, req)
    replicas.check(ctx, req.get("AddReplicaRegions") or ())
    secret = Secret(
        account=ctx.account,
        region=ctx.region,
        name=req["Name"],
        suffix=drawn(ctx),
        created=ctx.now(),
        changed=ctx.now(),
        description=req.get("Description") or "",
        key_id=req.get("KmsKeyId") or "",
        tags=given_tags(ctx, req.get("Tags")),
        external={"Type": req["Type"]} if req.get("Type") else {},
    )
    again = await ctx.fetch(_repeated, ctx, secret, token, value)
    if again is None:
        sealed = await values.put(ctx, secret, token, value) if value is not None else None
        again = await ctx.transact(_create, ctx, req, secret, sealed)
    answer = shapes.named(ctx, again) | ({"VersionId": token} if value is not None else {})
    return answer | ({"ReplicationStatus": shapes.replication(again)} if again.replicas else {})


def _repeated(tx: Reader, ctx: Context, secret: Secret, token: str, value: values.Given | None) -> Secret | None:
    """The secret that the same request has made already. Raises for another one of that name.

    "If a version with this value already exists and the version SecretString and SecretBinary values are the same as
    those in the request, then the request is ignored": API_CreateSecret
    """
    kept = SECRET.find(tx, ctx, secret.name)
    if kept is None:
        return None
    if kept.deleted:
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    held = tx.get(VALUES, (*SECRETS.key(kept), token))
    if held is not None and value is not None and held.digest == digest(ctx, *value):
        return kept
    raise ResourceExistsException(f"The operation failed because the secret {secret.name} already exists.")


def _create(tx: Transaction, ctx: Context, req: dict[str, Any], secret: Secret, value: Value | None) -> Secret:
    if tx.get(SECRETS, SECRETS.key(secret)) is not None:
        raise ResourceExistsException(f"The operation failed because the secret {secret.name} already exists.")
    where = (ctx.account, ctx.region)
    if quotas.reached(tx, ctx, "secretsmanager", SECRETS_PER_REGION, SECRETS, where) is not None:
        raise LimitExceededException("You have reached the maximum number of secrets in this region.")  # not confirmed
    made = values.copy(secret)
    if value is not None:
        values.store(tx, ctx, made, value)
    replicas.add(tx, ctx, made, req.get("AddReplicaRegions") or (), bool(req.get("ForceOverwriteReplicaSecret")))
    tx.put(SECRETS, made)
    return made


@operation("secretsmanager", "DescribeSecret", resource=by_id)
def describe_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """All but the value; also of a secret that is scheduled for deletion."""
    with ctx.read() as tx:
        return shapes.described(ctx, find.require(tx, ctx, req["SecretId"]))


@operation("secretsmanager", "UpdateSecret", resource=by_id)
async def update_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the description, the key or the value.

    "any existing versions with the staging labels AWSCURRENT, AWSPENDING, or AWSPREVIOUS" are encrypted anew under a
    new key, unless the caller may not use it: API_UpdateSecret
    """
    value, token = values.given(req), check_request_token(ctx, req)
    secret = values.copy(await ctx.fetch(find.writable, ctx, req["SecretId"]))
    made: list[Value] = []
    if "KmsKeyId" in req and req["KmsKeyId"] != secret.key_id:
        secret.key_id = req["KmsKeyId"]
        try:
            made = await values.resealed(ctx, secret, ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"))
        except ServiceError as error:
            if error.status != 403:
                raise
    if value is not None:
        new = await values.put(ctx, secret, token, value, renew=False)
        made += [new] if new is not None else []
    changed = await ctx.transact(_update, ctx, req, token, made)
    return shapes.named(ctx, changed) | ({"VersionId": token} if value is not None else {})


def _update(tx: Transaction, ctx: Context, req: dict[str, Any], token: str, made: list[Value]) -> Secret:
    secret = find.writable(tx, ctx, req["SecretId"])
    if "Description" in req:
        secret.description = req["Description"]
    if "KmsKeyId" in req:
        secret.key_id = req["KmsKeyId"]
    if req.get("Type"):
        secret.external = secret.external | {"Type": req["Type"]}
    for value in made:
        if value.version == token:
            values.store(tx, ctx, secret, value)
            replaced(tx, ctx, secret)
        else:
            tx.put(VALUES, value)
            for version in secret.versions:
                version.key_id = secret.key_id if version.id == value.version else version.key_id
    save(tx, ctx, secret)
    return secret


def save(tx: Transaction, ctx: Context, secret: Secret) -> None:
    """Store a changed secret, and bring its replicas into line."""
    secret.changed = ctx.now()
    tx.put(SECRETS, secret)
    replicas.follow(tx, ctx, secret)


# -- deletion ----------------------------------------------------------------------------------------------------------


@operation("secretsmanager", "DeleteSecret", resource=by_id)
def delete_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Schedule a deletion, or delete at once.

    "If you forcibly delete an already deleted or nonexistent secret, the operation does not return
    ResourceNotFoundException": API_DeleteSecret
    """
    days, force = window(req), bool(req.get("ForceDeleteWithoutRecovery"))
    with ctx.write() as tx:
        secret = find.find(tx, ctx, req["SecretId"])
        if secret is None and force:
            where = find.read(ctx, req["SecretId"])
            absent = Secret(account=where[0], region=where[1], name=where[2], suffix=ctx.ids.alnum(6), created=0.0,
                            changed=0.0)  # fmt: skip
            return {**shapes.named(ctx, absent), "DeletionDate": ctx.now()}
        secret = find.require(tx, ctx, req["SecretId"])
        if secret.is_replica:
            raise on_replica()
        if secret.replicas:
            regions = ", ".join(sorted(each.region for each in secret.replicas))
            raise InvalidRequestException(
                f"You can't delete secret {find.secret_arn(ctx, secret)} that still has replica regions [{regions}]"
            )
        if force:
            remove(tx, ctx, secret)
            return {**shapes.named(ctx, secret), "DeletionDate": ctx.now()}
        if secret.deleted:
            raise marked()
        secret.deleted = ctx.now() + days * DAY
        secret.changed = ctx.now()
        tx.put(SECRETS, secret)
        there = home(ctx, secret)
        there.leave(tx, ROTATION, secret.name)
        payload = {"name": secret.name, "suffix": secret.suffix, "at": secret.deleted}
        there.later(tx, DELETE, payload, delay=days * DAY, name=secret.name)
    return {**shapes.named(ctx, secret), "DeletionDate": secret.deleted}


def remove(tx: Transaction, ctx: Context, secret: Secret) -> None:
    """Delete a secret and all that belongs to it."""
    replicas.remove(tx, secret)
    home(ctx, secret).leave(tx, ROTATION, secret.name)


@job(DELETE)
async def finish_deletion(ctx: Context, payload: dict[str, Any]) -> None:
    """The end of the waiting period, unless the secret was restored."""

    def change(tx: Transaction) -> None:
        secret = tx.get(SECRETS, (ctx.account, ctx.region, payload["name"]))
        if secret is not None and (secret.suffix, secret.deleted) == (payload["suffix"], payload["at"]):
            remove(tx, ctx, secret)

    await ctx.transact(change)


@operation("secretsmanager", "RestoreSecret", resource=by_id)
def restore_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Cancel a scheduled deletion."""
    with ctx.write() as tx:
        secret = find.require(tx, ctx, req["SecretId"])
        if secret.deleted:
            secret.deleted = 0.0
            secret.changed = ctx.now()
            if secret.rotating:
                plan(tx, ctx, secret, ctx.now())
            tx.put(SECRETS, secret)
    return shapes.named(ctx, secret)
