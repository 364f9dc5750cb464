"""Values, versions and their labels."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import CommonError, ServiceError
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Reader, Transaction

from .. import filters, find, shapes, values, versions
from ..errors import InvalidNextTokenException, InvalidParameterException, InvalidRequestException
from ..find import by_id, secret_arn
from ..passwords import password
from ..records import CURRENT, SECRETS, Secret, Value, Version
from ..rotation import replaced
from ..rules import check_request_token
from .secrets import save

Found = tuple[Secret, Version, Value]


@operation("secretsmanager", "GetSecretValue", resource=by_id)
async def get_secret_value(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The value of a version: the current one, or that of a VersionId or VersionStage."""

    def look(tx: Reader) -> Found:
        secret = find.usable(tx, ctx, req["SecretId"])
        return secret, *values.chosen(tx, secret, req.get("VersionId"), req.get("VersionStage"))

    secret, version, value = await ctx.fetch(look)
    answer = await values.shown(ctx, secret, version, value)
    if version.accessed != shapes.day(ctx.now()):
        await ctx.transact(_touch, ctx, req["SecretId"], version.id)
    return answer


def _touch(tx: Transaction, ctx: Context, text: str, id: str) -> None:
    secret = find.find(tx, ctx, text)
    version = versions.version(secret, id) if secret is not None else None
    if secret is not None and version is not None and values.touch(secret, version, shapes.day(ctx.now())):
        tx.put(SECRETS, secret)


@operation("secretsmanager", "PutSecretValue", resource=by_id)
async def put_secret_value(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add a version, or give a value to the empty one that a rotation has begun with."""
    value, token = values.given(req), check_request_token(ctx, req)
    if value is None:
        raise InvalidRequestException("You must provide either SecretString or SecretBinary.")
    stages = req.get("VersionStages") or [CURRENT]
    secret = await ctx.fetch(find.writable, ctx, req["SecretId"])
    made = await values.put(ctx, secret, token, value)
    secret = await ctx.transact(_put, ctx, req["SecretId"], made, stages) if made is not None else secret
    version = versions.version(secret, token)
    return {**shapes.named(ctx, secret), "VersionId": token, "VersionStages": version.stages if version else []}


def _put(tx: Transaction, ctx: Context, text: str, value: Value, stages: list[str]) -> Secret:
    secret = find.writable(tx, ctx, text)
    values.store(tx, ctx, secret, value, stages)
    if CURRENT in stages:
        replaced(tx, ctx, secret)
    save(tx, ctx, secret)
    return secret


@operation("secretsmanager", "BatchGetSecretValue", resource="*")
async def batch_get_secret_value(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Up to 20 values: of secrets that are named, or that pass filters. GetSecretValue is needed for each.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
    """
    ids, wanted = req.get("SecretIdList"), req.get("Filters")
    if (ids is None) == (wanted is None):
        raise InvalidParameterException("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if ids is not None and (req.get("MaxResults") or req.get("NextToken")):
        raise InvalidParameterException("'Filters' not specified in the request.")
    more: dict[str, str] = {}
    if ids is None:
        ctx.require("secretsmanager:ListSecrets", "*")
        kept = await ctx.fetch(lambda tx: list(tx.scan(SECRETS, (ctx.account, ctx.region))))
        passing = [secret for secret in filters.passing(kept, wanted or []) if not secret.deleted]
        found, more = Pages(ctx, InvalidNextTokenException).by_key(
            passing, req.get("NextToken"), req.get("MaxResults") or 20, lambda secret: secret.name
        )
        ids = [secret_arn(ctx, secret) for secret in found]
    answers: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    for id in dict.fromkeys(ids):
        try:
            answers.append(await ctx.call("secretsmanager", "GetSecretValue", {"SecretId": id}))
        except ServiceError as error:
            code = error.code_for("json") if isinstance(error, CommonError) else error.code
            errors.append({"SecretId": id, "ErrorCode": code, "Message": error.message})
    return {"SecretValues": answers, "Errors": errors, **more}


@operation("secretsmanager", "ListSecretVersionIds", resource=by_id)
def list_secret_version_ids(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The versions with labels, and the deprecated ones if they are asked for."""
    with ctx.read() as tx:
        secret = find.require(tx, ctx, req["SecretId"])
    shown = [each for each in secret.versions if each.stages or req.get("IncludeDeprecated")]
    shown.sort(key=lambda version: (version.created, version.id))
    pages = Pages(ctx, InvalidNextTokenException, f"{secret_arn(ctx, secret)}/versions")
    found, more = pages.by_key(shown, req.get("NextToken"), req.get("MaxResults") or 100, lambda v: (v.created, v.id))
    return {**shapes.named(ctx, secret), "Versions": [shapes.version(each) for each in found], **more}


@operation("secretsmanager", "UpdateSecretVersionStage", resource=by_id)
def update_secret_version_stage(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Attach, move or remove a label.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """
    stage = req["VersionStage"]
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        to = _version(secret, req.get("MoveToVersionId"))
        _check_move(secret, stage, to, _version(secret, req.get("RemoveFromVersionId")))
        versions.move(secret, stage, to)
        values.check_quotas(tx, ctx, secret)
        save(tx, ctx, secret)
    return shapes.named(ctx, secret)


def _version(secret: Secret, id: str | None) -> Version | None:
    version = versions.version(secret, id) if id is not None else None
    if id is not None and version is None:
        raise InvalidParameterException(f"Not a valid version: {id}")  # the text is not confirmed
    return version


def _check_move(secret: Secret, stage: str, to: Version | None, origin: Version | None) -> None:
    had = versions.staged(secret, stage)
    if to is None and origin is None:
        raise InvalidParameterException(
            "You must specify at least one of MoveToVersionId and RemoveFromVersionId."  # not confirmed
        )
    if origin is not None and had is not origin:
        raise InvalidParameterException(
            f"When you move staging label {stage}, if you specify RemoveFromVersionId, it must be set to the version "
            f"that currently has the staging label {stage}."
        )
    if to is None and stage == CURRENT:
        raise InvalidParameterException(
            "You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed."
        )
    if origin is None and had is not None and had is not to:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version "
            f"{had.id}, so you must explicitly reference that version in RemoveFromVersionId."
        )


@operation("secretsmanager", "GetRandomPassword", resource="*")
def get_random_password(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A random password with the characters that are asked for."""
    return {"RandomPassword": password(ctx.ids, req)}
