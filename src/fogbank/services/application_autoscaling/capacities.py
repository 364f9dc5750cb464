"""Capacities: how those of tables, indexes and functions are read and set.

https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-with-application-auto-scaling.html

They are read and set by the service-linked role of their service. Other targets are kept, and nothing is scaled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

_SESSION = "AutoScaling"


class Capacity(msgspec.Struct, frozen=True):
    """A dimension that is scaled. `read` gives None while the resource cannot be changed."""

    words: str  # in descriptions of activities
    absent: str  # the start of the error for a resource that does not exist
    read: Callable[[Context, str], Awaitable[int | None]]
    write: Callable[[Context, str, int], Awaitable[None]]


async def acting(ctx: Context, namespace: str, role: str) -> Context:
    """A context that acts as the target's role."""
    return await ctx.assume(role, by=f"{namespace}.application-autoscaling.amazonaws.com", session=_SESSION)


# -- DynamoDB ----------------------------------------------------------------------------------------------------------


def _table(resource: str) -> tuple[str, str]:
    """The names of a table and of its index, if that is meant."""
    _, table, *rest = resource.split("/")
    return table, rest[1] if rest else ""


async def _throughput(ctx: Context, resource: str) -> dict[str, Any] | None:
    table, index = _table(resource)
    found: dict[str, Any] = (await ctx.call("dynamodb", "DescribeTable", {"TableName": table}))["Table"]
    if index:
        found = next((each for each in found.get("GlobalSecondaryIndexes") or () if each["IndexName"] == index), {})
        if not found:
            raise _NoIndex(f"Requested resource not found: Index: {index} not found")
    if found.get("TableStatus", found.get("IndexStatus")) != "ACTIVE":
        return None
    return found.get("ProvisionedThroughput")


class _NoIndex(ServiceError):
    code = "ResourceNotFoundException"


def _units(member: str, words: str, kind: str) -> Capacity:
    async def read(ctx: Context, resource: str) -> int | None:
        throughput = await _throughput(ctx, resource)
        return int(throughput[member]) or None if throughput else None  # 0: on demand

    async def write(ctx: Context, resource: str, capacity: int) -> None:
        throughput = await _throughput(ctx, resource) or {}
        both = {name: throughput.get(name, 1) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
        table, index = _table(resource)
        change: dict[str, Any] = {"ProvisionedThroughput": {**both, member: capacity}}
        if index:
            change = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": index, **change}}]}
        await ctx.call("dynamodb", "UpdateTable", {"TableName": table, **change})

    return Capacity(words, f"DynamoDB {kind} does not exist", read, write)


# -- Lambda ------------------------------------------------------------------------------------------------------------


def _function(resource: str) -> dict[str, Any]:
    _, name, qualifier = resource.split(":")
    return {"FunctionName": name, "Qualifier": qualifier}


async def _read_concurrency(ctx: Context, resource: str) -> int | None:
    try:
        found = await ctx.call("lambda", "GetProvisionedConcurrencyConfig", _function(resource))
    except ServiceError as error:
        if error.code != "ProvisionedConcurrencyConfigNotFoundException":
            raise
        return 0
    return int(found["RequestedProvisionedConcurrentExecutions"])


async def _write_concurrency(ctx: Context, resource: str, capacity: int) -> None:
    request = _function(resource)
    if capacity:
        request["ProvisionedConcurrentExecutions"] = capacity
        await ctx.call("lambda", "PutProvisionedConcurrencyConfig", request)
    else:
        await ctx.call("lambda", "DeleteProvisionedConcurrencyConfig", request)


CAPACITIES = {
    "dynamodb:table:ReadCapacityUnits": _units("ReadCapacityUnits", "read capacity units", "table"),
    "dynamodb:table:WriteCapacityUnits": _units("WriteCapacityUnits", "write capacity units", "table"),
    "dynamodb:index:ReadCapacityUnits": _units("ReadCapacityUnits", "read capacity units", "index"),
    "dynamodb:index:WriteCapacityUnits": _units("WriteCapacityUnits", "write capacity units", "index"),
    "lambda:function:ProvisionedConcurrency": Capacity(
        "provisioned concurrency", "Lambda function does not exist", _read_concurrency, _write_concurrency
    ),
}
