"""Finding keys: by id, ARN, alias name or alias ARN; AWS managed keys appear on first use."""

from __future__ import annotations

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .errors import DisabledException, KMSInvalidStateException, NotFoundException
from .records import ALIASES, KEYS, Alias, Key


def key_arn(ctx: Context, key: Key) -> str:
    return f"arn:{arns.partition_of(key.region)}:kms:{key.region}:{key.account}:key/{key.id}"


def locate(ctx: Context, key_id: str) -> tuple[str, str, str]:
    """(account, region, "uuid" or "alias/…") that a KeyId names; NotFoundException for a malformed ARN."""
    if not key_id.startswith("arn:"):
        return ctx.account, ctx.region, key_id
    try:
        arn = arns.parse(key_id)
    except ValueError:
        raise NotFoundException(f"Invalid arn {key_id}") from None
    if arn.service != "kms" or arn.region != ctx.region:
        raise NotFoundException(f"Invalid arn {arn.region}")
    return arn.account, arn.region, arn.resource.removeprefix("key/")


def find(tx: Reader, ctx: Context, key_id: str) -> Key | None:
    """The key a KeyId names, or None."""
    account, region, name = locate(ctx, key_id)
    if name.startswith("alias/"):
        alias = tx.get(ALIASES, (account, region, name))
        return tx.get(KEYS, (account, region, alias.key_id)) if alias else None
    return tx.get(KEYS, (account, region, name))


def require(tx: Reader, ctx: Context, key_id: str) -> Key:
    """The key a KeyId names; NotFoundException as KMS words it."""
    key = find(tx, ctx, key_id)
    if key is None:
        account, region, name = locate(ctx, key_id)
        kind = "Alias" if name.startswith("alias/") else "Key"
        path = name if kind == "Alias" else f"key/{name}"
        raise NotFoundException(
            f"{kind} 'arn:{ctx.partition}:kms:{region}:{account}:{path}' "
            + ("is not found." if kind == "Alias" else "does not exist")
        )
    return key


def usable(tx: Transaction, ctx: Context, key_id: str, usage: str = "ENCRYPT_DECRYPT") -> Key:
    """The key for a cryptographic operation; makes the AWS managed key of an alias/aws/… that is not there yet."""
    from .errors import InvalidKeyUsageException

    key = find(tx, ctx, key_id)
    if key is None and locate(ctx, key_id)[2].startswith("alias/aws/") and locate(ctx, key_id)[0] == ctx.account:
        key = make_managed(tx, ctx, locate(ctx, key_id)[2])
    key = key or require(tx, ctx, key_id)
    check_state(ctx, key)
    if key.usage != usage:
        raise InvalidKeyUsageException(
            f"{key_arn(ctx, key)} key usage is {key.usage} which is not valid for this call."
        )
    return key


def check_state(ctx: Context, key: Key) -> None:
    """Only an enabled key works.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    if key.state == "Disabled":
        raise DisabledException(f"{key_arn(ctx, key)} is disabled.")
    if key.state == "PendingDeletion":
        raise KMSInvalidStateException(f"{key_arn(ctx, key)} is pending deletion.")


def make_managed(tx: Transaction, ctx: Context, alias: str) -> Key:
    """The AWS managed key behind alias/aws/SERVICE, made when a service first needs it."""
    service = alias.rsplit("/", 1)[1]
    key = Key(
        account=ctx.account,
        region=ctx.region,
        id=ctx.ids.uuid(),
        created=ctx.now(),
        material=[ctx.ids.bytes(32)],
        policy=default_policy(ctx),
        manager="AWS",
        rotation=True,
        rotates=ctx.now() + 365 * 86400,
        description=f"Default key that protects my {service.upper()} data when no other key is defined",
    )
    tx.put(KEYS, key)
    ctx.later(tx, "kms.rotate", {"id": key.id, "generation": 1}, delay=365 * 86400, name=f"rotate/{key.id}")
    now = ctx.now()
    tx.put(
        ALIASES,
        Alias(account=ctx.account, region=ctx.region, name=alias, key_id=key.id, created=now, updated=now),
    )
    return key


def default_policy(ctx: Context) -> str:
    """The policy a key gets when none is given: the account's IAM policies decide.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return (
        '{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {\n'
        '    "Sid" : "Enable IAM User Permissions",\n    "Effect" : "Allow",\n'
        f'    "Principal" : {{\n      "AWS" : "arn:{ctx.partition}:iam::{ctx.account}:root"\n    }},\n'
        '    "Action" : "kms:*",\n    "Resource" : "*"\n  } ]\n}'
    )
