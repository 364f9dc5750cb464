"""What attaching and embedding policies means, the same for users, groups and roles."""

from __future__ import annotations

from typing import Any

from fogbank.auth import records
from fogbank.core.context import Context

from . import attachable, documents, quotas
from .errors import LimitExceeded, NoSuchEntity
from .kinds import Kind
from .paging import page


def attach(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """Attach a managed policy; nothing happens when it is attached. Raises NoSuchEntity, LimitExceeded."""
    with ctx.write() as tx:
        holder = kind.changeable(tx, ctx, req[kind.field])
        arn = attachable.to_attach(tx, ctx, req["PolicyArn"])
        if arn not in holder.attached:
            quotas.hold(tx, ctx, f"PoliciesPer{kind.title}", len(holder.attached) + 1)
            holder.attached = [*holder.attached, arn]
            tx.put(kind.table, holder)
            records.changed(tx)
    return {}


def detach(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """Detach a managed policy. Raises NoSuchEntity when it is not attached."""
    with ctx.write() as tx:
        holder = kind.changeable(tx, ctx, req[kind.field])
        arn = req["PolicyArn"]
        attachable.check_arn(arn)
        if arn not in holder.attached:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        holder.attached = [other for other in holder.attached if other != arn]
        tx.put(kind.table, holder)
        records.changed(tx)
    return {}


def list_attached(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """The attached managed policies, by ARN."""
    prefix = req.get("PathPrefix") or "/"
    with ctx.read() as tx:
        holder = kind.require(tx, ctx, req[kind.field])
        found = [arn for arn in sorted(holder.attached) if _path(arn).startswith(prefix)]
        return page(ctx, req, "AttachedPolicies", found, str, _attached)


def _path(arn: str) -> str:
    return "/" + arn.partition(":policy/")[2].rpartition("/")[0]


def _attached(arn: str) -> dict[str, str]:
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def put_inline(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """Embed a policy, replacing one of the same name."""
    with ctx.write() as tx:
        holder = kind.changeable(tx, ctx, req[kind.field])
        documents.check(req["PolicyDocument"])
        inline = {**holder.inline, req["PolicyName"]: req["PolicyDocument"]}
        if sum(documents.size(text) for text in inline.values()) > kind.inline_size:
            raise LimitExceeded(
                f"Maximum policy size of {kind.inline_size} bytes exceeded for {kind.word} {holder.name}"
            )
        holder.inline = inline
        tx.put(kind.table, holder)
        records.changed(tx)
    return {}


def get_inline(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """An embedded policy, percent-encoded."""
    name = req["PolicyName"]
    with ctx.read() as tx:
        holder = kind.require(tx, ctx, req[kind.field])
    if name not in holder.inline:
        raise _no_inline(kind, name)
    return {kind.field: holder.name, "PolicyName": name, "PolicyDocument": documents.encoded(holder.inline[name])}


def delete_inline(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """Remove an embedded policy."""
    name = req["PolicyName"]
    with ctx.write() as tx:
        holder = kind.changeable(tx, ctx, req[kind.field])
        if name not in holder.inline:
            raise _no_inline(kind, name)
        holder.inline = {other: text for other, text in holder.inline.items() if other != name}
        tx.put(kind.table, holder)
        records.changed(tx)
    return {}


def list_inline(ctx: Context, kind: Kind[Any], req: dict[str, Any]) -> dict[str, Any]:
    """The names of the embedded policies, sorted."""
    with ctx.read() as tx:
        holder = kind.require(tx, ctx, req[kind.field])
    return page(ctx, req, "PolicyNames", sorted(holder.inline), str, str)


def _no_inline(kind: Kind[Any], name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The {kind.word} policy with name {name} cannot be found.")
