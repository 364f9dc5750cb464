"""Tags of everything.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import Access
from fogbank.store.api import Reader

from ..calls import Answer, Request, action
from ..errors import InvalidParameterValue, MissingParameter
from ..filters import Filters, page
from ..kinds import ById
from ..taggable import kind_of, kinds
from ..tags import RESERVED, check, read

MOST_RESOURCES = 1000


def _tagged(ctx: Context, req: Request) -> list[Access]:
    found = [Access("", kind_of(id).name(ctx, id)) for id in req.get("Resources") or ()]
    if not found:
        raise MissingParameter.of("resourceIdSet")
    return found


@action("CreateTags", resource=_tagged)
def create_tags(ctx: Context, req: Request) -> Answer:
    """Add tags to things, or change their values: to all of them or to none."""
    given = read(req.get("Tags"))
    if not given:
        raise MissingParameter.of("tagSet")
    with ctx.write() as tx:
        for id in _resources(req):
            kind = kind_of(id)
            thing = kind.require(tx, ctx, id)
            thing.tags = thing.tags | given
            check(thing.tags)
            tx.put(kind.table, thing)
    return {}


@action("DeleteTags", resource=_tagged)
def delete_tags(ctx: Context, req: Request) -> Answer:
    """Remove tags by key, or by key and value; without Tags all that the user has set."""
    wanted = {tag.get("Key") or "": tag.get("Value") for tag in req.get("Tags") or ()}
    with ctx.write() as tx:
        for id in _resources(req):
            kind = kind_of(id)
            thing = kind.require(tx, ctx, id)
            thing.tags = {
                name: value for name, value in thing.tags.items()
                if (name.startswith(RESERVED) if not wanted else not _goes(wanted, name, value))
            }  # fmt: skip
            tx.put(kind.table, thing)
    return {}


def _goes(wanted: dict[str, str | None], name: str, value: str) -> bool:
    """ "If you specify a tag key without a tag value, we delete any tag with this key regardless of its value." """
    return name in wanted and wanted[name] in (None, value)


def _resources(req: Request) -> list[str]:
    found = list(dict.fromkeys(req.get("Resources") or ()))
    if len(found) > MOST_RESOURCES:
        raise InvalidParameterValue(f"The maximum number of resources is {MOST_RESOURCES}.")
    return found


# -- descriptions ------------------------------------------------------------------------------------------------------

Tag = dict[str, Any]
FILTERS: Filters[Tag] = Filters(
    {
        "key": lambda tag: tag["Key"],
        "resource-id": lambda tag: tag["ResourceId"],
        "resource-type": lambda tag: tag["ResourceType"],
        "value": lambda tag: tag["Value"],
    },
    tags=False,
)


@action("DescribeTags", resource="*")
def describe_tags(ctx: Context, req: Request) -> Answer:
    """The tags of all things, one by one."""
    test = FILTERS.test(req.get("Filters"))
    with ctx.read() as tx:
        found = [tag for tag in _all(tx, ctx, req) if test is None or test(tag)]
    found.sort(key=_order)
    return page(ctx, req, found, key=_order, into="Tags", shape=lambda tag: tag)


def _order(tag: Tag) -> tuple[str, str]:
    return tag["ResourceId"], tag["Key"]


def _all(tx: Reader, ctx: Context, req: Request) -> Iterator[Tag]:
    only = FILTERS.only(req.get("Filters"), "resource-id")
    for kind in kinds().values():
        for thing in _things(tx, ctx, kind, only):
            for name, value in thing.tags.items():
                yield {"Key": name, "Value": value, "ResourceId": thing.id, "ResourceType": kind.word}


def _things(tx: Reader, ctx: Context, kind: ById[Any], only: str | None) -> list[Any]:
    place = (ctx.account, ctx.region)
    if only is not None:
        found = tx.get(kind.table, (*place, only)) if only.startswith(kind.prefix + "-") else None
        return [] if found is None else [found]
    return list(tx.scan(kind.table, place))
