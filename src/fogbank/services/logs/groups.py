"""Finding groups and streams by the names, ARNs and identifiers that requests carry."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader

from .errors import InvalidParameterException, no_group, no_stream
from .records import GROUPS, STREAMS, Group, Stream


def group_arn(ctx: Context, name: str) -> str:
    return ctx.arn("logs", f"log-group:{name}")


def named(req: dict[str, Any]) -> str:
    """The group's name in logGroupName, logGroupIdentifier (name or ARN) or a resource ARN."""
    text = str(req.get("logGroupName") or req.get("logGroupIdentifier") or req.get("resourceArn") or "")
    if text.startswith("arn:"):
        text = text.split(":log-group:", 1)[-1].split(":", 1)[0]
    return text


def require_group(tx: Reader, ctx: Context, req: dict[str, Any]) -> Group:
    """The group a request names; ResourceNotFoundException."""
    name = named(req)
    if not name:
        raise InvalidParameterException("logGroupName or logGroupIdentifier is required.")
    group = tx.get(GROUPS, (ctx.account, ctx.region, name))
    if group is None:
        raise no_group()
    return group


def require_stream(tx: Reader, group: Group, name: str) -> Stream:
    """The stream of a group; ResourceNotFoundException."""
    stream = tx.get(STREAMS, (group.id, name))
    if stream is None:
        raise no_stream()
    return stream
