"""Look-up of groups and streams by the names, ARNs and identifiers in requests."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core import arns
from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named
from fogbank.store.api import Reader

from .errors import InvalidParameterException, no_group, no_stream
from .records import GROUPS, STREAMS, Group, Stream

NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
Place = tuple[str, str, str]  # account, region, name


def group_arn(ctx: Context, name: str) -> str:
    return _arn(ctx, (ctx.account, ctx.region, name))


def _arn(ctx: Context, place: Place, group: Group | None = None) -> str:
    account, region, name = place
    return f"arn:{ctx.partition}:logs:{region}:{account}:log-group:{name}"


def _by_name(ctx: Context, text: str) -> Place:
    """The key for a logGroupName, whose characters the model has checked."""
    return ctx.account, ctx.region, text


def _by_arn(ctx: Context, text: str) -> Place:
    """The key for a resourceArn, which must not end in `:*`. AWS's text for an invalid one is not confirmed."""
    head, _, name = text.partition(":log-group:")
    account = head.rpartition(":")[2]
    place = account, ctx.region, name
    if not arns.ACCOUNT.fullmatch(account) or not NAME.fullmatch(name) or _arn(ctx, place) != text:
        raise InvalidParameterException(f"The ARN {text} is not valid for a log group of this Region.")
    return place


def _by_identifier(ctx: Context, text: str) -> Place:
    """The key for a logGroupIdentifier: a name, or an ARN, which "can't end with an asterisk"."""
    return _by_name(ctx, text) if NAME.fullmatch(text) else _by_arn(ctx, text)


GROUP: Kind[Group] = Kind("log group", GROUPS, key=_by_name, arn=_arn, missing=lambda ctx, place: no_group())
BY_IDENTIFIER: Kind[Group] = Kind(
    "log group by identifier", GROUPS, key=_by_identifier, arn=_arn, missing=GROUP.missing
)
BY_ARN: Kind[Group] = Kind("log group by ARN", GROUPS, key=_by_arn, arn=_arn, missing=GROUP.missing)


def _named(req: dict[str, Any]) -> tuple[Kind[Group], str]:
    """The text that names a request's group, and the Kind that parses it."""
    name, identifier = req.get("logGroupName"), req.get("logGroupIdentifier")
    arn = req.get("resourceArn") or req.get("resourceIdentifier")
    if name and not (identifier or arn):
        return GROUP, name
    if identifier and not name:
        return BY_IDENTIFIER, identifier
    if arn and not name:
        return BY_ARN, arn
    raise InvalidParameterException("Exactly one of logGroupName and logGroupIdentifier is required.")


def name(ctx: Context, req: dict[str, Any], part: str = "") -> Named:
    """Resolve the group of a request for authorization, or a `part` of it: `:*`, a stream."""
    kind, text = _named(req)
    return kind.name(ctx, text, part)


def require_group(tx: Reader, ctx: Context, req: dict[str, Any]) -> Group:
    """The group of a request. Raises ResourceNotFoundException."""
    kind, text = _named(req)
    return kind.require(tx, ctx, text)


def require_stream(tx: Reader, group: Group, name: str) -> Stream:
    """A stream of a group by name. Raises ResourceNotFoundException."""
    stream = tx.get(STREAMS, (group.id, name))
    if stream is None:
        raise no_stream()
    return stream
