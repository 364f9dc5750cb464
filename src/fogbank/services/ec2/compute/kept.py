"""Things that are only kept and shown: spot requests, reservations of capacity, hosts, fleets.

Each is a `Kept` whose `shown` has the members of answers; filters read those.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.network import vpcs
from fogbank.store.api import Transaction

from ..filters import Filters, describe
from ..kinds import ById
from ..tags import listed
from .records import Kept

Shape = dict[str, Any]


def plain(value: Any) -> Any:
    """A part of a request as records keep it: without what is not there, times as seconds."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.timestamp() if isinstance(value, datetime) else value


def create(tx: Transaction, ctx: Context, kind: ById[Any], given: Mapping[str, str], shown: Shape) -> Kept:
    """Keep a new thing."""
    kept = Kept(**vpcs.common(ctx, kind.prefix, dict(given)), word=kind.word, shown=plain(shown))
    tx.put(kind.table, kept)
    return kept


def change(tx: Transaction, kind: ById[Any], kept: Kept, **members: Any) -> Kept:
    kept.shown = {**kept.shown, **members}
    tx.put(kind.table, kept)
    return kept


def filters(names: Mapping[str, str]) -> Filters[Kept]:
    """Filters by members of answers, or by the `id`."""

    def read(member: str) -> Any:
        return lambda kept: kept.id if member == "id" else kept.shown.get(member)

    return Filters({name: read(member) for name, member in names.items()})


def shape(kept: Kept, id: str) -> Shape:
    """The answer's structure, in which the id is called `id`."""
    return {id: kept.id, **kept.shown, "Tags": listed(kept.tags)}


def described(
    ctx: Context, req: Mapping[str, Any], kind: ById[Any], tests: Filters[Kept], *, ids: str, into: str, id: str
) -> Shape:
    """The answer of a description."""
    return describe(
        ctx, req, kind, tests, ids=ids, into=into, shape=lambda tx, kept: shape(kept, id), index=None, least=1
    )
