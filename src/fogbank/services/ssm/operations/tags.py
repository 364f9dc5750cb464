"""AddTagsToResource, RemoveTagsFromResource, ListTagsForResource, of everything that can have tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.tagging import Names, tag_operations
from fogbank.store.api import Reader, Transaction

from ..errors import InvalidResourceId, TooManyTags
from ..records import PARAMETERS, Parameter
from ..taggable import kind_of, tagged
from ..things import THINGS, Thing


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Parameter | Thing:
    found: Parameter | Thing | None = kind_of(req["ResourceType"]).find(tx, ctx, req["ResourceId"])
    if found is None:
        raise InvalidResourceId
    return found


def _check(found: Parameter | Thing, given: Mapping[str, str]) -> None:
    if len(found.tags) > 50:
        raise TooManyTags


def _put(tx: Transaction, found: Parameter | Thing) -> None:
    if isinstance(found, Parameter):
        tx.put(PARAMETERS, found)
    else:
        tx.put(THINGS, found)


add_tags, remove_tags, list_tags = tag_operations(
    "ssm",
    __name__,
    tagged,
    _require,
    _put,
    check=_check,
    names=Names("AddTagsToResource", "RemoveTagsFromResource"),
    show=lambda ctx, req, parameter: {"TagList": tags.to_list(dict(sorted(parameter.tags.items())))},
)
