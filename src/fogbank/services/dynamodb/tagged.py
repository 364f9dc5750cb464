"""Tables, for the Resource Groups Tagging API: no Kind describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fogbank.core.context import Context
from fogbank.core.taggable import Taggable
from fogbank.store.api import Reader

from .records import TABLES


def _each(tx: Reader, ctx: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    for table in tx.scan(TABLES, (ctx.account, ctx.region)):
        yield ctx.arn("dynamodb", f"table/{table.name}"), table.tags


TAGGABLE = Taggable(each=_each)
