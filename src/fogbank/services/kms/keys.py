"""The keys that requests name: by id, ARN, alias name or alias ARN; AWS managed keys appear on first use.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id

A key is authorised by its own ARN, whatever alias led to it, and its key policy has a say.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import AccessDenied, ValidationError
from fogbank.core.kinds import Kind, Named, remember
from fogbank.store.api import Reader, Transaction

from . import cipher
from .errors import (
    DisabledException,
    InvalidAliasNameException,
    InvalidCiphertextException,
    InvalidKeyUsageException,
    KMSInvalidStateException,
    NotFoundException,
)
from .records import ALIASES, KEYS, Alias, Key

ROTATION = "kms.rotation"

Place = tuple[str, str, str]  # account, region, and the id of a key or "alias/…"

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")
_MANAGED = re.compile(r"alias/aws/[a-z0-9-]{1,64}")


def _arn(ctx: Context, place: Place) -> str:
    account, region, name = place
    return f"arn:{ctx.partition}:kms:{region}:{account}:{name if name.startswith('alias/') else f'key/{name}'}"


def key_arn(ctx: Context, key: Key) -> str:
    return _arn(ctx, (key.account, key.region, key.id))


# -- reading names -----------------------------------------------------------------------------------------------------


def read(ctx: Context, text: str) -> Place:
    """A KeyId, in the words of the errors that users report of AWS.

    "Invalid arn us-west-2" for another region's, "Invalid keyId 'aws/s3'" for what is neither an id nor an alias.
    """
    if text.startswith("arn:"):
        parts = text.split(":")
        if len(parts) != 6 or parts[2] != "kms":
            raise NotFoundException(f"Invalid arn {text}")
        if parts[3] != ctx.region:
            raise NotFoundException(f"Invalid arn {parts[3]}")
        place = (parts[4], parts[3], parts[5].removeprefix("key/"))
        if not arns.ACCOUNT.fullmatch(parts[4]) or _arn(ctx, place) != text:
            raise NotFoundException(f"Invalid arn {text}")
    else:
        place = (ctx.account, ctx.region, text)
    if not (_ID.fullmatch(place[2]) or _ALIAS.fullmatch(place[2])):
        raise NotFoundException(f"Invalid keyId '{text}'")
    return place


def _read_alias_name(ctx: Context, text: str) -> Place:
    """The AliasName of CreateAlias, UpdateAlias and DeleteAlias: a bare name, of this account."""
    if not text.startswith("alias/"):
        raise ValidationError("Invalid identifier")
    if text.startswith("alias/aws/"):
        raise InvalidAliasNameException("Alias names that begin with alias/aws/ are reserved for AWS managed keys.")
    if not _ALIAS.fullmatch(text):
        raise InvalidAliasNameException(f"{text} contains invalid characters.")
    return ctx.account, ctx.region, text


def _missing(ctx: Context, place: Any) -> NotFoundException:
    arn = _arn(ctx, place)
    if place[2].startswith("alias/"):
        return NotFoundException(f"Alias {arn} is not found.")
    return NotFoundException(f"Key '{arn}' does not exist")


def _named(ctx: Context, place: Any, record: Any) -> str:
    return _arn(ctx, place)


KEY: Kind[Key] = Kind("key", KEYS, key=read, arn=_named, missing=_missing, policy=lambda key: key.policy)
ALIAS: Kind[Alias] = Kind("alias", ALIASES, key=_read_alias_name, arn=_named, missing=_missing)


# -- from a name to its key --------------------------------------------------------------------------------------------


def name(ctx: Context, text: str) -> Named:
    """Resolve a KeyId for authorization: the key; an alias that leads nowhere is resolved as itself."""
    if "alias/" not in text:
        return KEY.name(ctx, text)
    with ctx.read() as tx:
        target = _follow(tx, ctx, text)
    found = KEY.name(ctx, target)
    if found.record is None and _comes_to_be(ctx, place := read(ctx, text)):
        found.policy = managed_policy(ctx, place[2].rpartition("/")[2])
    return remember(ctx, KEY.word, text, found)


def _follow(tx: Reader, ctx: Context, text: str) -> str:
    """The ARN of the key that an alias stands for; any other text as it is, and that of an alias without a key."""
    account, region, alias = place = read(ctx, text)
    if not alias.startswith("alias/"):
        return text
    known = tx.get(ALIASES, place)
    if known is not None:
        return _arn(ctx, (account, region, known.key_id))
    return _arn(ctx, (account, region, _managed_id(ctx, alias))) if _comes_to_be(ctx, place) else text


def find(tx: Reader, ctx: Context, text: str) -> Key | None:
    """The key that a KeyId names, or None."""
    return KEY.find(tx, ctx, _follow(tx, ctx, text) if ctx.names is None else text)


def require(tx: Reader, ctx: Context, text: str) -> Key:
    """The key that a KeyId names; NotFoundException as KMS words it."""
    key = find(tx, ctx, text)
    if key is None:
        raise _missing(ctx, read(ctx, text))
    return key


def usable(tx: Transaction, ctx: Context, text: str, usage: str = "ENCRYPT_DECRYPT") -> Key:
    """The key for a cryptographic operation; makes the AWS managed key of an alias/aws/… that is not there yet."""
    key = find(tx, ctx, text)
    if key is None and _comes_to_be(ctx, place := read(ctx, text)):
        key = _make_managed(tx, ctx, place[2])
    key = key or require(tx, ctx, text)
    check_state(ctx, key)
    if key.usage != usage:
        raise InvalidKeyUsageException(
            f"{key_arn(ctx, key)} key usage is {key.usage} which is not valid for this call."
        )
    return key


def sealed_with(ctx: Context, blob: bytes) -> str:
    """The ARN of the key that a ciphertext names; a ciphertext is opened in the region of its key only."""
    found = cipher.header(blob)
    if found.region != ctx.region:
        raise not_to_be_opened()
    arn = _arn(ctx, (found.account, found.region, found.key_id))
    try:
        read(ctx, arn)
    except NotFoundException:
        raise InvalidCiphertextException from None
    return arn


def not_to_be_opened() -> AccessDenied:
    return AccessDenied(
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are "
        "not allowed to access."
    )


def check_state(ctx: Context, key: Key) -> None:
    """Only an enabled key works.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    if key.state == "Disabled":
        raise DisabledException(f"{key_arn(ctx, key)} is disabled.")
    if key.state == "PendingDeletion":
        raise KMSInvalidStateException(f"{key_arn(ctx, key)} is pending deletion.")


# -- AWS managed keys --------------------------------------------------------------------------------------------------


def _comes_to_be(ctx: Context, place: Place) -> bool:
    """Whether an alias is of an AWS managed key of this account. Any service's will do: AWS lists them nowhere."""
    return place[0] == ctx.account and _MANAGED.fullmatch(place[2]) is not None


def _managed_id(ctx: Context, alias: str) -> str:
    """The id that an AWS managed key will have: it is authorised before it is made, and both must mean one key."""
    import uuid

    seed = hmac.digest(ctx.app.secret, f"kms/{ctx.account}/{ctx.region}/{alias}".encode(), hashlib.sha256)
    return str(uuid.UUID(bytes=seed[:16], version=4))


def _make_managed(tx: Transaction, ctx: Context, alias: str) -> Key:
    """The AWS managed key behind alias/aws/SERVICE, made when a service first needs it."""
    service = alias.rsplit("/", 1)[1]
    key = Key(
        account=ctx.account,
        region=ctx.region,
        id=_managed_id(ctx, alias),
        created=ctx.now(),
        material=[ctx.ids.bytes(32)],
        policy=managed_policy(ctx, service),
        manager="AWS",
        rotation=True,
        rotates=ctx.now() + 365 * 86400,
        description=f"Default key that protects my {service.upper()} data when no other key is defined",
    )
    tx.put(KEYS, key)
    rotate(tx, ctx, key)
    now = ctx.now()
    tx.put(
        ALIASES,
        Alias(account=ctx.account, region=ctx.region, name=alias, key_id=key.id, created=now, updated=now),
    )
    return key


def managed_policy(ctx: Context, service: str) -> str:
    """The policy of an AWS managed key: the service uses it for everybody of the account, who cannot use it directly.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-authz
    """
    import json

    def via(region: str) -> dict[str, str]:
        return {"kms:CallerAccount": ctx.account, "kms:ViaService": f"{service}.{region}.amazonaws.com"}

    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
    look = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    root = f"arn:{ctx.partition}:iam::{ctx.account}:root"
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": use, "Resource": "*",
         "Condition": {"StringEquals": via(ctx.region)}},
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": look, "Resource": "*"},
    ]  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Id": f"auto-{service}-1", "Statement": statements})


def rotate(tx: Transaction, ctx: Context, key: Key) -> None:
    """Have the key rotate by its settings."""
    ctx.reside(tx, ROTATION, key.id, generation=int(key.rotates))


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
