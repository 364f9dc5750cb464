"""The filters of GetResources.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core import arns

from .errors import InvalidParameterException

_PLAIN = {"s3": "bucket", "sqs": "queue", "sns": "topic"}  # the type of a service whose ARNs do not say it
_NOT_WITH_ARNS = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")


def has_type(arn: str, wanted: list[str]) -> bool:
    """Whether an ARN is of one of the types: `ec2`, `ec2:instance`, `s3:bucket`."""
    parts = arns.parse(arn)
    resource = parts.resource.lstrip("/")
    for each in wanted:
        service, _, word = each.partition(":")
        if service != parts.service:
            continue
        if not word or word == _PLAIN.get(service) or resource.startswith((f"{word}/", f"{word}:")):
            return True
    return False


def has_tags(tags: Mapping[str, str], filters: list[dict[str, Any]]) -> bool:
    """Whether tags fit all filters: each has the key, and one of the values if there are any."""
    return all(
        each.get("Key") in tags and (not each.get("Values") or tags[each["Key"]] in each["Values"]) for each in filters
    )


def check(req: dict[str, Any]) -> None:
    """Raise InvalidParameterException for requests that AWS refuses. The texts are the API reference's."""
    for each in req.get("TagFilters") or ():
        if not each.get("Key"):
            raise InvalidParameterException("A tag filter has to have a key.")
    if req.get("ResourceARNList") is not None and any(req.get(name) is not None for name in _NOT_WITH_ARNS):
        raise InvalidParameterException(
            f"You can't specify both ResourceARNList and any of {', '.join(_NOT_WITH_ARNS)} in the same request."
        )
    if req.get("TagsPerPage") is not None and req.get("ResourcesPerPage") is not None:
        raise InvalidParameterException("You can't specify both ResourcesPerPage and TagsPerPage in the same request.")
    if req.get("TagsPerPage") is not None and (not 100 <= req["TagsPerPage"] <= 500 or req["TagsPerPage"] % 100):
        raise InvalidParameterException("TagsPerPage has to be a multiple of 100, from 100 to 500.")
    if not 1 <= (1 if req.get("ResourcesPerPage") is None else req["ResourcesPerPage"]) <= 100:
        raise InvalidParameterException("ResourcesPerPage has to be from 1 to 100.")
    if req.get("ExcludeCompliantResources") and not req.get("IncludeComplianceDetails"):
        raise InvalidParameterException("You can use ExcludeCompliantResources only with IncludeComplianceDetails.")
