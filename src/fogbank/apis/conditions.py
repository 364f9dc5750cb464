"""The tags on a control plane's paths, as condition keys.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from fogbank.core.conditions import Asked, Keys
from fogbank.store.api import Table


def tag_keys(
    tables: Mapping[str, Table[Any]], apis: str, stages: Table[Any], tags_of: Callable[[Any], Mapping[str, str]]
) -> Keys:
    """aws:ResourceTag of the things in `tables`, by the first word of their paths; /APIS/ID/stages/NAME is on two."""

    def named(path: str) -> Iterator[tuple[Table[Any], tuple[str, ...]]]:
        _, kind, *ids = path.split("/")
        if ids and kind in tables:
            yield tables[kind], (ids[0],)
            if kind == apis and ids[1:2] == ["stages"] and len(ids) > 2:
                yield stages, (ids[0], ids[2])

    def tags(asked: Asked) -> dict[str, str]:
        path = asked.resource.split(":", 5)[-1]
        if path.startswith("/tags/"):  # and the ARN of what is tagged
            path = unquote(path.removeprefix("/tags/")).split(":", 5)[-1]
        ctx, found = asked.ctx, dict[str, str]()
        with ctx.read() as tx:
            for table, ids in named(path):
                record = tx.get(table, (ctx.account, ctx.region, *ids))
                found |= tags_of(record) if record is not None else {}
        return found

    return Keys("apigateway", {"aws:ResourceTag/": tags})
