"""APIs, stages and VPC links, for the Resource Groups Tagging API. API Gateway's first version lists domain names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.core.context import Context
from fogbank.core.taggable import Taggable
from fogbank.store.api import Reader, Table

from .records import APIS, STAGES, VPC_LINKS

_PATHS: dict[str, Table[Any]] = {"/apis/{}": APIS, "/apis/{}/stages/{}": STAGES, "/vpclinks/{}": VPC_LINKS}


def _each(tx: Reader, ctx: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    for path, table in _PATHS.items():
        for record in tx.scan(table, (ctx.account, ctx.region)):
            yield ctx.arn("apigateway", path.format(*table.key(record)[2:]), account=""), record.tags


TAGGABLE = Taggable(each=_each)
