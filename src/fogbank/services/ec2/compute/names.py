"""Kinds of things that requests name by an id or by a name: key pairs, launch templates, placement groups.

KEY_PAIR = Titled("key-pair", "key", KEY_PAIRS, code="InvalidKeyPair")       # KeyPairId
KEY_NAME = ByName(KEY_PAIR, ("InvalidKeyPair.NotFound", "The key pair '{name}' does not exist"))   # KeyName
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named, remember, resolved
from fogbank.core.operation import Access
from fogbank.network.errors import NetworkError
from fogbank.store.api import Reader

from ..errors import MissingParameter
from ..kinds import ById

R = TypeVar("R")


class Titled(ById[R]):
    """Things whose ARN ends in their name."""

    def _arn(self, ctx: Context, key: Any, record: R | None) -> str:
        name = getattr(record, "name", None) or str(key[2])
        return self.arn_of(ctx, name, str(key[0]))


class ByName(Kind[R], Generic[R]):
    """The same things by their name, which the table's index `name` finds. `error` is the code and text of a miss."""

    def __init__(self, by_id: ById[R], error: tuple[str, str]) -> None:
        super().__init__(
            f"{by_id.word}-name", by_id.table, key=lambda ctx, text: (ctx.account, ctx.region, text),
            arn=lambda ctx, key, record: by_id.arn_of(ctx, str(key[2]), str(key[0])),
            missing=lambda ctx, key: self.absent(str(key[2])),
        )  # fmt: skip
        self.by_id = by_id
        self._error = error

    def absent(self, name: str) -> ServiceError:
        code, text = self._error
        return NetworkError(code, text.format(name=name))

    def seen(self, tx: Reader, ctx: Context, name: str) -> R | None:
        """A thing of the caller's account, for descriptions and for checks of what is there."""
        return tx.first(self.table, "name", (ctx.account, ctx.region, name))

    def known(self, tx: Reader, ctx: Context, name: str) -> R:
        found = self.seen(tx, ctx, name)
        if found is None:
            raise self.absent(name)
        return found

    def all(self, tx: Reader, ctx: Context, names: Iterable[str]) -> list[R]:
        return [self.known(tx, ctx, name) for name in dict.fromkeys(names)]

    def name(self, ctx: Context, text: str, part: str = "") -> Named:
        with ctx.read() as tx:
            record = self.seen(tx, ctx, text)
        key = (ctx.account, ctx.region, text) if record is None else self.table.key(record)
        found = Named(self.by_id.arn(ctx, key, record))
        found.owner, found.policy, found.key, found.record = ctx.account, None, key, record
        return remember(ctx, self.word, text, found)

    def find(self, tx: Reader, ctx: Context, text: str) -> R | None:
        names = ctx.names
        if names is None:
            return self.seen(tx, ctx, text)
        known = resolved(ctx, self.word, text)
        if names.fresh and known.record is not None:
            return known.record  # type: ignore[no-any-return]
        return tx.get(self.table, known.key)


class Either(Generic[R]):
    """A thing that a request names by id in one member, or by name in another."""

    def __init__(self, by_id: ById[R], id: str, by_name: ByName[R], name: str) -> None:
        self._by_id, self._id, self._by_name, self._name = by_id, id, by_name, name

    def resource(self, ctx: Context, req: dict[str, Any]) -> list[Access]:
        """For `@action(resource=…)`."""
        if req.get(self._id):
            return [Access("", self._by_id.name(ctx, req[self._id]))]
        if req.get(self._name):
            return [Access("", self._by_name.name(ctx, req[self._name]))]
        return [Access("", self._by_id.new(ctx))]

    def find(self, tx: Reader, ctx: Context, req: dict[str, Any]) -> R | None:
        found: R | None = self._either(lambda kind, text: kind.find(tx, ctx, text), req)
        return found

    def require(self, tx: Reader, ctx: Context, req: dict[str, Any]) -> R:
        found: R = self._either(lambda kind, text: kind.require(tx, ctx, text), req)
        return found

    def _either(self, look: Callable[[Kind[R], str], Any], req: dict[str, Any]) -> Any:
        if req.get(self._id):
            return look(self._by_id, req[self._id])
        if req.get(self._name):
            return look(self._by_name, req[self._name])
        raise MissingParameter.of(self._name)
