"""Tags of trails and event data stores.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.core.paging import Pages
from fogbank.store.api import Transaction

from ..arns import kind_of, listed, tagged
from ..errors import InvalidTokenException, TagsLimitExceededException

MOST = 50
LISTED = 20  # resources, the most that a request may name


def check_count(kept: Mapping[str, str]) -> None:
    if len(kept) > MOST:
        raise TagsLimitExceededException


def _change(tx: Transaction, ctx: Context, text: str, given: dict[str, str], removed: set[str]) -> None:
    kind = kind_of(text)
    record = kind.require(tx, ctx, text)
    record.tags = tags.without(record.tags, removed) | given
    check_count(record.tags)
    tx.put(kind.table, record)


@operation("cloudtrail", "AddTags", resource=tagged)
def add_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    given = {tag["Key"]: tag.get("Value") or "" for tag in req["TagsList"]}
    with ctx.write() as tx:
        _change(tx, ctx, req["ResourceId"], given, set())
    return {}


@operation("cloudtrail", "RemoveTags", resource=tagged)
def remove_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.write() as tx:
        _change(tx, ctx, req["ResourceId"], {}, {tag["Key"] for tag in req["TagsList"]})
    return {}


@operation("cloudtrail", "ListTags", resource=listed)
def list_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = []
    with ctx.read() as tx:
        for text in req["ResourceIdList"]:
            record = kind_of(text).require(tx, ctx, text)
            found.append({"ResourceId": text, "TagsList": tags.to_list(record.tags)})
    shown, more = Pages(ctx, InvalidTokenException).by_position(found, req.get("NextToken"), LISTED)
    return {"ResourceTagList": shown, **more}
