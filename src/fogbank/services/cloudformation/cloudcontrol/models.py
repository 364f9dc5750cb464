"""What Cloud Control shows of a resource: its properties as they are, and its primary identifier."""

from __future__ import annotations

import json
from typing import Any

from fogbank.core.cfn import Readable, Resource, ResourceType
from fogbank.core.context import Context
from fogbank.wire import resource_schemas
from fogbank.wire.resource_schemas import ResourceSchema

from ..engine import registry
from ..engine.surroundings import waits
from .errors import ResourceNotFound, TypeNotFound, UnsupportedAction
from .records import MADE, Made


def kind_of(ctx: Context, type_name: str, action: str) -> tuple[ResourceType, ResourceSchema]:
    """The type of a request. Raises TypeNotFound, or UnsupportedAction for the types that belong to a stack."""
    schema = resource_schemas.find(type_name)
    kind = registry.finder(ctx.app.settings)(type_name) if schema is not None else None
    if schema is None or kind is None:
        raise TypeNotFound(f"The type '{type_name}' cannot be found.")
    if schema.classic or waits(kind.handler):
        raise UnsupportedAction(f"Resource type {type_name} does not support {action} action")
    return kind, schema


def missing(type_name: str, identifier: str) -> ResourceNotFound:
    return ResourceNotFound(f"Resource of type '{type_name}' with identifier '{identifier}' was not found.")


async def made(ctx: Context, type_name: str, identifier: str) -> Made | None:
    return await ctx.fetch(lambda tx: tx.get(MADE, (ctx.account, ctx.region, type_name, identifier)))


async def model_of(ctx: Context, kind: ResourceType, identifier: str) -> dict[str, Any]:
    """The properties and attributes of a resource as they are now. Raises ResourceNotFound or UnsupportedAction."""
    known = await made(ctx, kind.type_name, identifier)
    asked = {**known.properties, **known.attributes} if known is not None else {}
    if isinstance(kind.handler, Readable):
        found = await kind.handler.read(ctx, known.id if known is not None else identifier)
        if found is None:
            raise missing(kind.type_name, identifier)
        return {name: value for name, value in (asked | found).items() if value is not None}
    if known is None:
        raise UnsupportedAction(f"Resource type {kind.type_name} does not support READ action")
    return asked


def identifier_of(schema: ResourceSchema, resource: Resource, properties: dict[str, Any]) -> str:
    """The primary identifier: attributes and properties joined by `|`, or else the physical id."""
    values = {**properties, **resource.attributes}
    parts = [values.get(path) for path in schema.id]
    if any(part is None for part in parts):
        return resource.physical_id
    return "|".join(str(part) for part in parts)


def shown(schema: ResourceSchema, identifier: str, model: dict[str, Any]) -> dict[str, str]:
    """A `ResourceDescription`: no property that can only be written, and always the identifier."""
    hidden = {path for path in schema.write_only if "/" not in path}
    known = {name: value for name, value in model.items() if name not in hidden and name in schema.properties}
    parts = identifier.split("|") if len(schema.id) > 1 else [identifier]
    for path, part in zip(schema.id, parts, strict=False):
        known.setdefault(path, part)
    return {"Identifier": identifier, "Properties": json.dumps(known, separators=(",", ":"))}
