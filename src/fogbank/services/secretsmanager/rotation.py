"""Rotation: four calls of a function, at once or when a window opens.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

A rotation begins with an empty version under AWSPENDING, and a job calls the function with it. After a crash, or when
the function fails, the job begins anew with the first step: rotation functions are written to be repeated. One resident
for each secret with a schedule waits for its windows.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from fogbank.core import principal
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ServiceError
from fogbank.core.operation import job
from fogbank.core.residents import resident
from fogbank.store.api import Transaction

from . import replicas, versions
from .find import secret_arn
from .records import CURRENT, PENDING, SECRETS, Secret, Version
from .scheduling import Window, next_window

log = logging.getLogger("fogbank.secretsmanager")
ROTATION, ROTATE, TEST = "secretsmanager.rotation", "secretsmanager.rotate", "secretsmanager.test"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
SERVICE = "secretsmanager.amazonaws.com"


class RotationFailed(Exception):
    """The function failed, or did not do what its step is for."""


def home(ctx: Context, secret: Secret) -> Context:
    """A context in which the service acts for a secret, in its account and region."""
    who = principal.service(SERVICE, secret.account, secret_arn(ctx, secret))
    return ctx.acting_as(who, region=secret.region)


async def check_permission(ctx: Context, secret: Secret, function: str) -> None:
    """Raise AccessDeniedException unless both the caller and the service may invoke the function.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
    """
    request = {"FunctionName": function, "InvocationType": "DryRun"}
    await ctx.call("lambda", "Invoke", request)
    try:
        await home(ctx, secret).call("lambda", "Invoke", request)
    except AccessDenied:
        raise AccessDenied(
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            f"access to the principal {SERVICE}."
        ) from None


# -- planning ----------------------------------------------------------------------------------------------------------


def unfinished(secret: Secret) -> Version | None:
    """The version of a rotation that has not ended: it is pending, and not current."""
    found = versions.staged(secret, PENDING)
    return found if found is not None and CURRENT not in found.stages else None


def begin(tx: Transaction, ctx: Context, secret: Secret, id: str) -> None:
    """Begin a rotation with a new version of this id. The caller stores the secret."""
    versions.attach(secret, Version(id, ctx.now()), [PENDING])
    enqueue(tx, ctx, secret, id)


def enqueue(tx: Transaction, ctx: Context, secret: Secret, id: str, kind: str = ROTATE) -> None:
    payload = {"name": secret.name, "suffix": secret.suffix, "version": id}
    home(ctx, secret).later(tx, kind, payload, name=secret.name, order=secret.name)


def plan(tx: Transaction, ctx: Context, secret: Secret, last: float) -> None:
    """Wait for the window after the last rotation. The caller stores the secret."""
    window = next_window(secret.rules, last) if secret.rules else Window(0.0, 0.0)
    secret.opens, secret.closes = window
    if window.opens:
        home(ctx, secret).reside(tx, ROTATION, secret.name, generation=int(window.opens))


def replaced(tx: Transaction, ctx: Context, secret: Secret) -> None:
    """A value was put by hand, which counts as a rotation if the schedule is AutomaticallyAfterDays."""
    if secret.rotating and secret.rules.get("ScheduleExpression") is None:
        plan(tx, ctx, secret, ctx.now())


@resident(ROTATION)
async def keep_rotating(ctx: Context, id: str) -> None:
    """Begin a rotation whenever a window opens."""
    while True:
        wait = await ctx.transact(_due, ctx, id)
        if wait is None:
            return
        await ctx.clock.sleep(wait)


def _due(tx: Transaction, ctx: Context, name: str) -> float | None:
    """Begin a rotation if it is time; seconds until the next window."""
    secret = tx.get(SECRETS, (ctx.account, ctx.region, name))
    if secret is None or not secret.rotating or not secret.opens or secret.deleted:
        return None
    if secret.opens <= ctx.now():
        earlier = unfinished(secret)
        if earlier is not None:
            enqueue(tx, ctx, secret, earlier.id)
        else:
            begin(tx, ctx, secret, ctx.ids.uuid())
        secret.opens, secret.closes = next_window(secret.rules, ctx.now())
        tx.put(SECRETS, secret)
    return secret.opens - ctx.now()


# -- calling the function ----------------------------------------------------------------------------------------------


@job(ROTATE, attempts=6, backoff=5.0, lane="secretsmanager.rotation")
async def rotate(ctx: Context, payload: dict[str, Any]) -> None:
    """Call the function with each step, and note the success."""
    version = payload["version"]
    for step in STEPS:
        secret = await ctx.fetch(lambda tx: tx.get(SECRETS, (ctx.account, ctx.region, payload["name"])))
        if secret is None or secret.suffix != payload["suffix"] or secret.deleted or not secret.function:
            return
        found = versions.version(secret, version)
        if found is None or (step == STEPS[0] and PENDING not in found.stages):
            return  # it was cancelled
        if step == STEPS[1] and not found.filled:
            raise RotationFailed(
                f"Pending secret version {version} for Secret {secret_arn(ctx, secret)} was not created by Lambda "
                f"{secret.function}. Remove the AWSPENDING staging label and restart rotation."
            )
        await _invoke(ctx, secret, step, version)
    await ctx.transact(_finish, ctx, payload)


def _finish(tx: Transaction, ctx: Context, payload: dict[str, Any]) -> None:
    secret = tx.get(SECRETS, (ctx.account, ctx.region, payload["name"]))
    found = versions.version(secret, payload["version"]) if secret is not None else None
    if secret is None or found is None or CURRENT not in found.stages:
        raise RotationFailed(f"the version {payload['version']} of {payload['name']} did not become AWSCURRENT")
    secret.rotated = secret.changed = ctx.now()
    if secret.rotating:
        plan(tx, ctx, secret, ctx.now())
    tx.put(SECRETS, secret)
    replicas.follow(tx, ctx, secret)


@job(TEST, attempts=1, lane="secretsmanager.rotation")
async def test(ctx: Context, payload: dict[str, Any]) -> None:
    """Call the function with testSecret alone: "This test creates an AWSPENDING version of the secret and then removes
    it": API_RotateSecret. What it answers changes nothing. That the version has no value is not confirmed.
    """
    key = (ctx.account, ctx.region, payload["name"])

    def change(tx: Transaction, add: bool) -> Secret | None:
        secret = tx.get(SECRETS, key)
        if secret is None or secret.suffix != payload["suffix"]:
            return None
        if add and unfinished(secret) is None:
            versions.attach(secret, Version(payload["version"], ctx.now()), [PENDING])
        elif not add:
            secret.versions = [each for each in secret.versions if each.id != payload["version"] or each.filled]
        tx.put(SECRETS, secret)
        return secret

    secret = await ctx.transact(change, True)
    if secret is None:
        return
    try:
        await _invoke(ctx, secret, "testSecret", payload["version"])
    except RotationFailed as error:
        log.info("the test of a rotation: %s", error)
    finally:
        await ctx.transact(change, False)


async def _invoke(ctx: Context, secret: Secret, step: str, version: str) -> None:
    event = {
        "Step": step,
        "SecretId": secret_arn(ctx, secret),
        "ClientRequestToken": version,
        "RotationToken": ctx.ids.uuid(),
    }
    request = {"FunctionName": secret.function, "Payload": json.dumps(event).encode()}
    try:
        answer = await home(ctx, secret).call("lambda", "Invoke", request)
    except ServiceError as error:
        raise RotationFailed(f"{step} of {secret.name}: {error.code}: {error.message}") from error
    if answer.get("FunctionError"):
        raise RotationFailed(f"{step} of {secret.name}: the function failed")
