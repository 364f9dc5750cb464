"""AddTagsToResource, RemoveTagsFromResource, ListTagsForResource (of parameters)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.tagging import Names, tag_operations
from fogbank.store.api import Reader

from ..arns import NAMED, tagged
from ..errors import InvalidResourceId, TooManyTags
from ..records import PARAMETERS, Parameter


def _require(tx: Reader, ctx: Context, req: dict[str, Any]) -> Parameter:
    found = NAMED.find(tx, ctx, req["ResourceId"])
    if found is None:
        raise InvalidResourceId
    return found


def _check(parameter: Parameter, given: Mapping[str, str]) -> None:
    if len(parameter.tags) > 50:
        raise TooManyTags


add_tags, remove_tags, list_tags = tag_operations(
    "ssm",
    __name__,
    tagged,
    _require,
    lambda tx, parameter: tx.put(PARAMETERS, parameter),
    check=_check,
    names=Names("AddTagsToResource", "RemoveTagsFromResource"),
    show=lambda ctx, req, parameter: {"TagList": tags.to_list(dict(sorted(parameter.tags.items())))},
)
