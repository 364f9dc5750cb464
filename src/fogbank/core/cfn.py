"""What a service tells CloudFormation about its resource types (in its cfn.py).

    @resource("AWS::SQS::Queue", immutable=("QueueName", "FifoQueue"))
    class Queue:
        async def create(self, ctx, name, properties): ... -> Resource(physical_id, {"Arn": …, "QueueName": …})
        async def update(self, ctx, physical_id, old, new): ... -> Resource
        async def delete(self, ctx, physical_id, properties): ...

The methods are calls: they use `ctx.call(...)` with the stack's role (or the caller), so IAM decides here too. Each
may be repeated after a crash: create must find what an earlier try left (same `name.token`), delete of what is gone
is fine. `physical_id` is what Ref gives; the attributes are what Fn::GetAtt gives, under the names in the
resource reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from .context import Context


class Name(msgspec.Struct, frozen=True):
    """Where a resource stands: its stack and logical id, and a token that is the same at every retry."""

    stack_name: str
    stack_id: str
    logical_id: str
    token: str  # 12 characters [A-Z0-9], unique per create

    def physical(self, *, limit: int = 64, lower: bool = False) -> str:
        """The name AWS would generate: stack-logicalid-TOKEN, shortened to `limit` characters."""
        token = self.token.lower() if lower else self.token
        head = f"{self.stack_name}-{self.logical_id}"
        head = head.lower() if lower else head
        return f"{head[: limit - 1 - len(token)]}-{token}"


class Resource(msgspec.Struct):
    """A resource that exists: its physical id (Ref) and its attributes (Fn::GetAtt)."""

    physical_id: str
    attributes: dict[str, Any] = {}


class ResourceFailed(Exception):
    """A handler's way to fail with a reason of its own; a ServiceError does as well."""


class Handler(Protocol):
    """The three methods of a resource type. Async throughout."""

    async def create(self, ctx: Context, name: Name, properties: dict[str, Any]) -> Resource: ...

    async def update(self, ctx: Context, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> Resource: ...

    async def delete(self, ctx: Context, physical_id: str, properties: dict[str, Any]) -> None: ...


class ResourceType(msgspec.Struct, frozen=True):
    type_name: str
    handler: Handler
    immutable: tuple[str, ...]  # a change of one of these properties replaces the resource


C = TypeVar("C", bound=type)


def resource(type_name: str, *, immutable: tuple[str, ...] = ()) -> Callable[[C], C]:
    """Mark a class as the handler of a CloudFormation resource type."""

    def mark(cls: C) -> C:
        setattr(cls, "__fogbank__", ResourceType(type_name, cls(), immutable))  # noqa: B010 - a mark, as on functions
        return cls

    return mark
