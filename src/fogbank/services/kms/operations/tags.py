"""TagResource, UntagResource, ListResourceTags."""

from __future__ import annotations

from typing import Any

from fogbank.core import lists
from fogbank.core.context import Context
from fogbank.core.tagging import tag_operations

from .. import arns
from ..errors import InvalidMarkerException
from ..keys import require
from ..records import KEYS, Key
from ..tags import NAMES, check_tags


def _show(ctx: Context, req: dict[str, Any], key: Key) -> dict[str, Any]:
    return lists.page(ctx, req, sorted(key.tags.items()), key=lambda tag: tag[0], shape=NAMES.shape, size=50,
                      refused=InvalidMarkerException, scope=key.id)  # fmt: skip


tag_resource, untag_resource, list_resource_tags = tag_operations(
    "kms",
    __name__,
    arns.own_key,
    lambda tx, ctx, req: require(tx, ctx, req["KeyId"]),
    lambda tx, key: tx.put(KEYS, key),
    names=NAMES,
    check=check_tags,
    show=_show,
)
