"""Secrets by the names in requests: a name, a whole ARN, or an ARN without its random end.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html

A text is read to the name under which the secret is kept, if there is one: then the ARN of the record is authorised.
Of a secret that does not exist the ARN has no random end. A secret of another account is found by its whole ARN alone.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.kinds import Kind, Named, remember
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from .errors import ResourceNotFoundException, marked, on_replica
from .records import SECRETS, Secret

Place = tuple[str, str, str]  # account, region, name
_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
_ENDED = re.compile(r"(.+)-([A-Za-z0-9]{6})")


def check_name(name: str) -> None:
    """Raise ValidationException for what cannot name a new secret."""
    if not _NAME.fullmatch(name):
        raise ValidationError(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        )


def secret_arn(ctx: Context, secret: Secret, region: str = "") -> str:
    region = region or secret.region
    return ctx.arn("secretsmanager", f"secret:{secret.name}-{secret.suffix}", region=region, account=secret.account)


def _arn(ctx: Context, place: Any, secret: Secret | None) -> str:
    if secret is not None:
        return secret_arn(ctx, secret)
    account, region, name = place
    return ctx.arn("secretsmanager", f"secret:{name}", region=region, account=account)


def read(ctx: Context, text: str) -> Place:
    """The place that a text names literally. Raises ResourceNotFoundException for ARNs of other things and regions."""
    if not text.startswith("arn:"):
        return ctx.account, ctx.region, text
    head, _, name = text.partition(":secret:")
    account = head.rpartition(":")[2]
    place = account, ctx.region, name
    if not name or not arns.ACCOUNT.fullmatch(account) or _arn(ctx, place, None) != text:
        raise ResourceNotFoundException
    return place


def _follow(tx: Reader, ctx: Context, text: str) -> str:
    """The text that names the secret literally: its name, or its account's ARN without the random end."""
    account, region, name = read(ctx, text)
    if not text.startswith("arn:"):
        return text
    ended = _ENDED.fullmatch(name)
    if ended is not None:
        kept = tx.get(SECRETS, (account, region, ended[1]))
        if kept is not None and kept.suffix == ended[2]:
            return _arn(ctx, (account, region, ended[1]), None)
    if account != ctx.account:
        return f"{text}-"  # no secret's name ends so, for names in other accounts need the whole ARN
    return text


SECRET: Kind[Secret] = Kind(
    "secret",
    SECRETS,
    key=read,
    arn=_arn,
    missing=lambda ctx, place: ResourceNotFoundException(),
    policy=lambda secret: secret.policy or None,
)


def name(ctx: Context, text: str) -> Named:
    """Resolve a SecretId for authorization."""
    with ctx.read() as tx:
        target = _follow(tx, ctx, text)
    return remember(ctx, SECRET.word, text, SECRET.name(ctx, target))


def by_id(ctx: Context, req: dict[str, Any]) -> Named:
    return name(ctx, req["SecretId"])


def perhaps(ctx: Context, req: dict[str, Any]) -> Named | Literal["*"]:
    """ValidateResourcePolicy may leave the secret out."""
    return by_id(ctx, req) if req.get("SecretId") else "*"


def find(tx: Reader, ctx: Context, text: str) -> Secret | None:
    """The secret that a SecretId names, or None."""
    return SECRET.find(tx, ctx, _follow(tx, ctx, text) if ctx.names is None else text)


def require(tx: Reader, ctx: Context, text: str) -> Secret:
    """The secret that a SecretId names, also if it is scheduled for deletion."""
    secret = find(tx, ctx, text)
    if secret is None:
        raise ResourceNotFoundException
    return secret


def usable(tx: Reader, ctx: Context, text: str) -> Secret:
    """A secret that is not scheduled for deletion."""
    secret = require(tx, ctx, text)
    if secret.deleted:
        raise marked()
    return secret


def writable(tx: Reader, ctx: Context, text: str) -> Secret:
    """A secret that is neither scheduled for deletion nor a replica."""
    secret = usable(tx, ctx, text)
    if secret.is_replica:
        raise on_replica()
    return secret


# -- what requests need ------------------------------------------------------------------------------------------------


def created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """A secret that is about to be made: its ARN with the random end that it will have.

    Tags need TagResource, and replicas ReplicateSecretToRegions:
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    check_name(req["Name"])
    found = SECRET.name(ctx, req["Name"])
    if found.record is None:
        drawn = ctx.ids.alnum(6)
        made = Named(f"{found}-{drawn}")
        made.owner, made.policy, made.record, made.key = found.owner, None, None, (*found.key, drawn)
        found = made
    more = {"Tags": "TagResource", "AddReplicaRegions": "ReplicateSecretToRegions"}
    needed = [f"secretsmanager:{action}" for member, action in more.items() if req.get(member)]
    return [Access(action, found) for action in ("", *needed)]


def drawn(ctx: Context) -> str:
    """The random end of the secret that CreateSecret makes: the one that was authorised."""
    needed = ctx.names.needed if ctx.names is not None else None
    key: tuple[str, ...] = needed[0].resource.key if needed else ()
    return key[3] if len(key) == 4 else ctx.ids.alnum(6)
