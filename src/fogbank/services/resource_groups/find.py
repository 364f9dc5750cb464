"""Groups by name or ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourcegroups.html
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.context import Context
from fogbank.core.kinds import Kind, Named
from fogbank.core.operation import Access

from .errors import BadRequestException, NotFoundException
from .records import GROUPS, Group

Place = tuple[str, str, str]
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,300}")


def check_name(name: str) -> None:
    """Names that begin with AWS are reserved: API_CreateGroup."""
    if not _NAME.fullmatch(name) or name.lower().startswith("aws"):
        raise BadRequestException(f"The group name {name} is not valid.")  # the text is not confirmed


def _arn(ctx: Context, place: Any, group: Group | None = None) -> str:
    return ctx.arn("resource-groups", f"group/{place[2]}", region=place[1], account=place[0])


def group_arn(ctx: Context, group: Group) -> str:
    return _arn(ctx, (group.account, group.region, group.name))


def _read(ctx: Context, text: str) -> Place:
    """A name, or an ARN of this account and region."""
    place = (ctx.account, ctx.region, text.rpartition(":group/")[2])
    if text.startswith("arn:") and _arn(ctx, place) != text:
        raise NotFoundException(f"Cannot find the group {text}.")  # not confirmed
    if not _NAME.fullmatch(place[2]):
        raise BadRequestException("Group name or ARN is not valid.")
    return place


GROUP: Kind[Group] = Kind(
    "group", GROUPS, key=_read, arn=_arn, missing=lambda ctx, place: NotFoundException(f"Cannot find group {place[2]}.")
)
by_arn = GROUP.of("Arn")


def text_of(req: dict[str, Any]) -> str:
    """The group of a request: Group, or GroupName, which is deprecated."""
    text = req.get("Group") or req.get("GroupName") or ""
    if not text:
        raise BadRequestException("GroupName or Group must be set.")  # not confirmed
    return str(text)


def by_group(ctx: Context, req: dict[str, Any]) -> Named:
    return GROUP.name(ctx, text_of(req))


def created(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """CreateGroup has no resource-level permissions. With tags resource-groups:Tag is needed on the new group."""
    check_name(req["Name"])
    found = GROUP.name(ctx, req["Name"])
    return [Access("", "*"), *([Access("resource-groups:Tag", found)] if req.get("Tags") else [])]
