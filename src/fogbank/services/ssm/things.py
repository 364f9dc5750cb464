"""What Systems Manager keeps beside parameters: each kind of thing with its id, its members and its tags.

Nothing happens with most of them, for there are no managed nodes. They are kept as they were put, with the members that
AWS fills in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind
from fogbank.store.api import Reader, Record, Table, Transaction


class Thing(Record):
    """One thing. `data` has the members of the API as they are returned; times are epoch seconds."""

    account: str
    region: str
    id: str
    created: float
    changed: float
    data: dict[str, Any] = {}
    tags: dict[str, str] = {}


def table(word: str) -> Table[Thing]:
    return Table(f"ssm/{word}", Thing, key=lambda thing: (thing.account, thing.region, thing.id))


def kind(word: str, missing: Callable[[str], ServiceError], path: str = "") -> Kind[Thing]:
    """A kind of thing whose ARN ends in `path/ID`. `missing` makes AWS's error for an id that is not there."""
    return Kind(
        word,
        table(word),
        key=lambda ctx, text: (ctx.account, ctx.region, text),
        arn=lambda ctx, key, thing: ctx.arn("ssm", f"{path or word}/{key[2]}"),
        missing=lambda ctx, key: missing(key[2]),
    )


def make(tx: Transaction, ctx: Context, of: Kind[Thing], id: str, data: dict[str, Any], given: Any = None) -> Thing:
    """Keep a new thing, with the tags of the request."""
    now = ctx.now()
    thing = Thing(account=ctx.account, region=ctx.region, id=id, created=now, changed=now,
                  data={name: value for name, value in data.items() if value is not None},
                  tags=tags.from_list(given))  # fmt: skip
    tx.put(of.table, thing)
    return thing


def change(tx: Transaction, ctx: Context, of: Kind[Thing], thing: Thing, data: dict[str, Any]) -> Thing:
    """Change some members of a thing. What is None stays."""
    thing.data = thing.data | {name: value for name, value in data.items() if value is not None}
    thing.changed = ctx.now()
    tx.put(of.table, thing)
    return thing


def drop(tx: Transaction, of: Kind[Thing], thing: Thing) -> None:
    tx.delete(of.table, of.table.key(thing))


def all_of(tx: Reader, ctx: Context, of: Kind[Thing]) -> list[Thing]:
    """Every thing of a kind in this account and region, in the order of the ids."""
    return list(tx.scan(of.table, (ctx.account, ctx.region)))


def filters(req: dict[str, Any], *, key: str = "Key", values: str = "Values") -> dict[str, list[str]]:
    """The filters of a request: key -> values. One without a key filters nothing."""
    return {each[key]: each.get(values) or [] for each in req.get("Filters") or () if each.get(key)}


def given(req: dict[str, Any], *names: str) -> dict[str, Any]:
    """The members of a request that are set."""
    return {name: req[name] for name in names if req.get(name) is not None}
