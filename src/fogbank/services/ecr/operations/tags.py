"""TagResource, UntagResource and ListTagsForResource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Named
from fogbank.core.tagging import Names, tag_operations
from fogbank.store.api import Reader

from ..creation import check_tags, read_tags
from ..find import BY_ARN
from ..records import REPOSITORIES, Repository


class _Names(Names, frozen=True):
    def read(self, given: Any) -> dict[str, str]:
        return read_tags(given)


_NAMES = _Names(given="tags", taken="tagKeys", listed="tags")


def _resource(ctx: Context, req: dict[str, Any]) -> Named:
    return BY_ARN.name(ctx, req["resourceArn"])


def _find(tx: Reader, ctx: Context, req: dict[str, Any]) -> Repository:
    return BY_ARN.require(tx, ctx, req["resourceArn"])


def _check(repository: Repository, given: Mapping[str, str]) -> None:
    check_tags(repository.tags)


tag, untag, list_tags = tag_operations(
    "ecr", __name__, _resource, _find, lambda tx, found: tx.put(REPOSITORIES, found), names=_NAMES, check=_check
)
tag_public, untag_public, list_public_tags = tag_operations(
    "ecr-public", __name__, _resource, _find, lambda tx, found: tx.put(REPOSITORIES, found), names=_NAMES, check=_check
)
