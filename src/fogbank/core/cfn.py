"""Declares CloudFormation resource types and their handlers. Services do so in their cfn.py.

    @resource("AWS::SQS::Queue")
    class Queue:
        async def create(self, ctx, name, properties): ... -> Resource(physical_id, {"Arn": …, "QueueName": …})
        async def update(self, ctx, physical_id, old, new): ... -> Resource
        async def delete(self, ctx, physical_id, properties): ...

The methods call AWS operations with `ctx.call(...)` as the stack's role (or the caller), so IAM applies. The properties
are validated already against AWS's schema of the type (`wire/resource_schemas.py`). The schema also says which changes
replace the resource, where its tags are and what Fn::GetAtt returns.

Each method may be repeated after a crash. Delete must accept that the resource is gone, and update that its changes
are made already. Create sees by `name.began` that an earlier try was interrupted, and must find what that try created:
the same `name.token` makes the same generated name, and `core.cfn_calls.create_once` helps to find the rest.
`physical_id` is what Ref returns; the attributes are what Fn::GetAtt returns, named as in the resource reference.

A handler may also read what it made, for drift detection and Cloud Control:

        async def read(self, ctx, physical_id): ... -> {"QueueName": …, "RedrivePolicy": None} or None
        async def list(self, ctx): ... -> the physical ids

`read` returns the properties as they are now, None for one that is not set; what it leaves out is not compared. It
returns None if there is no such resource.

Simple types are declared as a table instead of a class: `core/cfn_tables.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from .context import Context


class Name(msgspec.Struct, frozen=True):
    """Identifies a resource: its stack, its logical id, and a token that is the same at every retry."""

    stack_name: str
    stack_id: str
    logical_id: str
    token: str  # 12 characters [A-Z0-9], unique per create
    began: float = 0.0  # when an earlier try of this creation began; 0.0 at the first try
    claim: Callable[[str], bool] = bool  # reserves a physical id for this resource; False if another one has it

    def physical(self, *, limit: int = 64, lower: bool = False) -> str:
        """The name AWS would generate: stack-logicalid-TOKEN, shortened to `limit` characters."""
        token = self.token.lower() if lower else self.token
        head = f"{self.stack_name}-{self.logical_id}"
        head = head.lower() if lower else head
        return f"{head[: limit - 1 - len(token)]}-{token}"

    def made(self, created: float, physical_id: str = "") -> bool:
        """Whether an earlier try of this creation made a thing: it was created at or after the start of that try.

        Pass the `physical_id` if things of other resources may look the same: it must not belong to any of them.
        """
        began = int(self.began) if float(created).is_integer() else self.began - 0.001  # whole seconds, or milliseconds
        young = bool(self.began) and created >= began
        return young and (not physical_id or self.claim(physical_id))


class Resource(msgspec.Struct):
    """A resource that exists: its physical id (Ref) and its attributes (Fn::GetAtt)."""

    physical_id: str
    attributes: dict[str, Any] = {}


class ResourceFailed(Exception):
    """A handler raises this to fail with a reason of its own. A ServiceError does as well."""


class Handler(Protocol):
    """The three methods of a resource type. Async throughout."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource: ...

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource: ...

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None: ...


@runtime_checkable
class Readable(Protocol):
    """The methods of a handler that can read its resources."""

    async def read(self, ctx: Context, physical_id: str) -> dict[str, Any] | None: ...

    async def list(self, ctx: Context) -> list[str]: ...


class ResourceType(msgspec.Struct, frozen=True):
    """A resource type and its handler.

    A change of an `immutable` property replaces the resource; None: as AWS's schema says. A change of a `fixed`
    property (given with its default) fails the update. `unbuilt` are properties that Fogbank does not support yet,
    as paths (`Tags`, `VpcConfig/Id`, `Rules/*/Id` below a list): a template that sets one is refused, or (the setting
    `cfn_unknown`) it is `recorded`: kept, and not handed to the handler.
    """

    type_name: str
    handler: Handler
    immutable: tuple[str, ...] | None = None
    fixed: Mapping[str, Any] = {}
    unbuilt: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()


C = TypeVar("C", bound=type)


def resource(
    type_name: str,
    *,
    immutable: tuple[str, ...] | None = None,
    fixed: Mapping[str, Any] | None = None,
    unbuilt: tuple[str, ...] = (),
) -> Callable[[C], C]:
    """Mark a class as the handler of a CloudFormation resource type."""

    def mark(cls: C) -> C:
        kind = ResourceType(type_name, cls(), immutable, fixed or {}, unbuilt)
        setattr(cls, "__fogbank__", kind)  # noqa: B010 - a mark, as on functions
        return cls

    return mark
