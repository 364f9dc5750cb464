"""The jobs of the IaC generator: list all resources, and read those of a template."""

from __future__ import annotations

import asyncio
from typing import Any

from fogbank.core import services
from fogbank.core.cfn import Readable
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.core.wildcards import compile as pattern
from fogbank.store.api import Reader, Transaction
from fogbank.wire import resource_schemas

from ..engine import registry
from ..engine.acting import acting
from ..recorded.records import RECORDED
from ..records import RESOURCES
from .records import GENERATED, SCANS, Scan

SCAN = "cloudformation.scan"
GENERATE = "cloudformation.generate"


@job(SCAN, attempts=3, lane="cloudformation")
async def scan(ctx: Context, payload: dict[str, Any]) -> None:
    """List the resources of all types that can be listed, as the caller."""
    where = (ctx.account, ctx.region, payload["scan"])
    record = await ctx.fetch(lambda tx: tx.get(SCANS, where))
    if record is None or record.status != "IN_PROGRESS":
        return
    known = await asyncio.to_thread(_readable)  # it imports every service
    recorded = await ctx.fetch(lambda tx: sorted({kept.type for kept in tx.scan(RECORDED, (ctx.account, ctx.region))}))
    wanted = [name for name in dict.fromkeys((*known, *recorded)) if _is_wanted(record, name)]
    managed = await ctx.fetch(_managed, ctx)
    calls = await acting(ctx, "")
    for name in wanted:
        kind = registry.find_or_record(name)
        schema = resource_schemas.find(name)
        if kind is None or schema is None or not isinstance(kind.handler, Readable):
            continue
        try:
            ids = await kind.handler.list(calls)
        except ServiceError as error:  # a type that the caller may not list does not end the scan
            record.reason = error.message
            continue
        record.types.append(name)
        for id in ids:
            parts = id.split("|") if len(schema.id) > 1 else [id]
            identifier = dict(zip(schema.id, parts, strict=False))
            found = {"ResourceType": name, "ResourceIdentifier": identifier, "ManagedByStack": (name, id) in managed}
            record.resources.append(found)
    record.status, record.ended = "COMPLETE", ctx.now()
    await ctx.transact(lambda tx: tx.put(SCANS, record))


def _readable() -> list[str]:
    """The types that Fogbank has and can read."""
    loaded = [service for service in map(services.load, services.built()) if service is not None]
    return sorted(
        name
        for service in loaded
        for name, kind in service.resource_types.items()
        if isinstance(kind.handler, Readable)
    )


def _is_wanted(record: Scan, name: str) -> bool:
    types = [text for each in record.filters for text in each.get("Types") or ()]
    return not types or any(pattern(text)(name) for text in types)


def _managed(tx: Reader, ctx: Context) -> set[tuple[str, str]]:
    """The types and physical ids of all resources of stacks."""
    return {(each.type, each.physical_id) for each in tx.scan(RESOURCES, (ctx.account, ctx.region))}


@job(GENERATE, attempts=3, lane="cloudformation")
async def generate(ctx: Context, payload: dict[str, Any]) -> None:
    """Read the resources of a generated template that were not read yet."""
    where = (ctx.account, ctx.region, payload["name"])
    record = await ctx.fetch(lambda tx: tx.get(GENERATED, where))
    if record is None:
        return
    calls = await acting(ctx, "")
    for detail in record.resources:
        name = detail["LogicalResourceId"]
        if detail["ResourceStatus"] == "COMPLETE" and name in record.properties:
            continue
        properties, reason = await _read(calls, detail)
        detail["ResourceStatus"] = "FAILED" if reason else "COMPLETE"
        if reason:
            detail["ResourceStatusReason"] = reason
        else:
            detail.pop("ResourceStatusReason", None)
            record.properties[name] = properties
    record.status, record.updated = "COMPLETE", ctx.now()

    def write(tx: Transaction) -> None:
        tx.put(GENERATED, record)

    await ctx.transact(write)


async def _read(ctx: Context, detail: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The properties of a resource that a template may set, or the reason of a failure."""
    type_name = detail["ResourceType"]
    kind, schema = registry.find_or_record(type_name), resource_schemas.find(type_name)
    if kind is None or schema is None or not isinstance(kind.handler, Readable):
        return {}, f"Resource type {type_name} is not supported"
    id = "|".join(str(detail["ResourceIdentifier"].get(path, "")) for path in schema.id)
    try:
        model = await kind.handler.read(ctx, id)
    except ServiceError as error:
        return {}, error.message
    if model is None:
        return {}, f"Resource of type '{type_name}' with identifier '{id}' was not found."
    writable = set(schema.properties) - set(schema.read_only)
    return {name: value for name, value in model.items() if value is not None and name in writable}, ""
