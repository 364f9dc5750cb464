"""CreateKey, DescribeKey, ListKeys, enabling, deletion, rotation, policies, tags."""

from __future__ import annotations

from typing import Any

from fogbank.auth import quotas
from fogbank.core import documents, lists
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ValidationError
from fogbank.core.kinds import named
from fogbank.core.operation import job, operation
from fogbank.core.paging import Pages
from fogbank.core.residents import resident
from fogbank.store.api import Reader, Transaction

from .. import arns
from ..errors import (
    InvalidMarkerException,
    KMSInvalidStateException,
    LimitExceededException,
    MalformedPolicyDocumentException,
    NotFoundException,
    UnsupportedOperationException,
)
from ..keys import ROTATION, check_state, default_policy, key_arn, require, rotate, usable
from ..records import ALIASES, KEYS, Key
from ..shapes import metadata
from ..tags import NAMES, check_tags

KEYS_PER_REGION = "L-C2F1777E"  # a quota

DAY = 86400


@operation("kms", "CreateKey", resource=arns.new_key)
def create_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A symmetric encryption key. Other specs are refused: they are not built yet.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
    """
    spec = req.get("KeySpec") or req.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    if spec != "SYMMETRIC_DEFAULT" or req.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        raise UnsupportedOperationException(f"Fogbank has built KMS keys of spec SYMMETRIC_DEFAULT only, not {spec}.")
    if req.get("Origin", "AWS_KMS") != "AWS_KMS":
        raise UnsupportedOperationException("Fogbank has built KMS keys of origin AWS_KMS only.")
    id = ("mrk-" + ctx.ids.hex(32)) if req.get("MultiRegion") else ctx.ids.uuid()
    key = Key(
        account=ctx.account,
        region=ctx.region,
        id=id,
        created=ctx.now(),
        material=[ctx.ids.bytes(32)],
        policy=_checked_policy(ctx, id, req) if req.get("Policy") else default_policy(ctx),
        description=req.get("Description", ""),
        multi_region=req.get("MultiRegion", False),
        tags=_tags(req.get("Tags", ())),
    )
    with ctx.write() as tx:
        _refuse_more(tx, ctx)
        tx.put(KEYS, key)
    return {"KeyMetadata": metadata(ctx, key)}


def _refuse_more(tx: Reader, ctx: Context) -> None:
    """AWS managed keys do not count, keys in every state do.

    https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    """
    limit = quotas.reached(tx, ctx, "kms", KEYS_PER_REGION, KEYS, (ctx.account, ctx.region))
    if limit is not None:
        own = sum(key.manager == "CUSTOMER" for key in tx.scan(KEYS, (ctx.account, ctx.region)))
        if own >= limit:
            raise LimitExceededException


def _checked_policy(ctx: Context, id: str, req: dict[str, Any]) -> str:
    """The policy of a request, which lets the caller put another one.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#prevent-unmanageable-key
    """
    text: str = req["Policy"]
    try:
        document = documents.read(text)
    except documents.BadDocument:
        raise MalformedPolicyDocumentException from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise MalformedPolicyDocumentException
    if not req.get("BypassPolicyLockoutSafetyCheck"):
        key = named(ctx.arn("kms", f"key/{id}"), ctx.account, policy=text)
        try:
            ctx.require("kms:PutKeyPolicy", key, {"kms:CallerAccount": ctx.principal.account})
        except AccessDenied:
            raise MalformedPolicyDocumentException(
                "The new key policy will not allow you to update the key policy in the future."
            ) from None
    return text


def _tags(given: Any) -> dict[str, str]:
    found = NAMES.read(given)
    check_tags(None, found)
    return found


@operation("kms", "DescribeKey", resource=arns.key)
def describe_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a key; an AWS managed key that is asked for by its alias comes to be."""
    with ctx.write() as tx:
        managed = req["KeyId"].startswith("alias/aws/")
        key = usable(tx, ctx, req["KeyId"]) if managed else require(tx, ctx, req["KeyId"])
    return {"KeyMetadata": metadata(ctx, key)}


@operation("kms", "ListKeys", resource="*")
def list_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Every key of the account and region, by id."""
    limit = req.get("Limit", 100)
    where = (ctx.account, ctx.region)
    pages = Pages(ctx, InvalidMarkerException, member="NextMarker")
    after = pages.key(where, req.get("Marker"))
    with ctx.read() as tx:
        found = list(tx.scan(KEYS, where, after=after, limit=limit + 1))
    keys, more = pages.cut(found, limit, lambda key: key.id)
    shown = [{"KeyId": key.id, "KeyArn": key_arn(ctx, key)} for key in keys]
    return {"Keys": shown, "Truncated": bool(more), **more}


def _change(ctx: Context, key_id: str, **fields: Any) -> Key:
    with ctx.write() as tx:
        key = require(tx, ctx, key_id)
        if key.state == "PendingDeletion":
            raise KMSInvalidStateException(f"{key_arn(ctx, key)} is pending deletion.")
        _set(tx, key, fields)
    return key


def _set(tx: Transaction, key: Key, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(key, name, value)
    tx.put(KEYS, key)


@operation("kms", "EnableKey", resource=arns.own_key)
def enable_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Make a disabled key work again."""
    _change(ctx, req["KeyId"], state="Enabled")
    return {}


@operation("kms", "DisableKey", resource=arns.own_key)
def disable_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Cryptographic operations answer DisabledException until the key is enabled again."""
    _change(ctx, req["KeyId"], state="Disabled")
    return {}


@operation("kms", "UpdateKeyDescription", resource=arns.own_key)
def update_key_description(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the description."""
    _change(ctx, req["KeyId"], description=req["Description"])
    return {}


@operation("kms", "ScheduleKeyDeletion", resource=arns.own_key)
def schedule_key_deletion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The key stops working now and is gone after 7 to 30 days of the clock."""
    days = req.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise ValidationError("PendingWindowInDays must be between 7 and 30 (inclusive).")
    with ctx.write() as tx:
        key = require(tx, ctx, req["KeyId"])
        if key.state == "PendingDeletion":
            raise KMSInvalidStateException(f"{key_arn(ctx, key)} is pending deletion.")
        _set(tx, key, {"state": "PendingDeletion", "deletion": ctx.now() + days * DAY})
        ctx.later(tx, "kms.delete", {"id": key.id}, delay=days * DAY, name=key.id)
    return {
        "KeyId": key_arn(ctx, key),
        "DeletionDate": key.deletion,
        "KeyState": key.state,
        "PendingWindowInDays": days,
    }


@operation("kms", "CancelKeyDeletion", resource=arns.own_key)
def cancel_key_deletion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep the key after all; it is disabled, as on AWS."""
    with ctx.write() as tx:
        key = require(tx, ctx, req["KeyId"])
        if key.state != "PendingDeletion":
            raise KMSInvalidStateException(f"{key_arn(ctx, key)} is not pending deletion.")
        _set(tx, key, {"state": "Disabled", "deletion": 0.0})
        ctx.cancel(tx, "kms.delete", key.id)
    return {"KeyId": key_arn(ctx, key)}


@job("kms.delete")
async def delete_key(ctx: Context, payload: dict[str, Any]) -> None:
    """The end of the waiting period: the key and its aliases go."""

    def change(tx: Transaction) -> None:
        key = tx.get(KEYS, (ctx.account, ctx.region, payload["id"]))
        if key is not None and key.state == "PendingDeletion":
            for alias in list(tx.scan_index(ALIASES, "key", (ctx.account, ctx.region, key.id))):
                tx.delete(ALIASES, (alias.account, alias.region, alias.name))
            tx.delete(KEYS, (key.account, key.region, key.id))
            ctx.leave(tx, ROTATION, key.id)

    await ctx.transact(change)


@operation("kms", "EnableKeyRotation", resource=arns.own_key)
def enable_key_rotation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """A new backing key every RotationPeriodInDays; old ciphertexts still open."""
    with ctx.write() as tx:
        key = require(tx, ctx, req["KeyId"])
        check_state(ctx, key)
        _set(tx, key, _next(ctx, req.get("RotationPeriodInDays", 365)))
        rotate(tx, ctx, key)
    return {}


def _next(ctx: Context, days: int) -> dict[str, Any]:
    return {"rotation": True, "rotation_days": days, "rotates": ctx.now() + days * DAY}


@operation("kms", "DisableKeyRotation", resource=arns.own_key)
def disable_key_rotation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Stop rotating."""
    with ctx.write() as tx:
        key = require(tx, ctx, req["KeyId"])
        check_state(ctx, key)
        _set(tx, key, {"rotation": False})
        ctx.leave(tx, ROTATION, key.id)
    return {}


@resident(ROTATION)
async def keep_rotating(ctx: Context, id: str) -> None:
    """Add a backing key whenever one is due."""
    while True:
        wait = await ctx.transact(_rotate, ctx, id)
        if wait is None:
            return
        await ctx.clock.sleep(wait)


def _rotate(tx: Transaction, ctx: Context, id: str) -> float | None:
    """Rotate the key if it is time; seconds until the next time."""
    key = tx.get(KEYS, (ctx.account, ctx.region, id))
    if key is None or not key.rotation:
        return None
    if key.rotates <= ctx.now():
        added = {"material": [*key.material, ctx.ids.bytes(32)], "rotated": [*key.rotated, ctx.now()]}
        _set(tx, key, added | _next(ctx, key.rotation_days))
    return key.rotates - ctx.now()


@operation("kms", "GetKeyRotationStatus", resource=arns.bare_key)
def get_key_rotation_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Whether the key rotates, and how often."""
    with ctx.read() as tx:
        key = require(tx, ctx, req["KeyId"])
    shown: dict[str, Any] = {"KeyId": key_arn(ctx, key), "KeyRotationEnabled": key.rotation}
    period = {"RotationPeriodInDays": key.rotation_days, "NextRotationDate": key.rotates}
    return shown | (period if key.rotation else {})


@operation("kms", "ListKeyRotations", resource=arns.own_key)
def list_key_rotations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """When the key was rotated, the latest first."""
    with ctx.read() as tx:
        key = require(tx, ctx, req["KeyId"])

    def shape(at: float) -> dict[str, Any]:
        return {"KeyId": key_arn(ctx, key), "RotationDate": at, "RotationType": "AUTOMATIC"}

    return lists.page(ctx, req, reversed(key.rotated), key=lambda at: -at, shape=shape, size=100,
                      refused=InvalidMarkerException, scope=key.id)  # fmt: skip


@operation("kms", "GetKeyPolicy", resource=arns.own_key)
def get_key_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The one policy a key has, named default."""
    with ctx.read() as tx:
        key = require(tx, ctx, req["KeyId"])
    if req.get("PolicyName", "default") != "default":
        raise NotFoundException("No such policy exists")
    return {"Policy": key.policy, "PolicyName": "default"}


@operation("kms", "PutKeyPolicy", resource=arns.own_key)
def put_key_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Replace the key policy."""
    if req.get("PolicyName", "default") != "default":
        raise NotFoundException("No such policy exists")
    with ctx.read() as tx:
        key = require(tx, ctx, req["KeyId"])
    _change(ctx, req["KeyId"], policy=_checked_policy(ctx, key.id, req))
    return {}


@operation("kms", "ListKeyPolicies", resource=arns.own_key)
def list_key_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Always the one name."""
    with ctx.read() as tx:
        key = require(tx, ctx, req["KeyId"])
    return lists.page(ctx, req, ["default"], key=str, shape=str, size=100, refused=InvalidMarkerException, scope=key.id)
