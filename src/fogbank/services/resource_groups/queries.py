"""Resource queries: by tags, and by stack.

https://docs.aws.amazon.com/ARG/latest/userguide/getting_started-query.html

Both are answered through the Tagging API and CloudFormation, as the caller, who needs their permissions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.audit import names
from fogbank.core import documents, inventory
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

from .errors import BadRequestException
from .tokens import GroupPages

TAGS, STACK = "TAG_FILTERS_1_0", "CLOUDFORMATION_STACK_1_0"
ALL = "AWS::AllSupported"
PAGE = 50
Found = tuple[list[dict[str, str]], list[dict[str, str]]]  # identifiers and QueryErrors


def checked(query: dict[str, Any]) -> dict[str, str]:
    """A query as it is kept. Raises BadRequestException; its texts are not confirmed."""
    try:
        document = documents.read_object(query["Query"])
    except documents.BadDocument:
        raise BadRequestException("Query not valid: it is no JSON object.") from None
    types, tags = document.get("ResourceTypeFilters"), document.get("TagFilters", [])
    if not isinstance(types, list) or not all(isinstance(each, str) for each in types):
        raise BadRequestException("Query not valid: ResourceTypeFilters has to be a list of resource types.")
    if not isinstance(tags, list) or not all(
        isinstance(each, dict) and each.get("Key") and isinstance(each.get("Values", []), list) for each in tags
    ):
        raise BadRequestException("Query not valid: TagFilters has to be a list of keys and values.")
    if query["Type"] == STACK and not isinstance(document.get("StackIdentifier"), str):
        raise BadRequestException("Query not valid: StackIdentifier has to be the ARN of a stack.")
    if document.keys() - {"ResourceTypeFilters", "TagFilters", "StackIdentifier"}:
        raise BadRequestException("Query not valid: it has members that are not known.")
    return {"Type": query["Type"], "Query": query["Query"]}


async def answer(ctx: Context, query: dict[str, str]) -> Found:
    """The resources that a query finds, in the order of their ARNs."""
    document = documents.read_object(query["Query"])
    errors: list[dict[str, str]] = []
    if query["Type"] == TAGS:
        arns = [each async for each in _tagged(ctx, document.get("TagFilters", []))]
    else:
        arns, errors = await _stacked(ctx, document["StackIdentifier"])
    types = set(document["ResourceTypeFilters"])
    found = [identifier(arn) for arn in sorted(set(arns))]
    return [each for each in found if ALL in types or each.get("ResourceType") in types], errors


async def _tagged(ctx: Context, filters: list[dict[str, Any]]) -> Any:
    request: dict[str, Any] = {"TagFilters": filters}
    while True:
        page = await ctx.call("resourcegroupstaggingapi", "GetResources", request)
        for each in page["ResourceTagMappingList"]:
            yield each["ResourceARN"]
        if not page["PaginationToken"]:
            return
        request["PaginationToken"] = page["PaginationToken"]


async def _stacked(ctx: Context, stack: str) -> tuple[list[str], list[dict[str, str]]]:
    """The ARNs of a stack's resources: of those that the inventory has, as CloudFormation knows physical ids alone."""
    ids: dict[str, str] = {}
    request = {"StackName": stack}
    try:
        while True:
            page = await ctx.call("cloudformation", "ListStackResources", request)
            ids |= {
                each["PhysicalResourceId"]: each["ResourceType"]
                for each in page["StackResourceSummaries"]
                if each.get("PhysicalResourceId")
            }
            if not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]
    except ServiceError as error:
        if error.code != "ValidationError":
            raise
        return [], [{"ErrorCode": "CLOUDFORMATION_STACK_NOT_EXISTING", "Message": error.message}]
    kept = await inventory.resources(ctx)
    return [each.arn for each in kept if _is_one(each.arn, ids)], []


def _is_one(arn: str, ids: dict[str, str]) -> bool:
    """Whether a physical id, which may be an ARN, a name or a URL that ends in one, is this resource."""
    kind = names.resource_type(arn)
    resource = arn.split(":", 5)[5]
    return any(
        (id in (arn, resource) or resource.endswith((f"/{id}", f":{id}")) or id.endswith(f"/{resource}"))
        and kind in ("", type_name)
        for id, type_name in ids.items()
    )


def identifier(arn: str) -> dict[str, str]:
    kind = names.resource_type(arn)
    return {"ResourceArn": arn, **({"ResourceType": kind} if kind else {})}


def page(ctx: Context, req: dict[str, Any], found: Iterable[dict[str, str]], scope: str) -> tuple[list[Any], Any]:
    """A page of identifiers, and its token."""
    pages = GroupPages(ctx, f"{ctx.account}/{ctx.region}/{scope}")
    return pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or PAGE, lambda each: each["ResourceArn"])
