"""APIs, stages and the like, for the Resource Groups Tagging API: no Kind describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fogbank.core.context import Context
from fogbank.core.taggable import Taggable
from fogbank.store.api import Reader

from .operations.tags import TABLES


def _each(tx: Reader, ctx: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    for word, table in TABLES.items():
        for record in tx.scan(table, (ctx.account, ctx.region)):
            ids = [str(part) for part in table.key(record)[2:]]
            path = f"restapis/{ids[0]}/stages/{ids[1]}" if word == "stages" else f"{word}/{ids[0]}"
            yield ctx.arn("apigateway", f"/{path}", account=""), record.shape.get("tags") or {}


TAGGABLE = Taggable(each=_each)
