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
    kind: str
    id: str
    created: float
    changed: float
    data: dict[str, Any] = {}
    tags: dict[str, str] = {}


THINGS = Table("ssm/thing", Thing, key=lambda t: (t.account, t.region, t.kind, t.id))


def kind(word: str, path: str, missing: Callable[[str], ServiceError]) -> Kind[Thing]:
    """A kind of thing whose ARN ends in `path/ID`. `missing` makes AWS's error for an id that is not there."""
    return Kind(
        word,
        THINGS,
        key=lambda ctx, text: (ctx.account, ctx.region, word, text),
        arn=lambda ctx, key, thing: ctx.arn("ssm", f"{path}/{key[3]}"),
        missing=lambda ctx, key: missing(key[3]),
    )


def make(tx: Transaction, ctx: Context, of: Kind[Thing], id: str, data: dict[str, Any], given: Any = None) -> Thing:
    """Keep a new thing, with the tags of the request."""
    thing = Thing(
        account=ctx.account, region=ctx.region, kind=of.word, id=id, created=ctx.now(), changed=ctx.now(), data=data,
        tags=tags.from_list(given),
    )  # fmt: skip
    tx.put(THINGS, thing)
    return thing


def change(tx: Transaction, ctx: Context, thing: Thing, data: dict[str, Any]) -> Thing:
    """Change some members of a thing."""
    thing.data = thing.data | data
    thing.changed = ctx.now()
    tx.put(THINGS, thing)
    return thing


def drop(tx: Transaction, thing: Thing) -> None:
    tx.delete(THINGS, THINGS.key(thing))


def all_of(tx: Reader, ctx: Context, of: Kind[Thing] | str) -> list[Thing]:
    """Every thing of a kind in this account and region."""
    word = of if isinstance(of, str) else of.word
    return list(tx.scan(THINGS, (ctx.account, ctx.region, word)))
