"""The handler of resource types whose physical id is what EC2 gives to a new thing.

    INTERNET_GATEWAY = table(
        "AWS::EC2::InternetGateway",
        ById(
            find.INTERNET_GATEWAY,
            Create("CreateInternetGateway", ("InternetGateway", "InternetGatewayId")),
            Delete("DeleteInternetGateway", "InternetGatewayId"),
            attributes=lambda tx, each: {"InternetGatewayId": each.id},
        ),
    )

After a crash in the middle of a creation, the thing is found by its tags, among which are those of the stack and of its
resource, and by when it was made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from fogbank.core import cfn_calls
from fogbank.core.cfn import Name, Resource
from fogbank.core.cfn_calls import create_once, given, unless
from fogbank.core.cfn_tables import tags_of
from fogbank.core.context import Context
from fogbank.core.tags import to_list
from fogbank.store.api import Reader

from . import kinds

Properties = dict[str, Any]
Furnish = Callable[[Context, str, Properties, Properties], Awaitable[None]]


class Create(msgspec.Struct, frozen=True):
    """An operation, where its answer has the id, and the members of its request that are properties.

    `request` makes further members, from the context, the resource's name and the properties.
    """

    operation: str
    id: tuple[str | int, ...]
    members: tuple[str, ...] = ()
    request: Callable[[Name, Properties], Properties] = lambda name, properties: {}


class Delete(msgspec.Struct, frozen=True):
    operation: str
    member: str
    request: Callable[[str], Properties] | None = None


async def retag(ctx: Context, id: str, old: Properties, new: Properties) -> None:
    """Change the tags of a thing."""

    async def untag(keys: list[str]) -> None:
        await ctx.call("ec2", "DeleteTags", {"Resources": [id], "Tags": [{"Key": key} for key in keys]})

    async def tag(changed: dict[str, str]) -> None:
        await ctx.call("ec2", "CreateTags", {"Resources": [id], "Tags": to_list(changed)})

    await cfn_calls.retag(tags_of(old), tags_of(new), untag, tag)


class ById:
    """Things of one kind.

    `furnish(ctx, id, old, new)` does what a creation cannot, and updates: it may be repeated. `attributes` are those of
    Fn::GetAtt. `same` tells things that look alike from the one that a creation made. `ref` is what Ref returns, if
    that is not the id; deletion and updates get it, and `of_ref` finds the thing by it.
    """

    def __init__(
        self,
        kind: kinds.ById[Any],
        create: Create,
        delete: Delete,
        *,
        attributes: Callable[[Reader, Any], Properties],
        furnish: Furnish | None = None,
        same: Callable[[Any, Properties], bool] = lambda thing, properties: True,
        ref: Callable[[Any], str] = lambda thing: str(thing.id),
        of_ref: Callable[[Reader, Context, str], Any] | None = None,
        gone: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self._create = create
        self._delete = delete
        self._attributes = attributes
        self._furnish = furnish
        self._same = same
        self._ref = ref
        self._of_ref = of_ref or kind.known
        self._gone = (kind.absent("").code, *gone)

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        async def make() -> str:
            request = given(properties, *self._create.members) | self._create.request(name, properties)
            if tags := to_list(tags_of(properties)):
                request["TagSpecifications"] = [{"ResourceType": self.kind.word, "Tags": tags}]
            answer: Any = await ctx.call("ec2", self._create.operation, request)
            for member in self._create.id:
                answer = answer[member]
            return str(answer)

        async def find() -> str | None:
            return await ctx.fetch(self._found, ctx, name, properties)

        id = await create_once(name, make, find)
        if self._furnish is not None:
            await self._furnish(ctx, id, {}, properties)
        return await ctx.fetch(self._resource, ctx, id, self.kind.known)

    def _found(self, tx: Reader, ctx: Context, name: Name, properties: Properties) -> str | None:
        """What an earlier try of this creation made before a crash."""
        wanted = tags_of(properties)
        for thing in tx.scan(self.kind.table, (ctx.account, ctx.region)):
            if thing.tags == wanted and self._same(thing, properties) and name.made(thing.created, self._ref(thing)):
                return str(thing.id)
        return None

    def _resource(self, tx: Reader, ctx: Context, id: str, look: Callable[[Reader, Context, str], Any]) -> Resource:
        thing = look(tx, ctx, id)
        return Resource(self._ref(thing), self._attributes(tx, thing))

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        thing = await ctx.fetch(self._of_ref, ctx, physical_id)
        if self._furnish is not None:
            await self._furnish(ctx, thing.id, old, new)
        await retag(ctx, thing.id, old, new)
        return await ctx.fetch(self._resource, ctx, physical_id, self._of_ref)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        request = {self._delete.member: physical_id}
        if self._delete.request is not None:
            request = self._delete.request(physical_id)
        await unless(ctx.call("ec2", self._delete.operation, request), *self._gone)


class Linked:
    """Resources that link things which others made, and whose creation can be repeated.

    `make(ctx, name, properties)` links, or finds the link, and returns the physical id and the attributes. `change`
    does what an update can, `end` ends the link and may find that it is gone.
    """

    def __init__(
        self,
        make: Callable[[Context, Name, Properties], Awaitable[Resource]],
        end: Callable[[Context, str, Properties], Awaitable[None]],
        change: Callable[[Context, str, Properties, Properties], Awaitable[Resource]],
    ) -> None:
        self._make = make
        self._end = end
        self._change = change

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        return await self._make(ctx, name, properties)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return await self._change(ctx, physical_id, old, new)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await self._end(ctx, physical_id, properties)


def same(attribute: str = "") -> Callable[[Context, str, Properties, Properties], Awaitable[Resource]]:
    """For links that nothing can change: every change replaces them. `attribute` is the physical id."""

    async def change(ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        return Resource(physical_id, {attribute: physical_id} if attribute else {})

    return change


def changed(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> bool:
    return bool(new.get(name) != old.get(name))
