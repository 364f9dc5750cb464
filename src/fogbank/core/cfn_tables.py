"""Handlers for simple CloudFormation resource types, which services declare as tables in their cfn.py.

    ALIAS = table(
        "AWS::KMS::Alias",
        Named(
            "kms",
            name="AliasName",
            create=Call("CreateAlias", lambda name, p: {"AliasName": name, "TargetKeyId": p["TargetKeyId"]}),
            …
        ),
    )

A type that does not fit is a class (`core/cfn.py`). Tables stay simple: they contain plain functions, no expressions of
their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from . import tags
from .cfn import Handler, Name, Resource, ResourceType
from .cfn_calls import create_once, everything, retag, text, unless
from .context import Context

if TYPE_CHECKING:
    from fogbank.store.api import Reader

Properties = dict[str, Any]


class Call(msgspec.Struct, frozen=True):
    """An operation, and a function that makes its request from the physical id and the properties."""

    operation: str
    request: Callable[[str, Properties], Properties]


class Read(msgspec.Struct, frozen=True):
    """How to read resources that are named, and to list them.

    `one` makes the request from the name, and `properties` the properties from the name and the response (None: there
    is no such resource). `all` is the operation that lists, with the member that has the items and the name in an item.
    """

    operation: str
    one: Callable[[str], Properties]
    properties: Callable[[str, Properties], Properties | None]
    all: tuple[str, str, str]


class Tags(msgspec.Struct, frozen=True):
    """The operations that change tags, each with a function that makes its request.

    The functions take the physical id, and the keys (`untag`) or the keys with their values (`tag`).
    """

    untag: tuple[str, Callable[[Context, str, list[str]], Properties]]
    tag: tuple[str, Callable[[Context, str, dict[str, str]], Properties]]


def table(
    type_name: str, handler: Handler, *, fixed: Mapping[str, Any] | None = None, unbuilt: tuple[str, ...] = ()
) -> ResourceType:
    """Declare a resource type with one of this module's handlers."""
    return ResourceType(type_name, handler, None, fixed or {}, unbuilt)


class Named:
    """The handler of resources whose physical id is their name.

    `name` is the property with the name. If it is not set, a name of at most `limit` characters is generated, or
    `generate` makes one. Without `update`, updates call `create`; with `unchanging` they call neither. `made` says
    whether an earlier try of the creation made the resource; without it, the create operation must be repeatable.
    """

    def __init__(
        self,
        service: str,
        *,
        name: str = "",
        limit: int = 255,
        generate: Callable[[Name, Properties], str] | None = None,
        create: Call,
        update: Call | None = None,
        unchanging: bool = False,
        delete: Call,
        gone: tuple[str, ...] = (),
        made: Callable[[Reader, Context, Name, str, Properties], bool] | None = None,
        attributes: Callable[[Context, str, Properties], Properties] = lambda ctx, name, properties: {},
        settle: Callable[[Context, str, Properties, Properties], Awaitable[None]] | None = None,
        tagging: Tags | None = None,
        read: Read | None = None,
    ) -> None:
        self._service = service
        self._name = name
        self._generate = generate or (lambda where, properties: where.physical(limit=limit))
        self._create = create
        self._update = None if unchanging else update or create
        self._delete = delete
        self._gone = gone
        self._made = made
        self._attributes = attributes
        self._settle = settle
        self._tagging = tagging
        self._read = read
        if read is not None:  # only then it is a `cfn.Readable`
            self.read, self.list = self._read_one, self._list

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        chosen = str(properties.get(self._name) or self._generate(name, properties))

        async def found() -> Properties | None:
            made = self._made
            return {} if made is not None and await ctx.fetch(made, ctx, name, chosen, properties) else None

        await create_once(name, lambda: self._call(ctx, self._create, chosen, properties), found)
        return await self._settled(ctx, chosen, {}, properties)

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        if self._update is not None:
            await self._call(ctx, self._update, physical_id, new)
        if self._tagging is not None:
            await change_tags(ctx, self._service, self._tagging, physical_id, old, new)
        return await self._settled(ctx, physical_id, old, new)

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await unless(self._call(ctx, self._delete, physical_id, properties), *self._gone)

    async def _read_one(self, ctx: Context, physical_id: str) -> Properties | None:
        assert self._read is not None
        read = self._read
        answer = await unless(ctx.call(self._service, read.operation, read.one(physical_id)), *self._gone)
        return None if answer is None else read.properties(physical_id, answer)

    async def _list(self, ctx: Context) -> list[str]:
        assert self._read is not None
        operation, member, name = self._read.all
        items = await everything(lambda more: ctx.call(self._service, operation, more), member)
        return [item[name] for item in items]

    async def _call(self, ctx: Context, call: Call, name: str, properties: Properties) -> Properties:
        return await ctx.call(self._service, call.operation, call.request(name, properties))

    async def _settled(self, ctx: Context, name: str, old: Properties, new: Properties) -> Resource:
        if self._settle is not None:
            await self._settle(ctx, name, old, new)
        return Resource(name, self._attributes(ctx, name, new))


async def change_tags(
    ctx: Context, service: str, calls: Tags, physical_id: str, old: Properties, new: Properties
) -> None:
    """Change the tags of a thing from those of its `old` properties to those of its `new` ones."""
    (untag, without), (tag, with_) = calls.untag, calls.tag
    await retag(
        tags_of(old),
        tags_of(new),
        lambda keys: ctx.call(service, untag, without(ctx, physical_id, keys)),
        lambda changed: ctx.call(service, tag, with_(ctx, physical_id, changed)),
    )


def tags_of(properties: Properties) -> dict[str, str]:
    """The tags in the property Tags, which is a list of Key and Value or a map."""
    given = properties.get("Tags") or ()
    return {key: str(value) for key, value in given.items()} if isinstance(given, dict) else tags.from_list(given)


class PolicyOf:
    """The handler of resources that set one policy on several things: QueuePolicy, TopicPolicy."""

    def __init__(
        self, service: str, operation: str, listed: str, request: Callable[[str, str], Properties], *gone: str
    ) -> None:
        self._service = service
        self._operation = operation
        self._listed = listed
        self._request = request
        self._gone = gone

    async def create(self, ctx: Context, name: Name, properties: Properties) -> Resource:
        await self._set(ctx, properties[self._listed], text(properties["PolicyDocument"]))
        return Resource(name.physical(), {"Id": name.physical()})

    async def update(self, ctx: Context, physical_id: str, old: Properties, new: Properties) -> Resource:
        await self._set(ctx, [thing for thing in old[self._listed] if thing not in new[self._listed]], "")
        await self._set(ctx, new[self._listed], text(new["PolicyDocument"]))
        return Resource(physical_id, {"Id": physical_id})

    async def delete(self, ctx: Context, physical_id: str, properties: Properties) -> None:
        await self._set(ctx, properties[self._listed], "")

    async def _set(self, ctx: Context, things: list[str], policy: str) -> None:
        for thing in things:
            call = ctx.call(self._service, self._operation, self._request(thing, policy))
            await unless(call, *(() if policy else self._gone))
