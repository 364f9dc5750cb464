"""Lists in pages whose members have the names that botocore's data on pagination gives them.

    return lists.page(ctx, req, found, key=lambda alias: alias.name, shape=_shape, size=50, refused=InvalidMarker)

is `{"Aliases": […], "NextMarker": …, "Truncated": True}` for kms:ListAliases: what the request calls its token and its
limit, and what the answer calls its items, its next token and its flag, stands in `paginators-1.json` beside the model.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

import msgspec

from . import botocore_data
from .context import Context
from .errors import ServiceError
from .paging import Pages

T = TypeVar("T")


class Paginator(msgspec.Struct, frozen=True):
    """The names of one operation's members. Of several tokens or results only the first is what `page` writes."""

    input_token: str | list[str]
    output_token: str | list[str]
    result_key: str | list[str] = ""
    limit_key: str = ""
    more_results: str = ""


class _File(msgspec.Struct):
    pagination: dict[str, Paginator]


@cache
def paginators(service: str) -> dict[str, Paginator]:
    """Those of a service, by operation; empty where botocore has none."""
    versions = sorted((botocore_data.root() / service).glob("*/paginators-1.json*"))
    if not versions:
        return {}
    content = versions[-1].read_bytes()
    text = gzip.decompress(content) if versions[-1].suffix == ".gz" else content
    return msgspec.json.decode(text, type=_File).pagination


def page(
    ctx: Context,
    req: dict[str, Any],
    found: Iterable[T],
    *,
    key: Callable[[T], Any],
    shape: Callable[[T], Any],
    size: int,
    refused: Callable[[], ServiceError],
    scope: str = "",
) -> dict[str, Any]:
    """The answer with the page that a request asks for, of what is in the order of `key`.

    `size` is what a page holds unless the request says it. `scope` names what else of the request must be the same for
    its token to be good: the thing whose parts are listed, a filter.
    """
    names = paginators(ctx.service)[ctx.operation]
    pages = Pages(ctx, refused, scope and f"{ctx.account}/{ctx.region}/{ctx.service}/{ctx.operation}/{scope}",
                  member=_first(names.output_token))  # fmt: skip
    shown, more = pages.by_key(found, req.get(_first(names.input_token)), req.get(names.limit_key) or size, key)
    answer: dict[str, Any] = {_first(names.result_key): [shape(item) for item in shown], **more}
    if names.more_results:
        answer[names.more_results] = bool(more)
    return answer


def _first(names: str | list[str]) -> str:
    return names if isinstance(names, str) else names[0]
