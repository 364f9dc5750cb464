"""RotateSecret and CancelRotateSecret."""

from __future__ import annotations

from typing import Any

from fogbank.auth.roles import passed
from fogbank.core.context import Context
from fogbank.core.operation import Access, operation
from fogbank.store.api import Transaction

from .. import find, rotation, scheduling, shapes, versions
from ..errors import InvalidRequestException
from ..find import by_id
from ..records import PENDING, SECRETS, Secret
from ..rules import check_request_token

_UNFINISHED = "A previous rotation isn’t complete. That rotation will be reattempted."


def _rotated(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The secret, and iam:PassRole on the role that an external secret is to be rotated with."""
    role = req.get("ExternalSecretRotationRoleArn")
    own = Access("", by_id(ctx, req))
    return [own, *([passed(ctx, role, "secretsmanager.amazonaws.com")] if role else [])]


@operation("secretsmanager", "RotateSecret", resource=_rotated)
async def rotate_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Set the function and the schedule, and begin a rotation unless it is to wait for its window.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """
    token = check_request_token(ctx, req)
    rules = scheduling.checked(req["RotationRules"]) if req.get("RotationRules") else None
    secret = await ctx.fetch(find.writable, ctx, req["SecretId"])
    function = req.get("RotationLambdaARN") or secret.function
    external = {
        member: req[member] for member in ("ExternalSecretRotationMetadata", "ExternalSecretRotationRoleArn")
        if req.get(member)
    }  # fmt: skip
    if external:
        ctx.recorded(*external)
    elif not function:
        raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
    else:
        await rotation.check_permission(ctx, secret, function)
    changed, finished = await ctx.transact(_rotate, ctx, req, token, function, rules, external)
    if not finished:
        raise InvalidRequestException(_UNFINISHED)
    return {**shapes.named(ctx, changed), "VersionId": token}


def _rotate(
    tx: Transaction,
    ctx: Context,
    req: dict[str, Any],
    token: str,
    function: str,
    rules: dict[str, Any] | None,
    external: dict[str, Any],
) -> tuple[Secret, bool]:
    """The changed secret, and whether no earlier rotation is under way: that one is taken up again."""
    secret = find.writable(tx, ctx, req["SecretId"])
    if versions.version(secret, token) is not None and secret.function == function:
        return secret, True  # the same request again
    earlier = rotation.unfinished(secret)
    if earlier is not None and function:
        rotation.enqueue(tx, ctx, secret, earlier.id)
        return secret, False
    secret.function, secret.external = function, secret.external | external
    secret.rules = secret.rules if rules is None else rules
    secret.rotating = True
    secret.changed = ctx.now()
    if function and req.get("RotateImmediately", True):
        rotation.begin(tx, ctx, secret, token)
    elif function:
        rotation.enqueue(tx, ctx, secret, token, rotation.TEST)
    rotation.plan(tx, ctx, secret, ctx.now())
    tx.put(SECRETS, secret)
    return secret, True


@operation("secretsmanager", "CancelRotateSecret", resource=by_id)
def cancel_rotate_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Turn rotation off, and give up one that is under way. Its version keeps its label, as on AWS.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
    """
    with ctx.write() as tx:
        secret = find.writable(tx, ctx, req["SecretId"])
        pending = versions.staged(secret, PENDING)
        there = rotation.home(ctx, secret)
        there.cancel(tx, rotation.ROTATE, secret.name)
        there.leave(tx, rotation.ROTATION, secret.name)
        secret.rotating, secret.opens, secret.closes = False, 0.0, 0.0
        secret.changed = ctx.now()
        tx.put(SECRETS, secret)
    return shapes.named(ctx, secret) | ({"VersionId": pending.id} if pending is not None else {})
