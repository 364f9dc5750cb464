"""The condition keys of HTTP and WebSocket APIs: the tags of what a URL's path names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html

The parts of an API have the tags of the API, a stage its own besides. Those of custom domain names are apigateway's to
supply. The keys of requests and of configurations (`apigateway:Request/…`, `apigateway:Resource/…`) are not supplied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from fogbank.core.conditions import Asked, Keys
from fogbank.store.api import Table

from .records import APIS, STAGES, VPC_LINKS

TABLES: dict[str, Table[Any]] = {"apis": APIS, "vpclinks": VPC_LINKS}


def _named(path: str) -> Iterator[tuple[Table[Any], tuple[str, ...]]]:
    """The tables and ids of the tagged things on a path: /apis/ID/stages/NAME is on an API and a stage."""
    _, kind, *ids = path.split("/")
    if ids and kind in TABLES:
        yield TABLES[kind], (ids[0],)
        if kind == "apis" and ids[1:2] == ["stages"] and len(ids) > 2:
            yield STAGES, (ids[0], ids[2])


def _tags(asked: Asked) -> dict[str, str]:
    path = asked.resource.split(":", 5)[-1]
    if path.startswith("/tags/"):  # and the ARN of what is tagged
        path = unquote(path.removeprefix("/tags/")).split(":", 5)[-1]
    ctx, found = asked.ctx, dict[str, str]()
    with ctx.read() as tx:
        for table, ids in _named(path):
            record = tx.get(table, (ctx.account, ctx.region, *ids))
            found |= record.tags if record is not None else {}
    return found


KEYS = Keys("apigateway", {"aws:ResourceTag/": _tags})
