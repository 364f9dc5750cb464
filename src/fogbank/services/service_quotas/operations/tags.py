"""Tags of applied quotas. https://docs.aws.amazon.com/servicequotas/latest/userguide/sq-tagging.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.auth.quotas import place
from fogbank.core.context import Context
from fogbank.core.tagging import tag_operations
from fogbank.store.api import Reader

from .. import arns
from ..errors import TooManyTagsException
from ..records import TAGS, Tags

MOST = 50


def _find(tx: Reader, ctx: Context, req: dict[str, Any]) -> Tags:
    service, quota = arns.read(ctx, req["ResourceARN"])
    account, region, service, code = place(ctx.account, ctx.region, service, quota)
    found = tx.get(TAGS, (account, region, service, code))
    return found or Tags(account=account, region=region, service=service, quota=code, tags={})


def _check(held: Tags, given: Mapping[str, str]) -> None:
    if len(held.tags) > MOST:
        raise TooManyTagsException


tag_resource, untag_resource, list_tags_for_resource = tag_operations(
    "service-quotas", __name__, arns.tagged, _find, lambda tx, held: tx.put(TAGS, held), check=_check
)
