"""GetResources, GetTagKeys, GetTagValues: the tagged resources of the account in the region.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core import inventory, tags
from fogbank.core.context import Context
from fogbank.core.inventory import Resource
from fogbank.core.operation import operation
from fogbank.core.paging import Pages

from .. import filters
from ..errors import PaginationTokenExpiredException

PAGE = 50  # resources of a page: not published
KEYS_PAGE = 1000  # keys or values of a page: not published


async def _tagged(ctx: Context) -> list[Resource]:
    """What has tags, in the order of the ARNs."""
    found = await inventory.resources(ctx)
    return sorted((each for each in found if each.tags), key=lambda each: each.arn)


def _paged(ctx: Context) -> Pages:
    return Pages(ctx, PaginationTokenExpiredException, member="PaginationToken")


@operation("resourcegroupstaggingapi", "GetResources", resource="*")
async def get_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Resources by tags, by type, or by ARN. The last page has an empty token, as on AWS."""
    filters.check(req)
    wanted, types, named = req.get("TagFilters") or [], req.get("ResourceTypeFilters"), req.get("ResourceARNList")
    found = [
        each
        for each in await _tagged(ctx)
        if filters.has_tags(each.tags, wanted)
        and (not types or filters.has_type(each.arn, types))
        and (named is None or each.arn in named)
    ]
    if req.get("IncludeComplianceDetails"):  # without tag policies everything complies
        ctx.recorded("IncludeComplianceDetails")
        found = [] if req.get("ExcludeCompliantResources") else found
    limit = req.get("ResourcesPerPage") or PAGE
    if req.get("TagsPerPage") is not None:
        limit = _fitting(found, _paged(ctx).after(req.get("PaginationToken")), req["TagsPerPage"])
    page, more = _paged(ctx).by_key(found, req.get("PaginationToken"), limit, lambda each: each.arn)
    shown = [_mapping(each, bool(req.get("IncludeComplianceDetails"))) for each in page]
    return {"PaginationToken": "", "ResourceTagMappingList": shown, **more}


def _fitting(found: list[Resource], after: str | None, tags_per_page: int) -> int:
    """The number of resources whose tags fit a page: a resource stands on one page with all its tags."""
    count = held = 0
    for each in found:
        if after is not None and each.arn <= after:
            continue
        held += len(each.tags)
        if held > tags_per_page:
            break
        count += 1
    return max(count, 1)


def _mapping(resource: Resource, details: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"ResourceARN": resource.arn, "Tags": tags.to_list(resource.tags)}
    return {**shown, "ComplianceDetails": {"ComplianceStatus": True}} if details else shown


@operation("resourcegroupstaggingapi", "GetTagKeys", resource="*")
async def get_tag_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The keys of all tags."""
    keys = sorted({key for each in await _tagged(ctx) for key in each.tags})
    shown, more = _paged(ctx).by_key(keys, req.get("PaginationToken"), KEYS_PAGE, str)
    return {"PaginationToken": "", "TagKeys": shown, **more}


@operation("resourcegroupstaggingapi", "GetTagValues", resource="*")
async def get_tag_values(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The values of a key."""
    values = sorted({each.tags[req["Key"]] for each in await _tagged(ctx) if req["Key"] in each.tags})
    shown, more = _paged(ctx).by_key(values, req.get("PaginationToken"), KEYS_PAGE, str)
    return {"PaginationToken": "", "TagValues": shown, **more}
