"""Tags of log groups, in the newer and the older operations."""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.core.tagging import Names, tag_operations
from fogbank.store.api import Transaction

from .. import arns
from ..errors import TooManyTagsException
from ..groups import require_group
from ..records import GROUPS, Group


def _put(tx: Transaction, group: Group) -> None:
    tx.put(GROUPS, group)


def _check(group: Group, given: Mapping[str, str]) -> None:
    if len(group.tags) > 50:
        raise TooManyTagsException


tag_resource, untag_resource, list_tags_for_resource = tag_operations(
    "logs",
    __name__,
    arns.tagged,
    require_group,
    _put,
    check=_check,
    names=Names(given="tags", taken="tagKeys", listed="tags", key=""),
)
tag_log_group, untag_log_group, list_tags_log_group = tag_operations(
    "logs",
    __name__,
    arns.group,
    require_group,
    _put,
    names=Names("TagLogGroup", "UntagLogGroup", "ListTagsLogGroup", "tags", "tags", "tags", ""),
)
