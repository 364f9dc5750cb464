"""TagResources and UntagResources: each resource by its own service, as the caller.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fogbank.core import arns, inventory
from fogbank.core.context import Context
from fogbank.core.errors import CommonError, ServiceError
from fogbank.core.inventory import Resource
from fogbank.core.operation import operation

from .. import calls
from ..errors import InvalidParameterException


async def _each(ctx: Context, named: list[str], change: Callable[[Resource], Awaitable[None]]) -> dict[str, Any]:
    """Change each resource; what fails is told of in the answer."""
    kept = {each.arn: each for each in await inventory.resources(ctx)}
    failed: dict[str, Any] = {}
    for arn in dict.fromkeys(named):
        try:
            if arn not in kept:
                raise _absent(arn)
            await change(kept[arn])
        except ServiceError as error:
            code = error.code_for("json") if isinstance(error, CommonError) else error.code
            failed[arn] = {"StatusCode": error.status, "ErrorCode": code, "ErrorMessage": error.message}
    return {"FailedResourcesMap": failed}


def _absent(arn: str) -> InvalidParameterException:
    """The texts are not confirmed."""
    try:
        arns.parse(arn)
    except ValueError:
        return InvalidParameterException(f"{arn} is not a valid ARN")
    return InvalidParameterException(f"The resource {arn} does not exist in this region, or it cannot be tagged")


def _check(keys: list[str]) -> None:
    if any(key.lower().startswith("aws:") for key in keys):
        raise InvalidParameterException("Tag keys that begin with aws: are reserved for AWS use.")


@operation("resourcegroupstaggingapi", "TagResources", resource="*")
async def tag_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Add tags to up to twenty resources. The caller needs the permission to tag of each service."""
    _check(list(req["Tags"]))
    return await _each(ctx, req["ResourceARNList"], lambda each: calls.tag(ctx, each, req["Tags"]))


@operation("resourcegroupstaggingapi", "UntagResources", resource="*")
async def untag_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Take tags away from up to twenty resources."""
    _check(req["TagKeys"])
    return await _each(ctx, req["ResourceARNList"], lambda each: calls.untag(ctx, each, req["TagKeys"]))
