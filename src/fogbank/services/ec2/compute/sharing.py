"""Images and snapshots: those of the caller, those of others that the caller may use, and AWS's own images.

A thing of somebody else is looked for only where a grant names the caller or everybody. Nothing else tells that it is
there. The caller's policies decide about its ARN, which has no account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from fogbank.core.context import Context
from fogbank.core.kinds import Named, remember, resolved
from fogbank.store.api import Reader, Table, Transaction

from ..kinds import ById
from .records import GRANTS, Grant

R = TypeVar("R")
ALL = "all"


class Shared(ById[R]):
    """`public` finds what AWS itself offers, which no table has: those of a region by id."""

    def __init__(
        self, word: str, prefix: str, table: Table[Any], *, public: Callable[[Context], dict[str, R]], **how: Any
    ) -> None:
        super().__init__(word, prefix, table, shared=True, **how)
        self._public = public

    def look(self, tx: Reader, ctx: Context, id: str) -> R | None:
        """What the caller may use under an id."""
        found = tx.get(self.table, self._key(ctx, id))
        if found is not None:
            return found  # type: ignore[no-any-return]
        if (offered := self._public(ctx).get(id)) is not None:
            return offered
        for grantee in (ctx.account, ALL):
            grant = tx.get(GRANTS, (grantee, ctx.region, id))
            if grant is not None:
                return tx.get(self.table, (grant.account, ctx.region, id))
        return None

    def known(self, tx: Reader, ctx: Context, id: str) -> R:
        found = self.look(tx, ctx, id)
        if found is None:
            raise self.absent(id)
        return found

    def usable(self, tx: Reader, ctx: Context) -> Iterator[R]:
        """All that the caller may use: own ones, those that others share, AWS's."""
        yield from tx.scan(self.table, (ctx.account, ctx.region))
        seen = set()
        for grantee in (ctx.account, ALL):
            for grant in tx.scan(GRANTS, (grantee, ctx.region)):
                if grant.account != ctx.account and grant.id not in seen and grant.id.startswith(f"{self.prefix}-"):
                    seen.add(grant.id)
                    found = tx.get(self.table, (grant.account, ctx.region, grant.id))
                    if found is not None:
                        yield found
        yield from self._public(ctx).values()

    def name(self, ctx: Context, text: str, part: str = "") -> Named:
        key = self._key(ctx, text)
        with ctx.read() as tx:
            record = self.look(tx, ctx, text)
        found = Named(self.arn_of(ctx, text, ""))
        found.owner, found.policy, found.record = ctx.account, None, record
        found.key = key if record is None else self.table.key(record)
        return remember(ctx, self.word, text, found)

    def find(self, tx: Reader, ctx: Context, text: str) -> R | None:
        names = ctx.names
        if names is None:
            return self.look(tx, ctx, text)
        known = resolved(ctx, self.word, text)
        if known.record is not None and (names.fresh or text in self._public(ctx)):
            return known.record  # type: ignore[no-any-return]
        return tx.get(self.table, known.key)

    def own(self, tx: Reader, ctx: Context, text: str) -> R:
        """As `require`; what belongs to somebody else is not there for operations that change it."""
        found = self.require(tx, ctx, text)
        if getattr(found, "account", None) != ctx.account:
            raise self.absent(text)
        return found


def grant(tx: Transaction, ctx: Context, id: str, old: Iterable[str], new: Iterable[str]) -> None:
    """Change who may use a thing of the caller's, from the old ones to the new ones."""
    before, after = set(old), set(new)
    for grantee in before - after:
        tx.delete(GRANTS, (grantee, ctx.region, id))
    for grantee in after - before:
        tx.put(GRANTS, Grant(grantee=grantee, region=ctx.region, id=id, account=ctx.account))
