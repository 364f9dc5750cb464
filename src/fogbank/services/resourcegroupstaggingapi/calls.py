"""How a resource is tagged by its own service: the operation and its request, as the service's model tells them.

Operations on tags are called TagResource, AddTagsToResource and the like. They take the ARN in a required member, and
the tags as a map, or as a list of keys and values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core import services
from fogbank.core.context import Context
from fogbank.core.errors import NotBuilt
from fogbank.core.inventory import Resource
from fogbank.wire import models
from fogbank.wire.shapes import Shape

TAG = ("TagResource", "AddTagsToResource", "AddTags", "CreateTags", "TagQueue", "AddTagsToCertificate", "Tag")
UNTAG = (
    "UntagResource", "RemoveTagsFromResource", "RemoveTags", "DeleteTags", "UntagQueue", "RemoveTagsFromCertificate",
    "Untag",
)  # fmt: skip
_TAGS = ("Tags", "tags", "TagsList", "TagList")
_KEYS = ("TagKeys", "tagKeys", "Keys", *_TAGS)


async def tag(ctx: Context, resource: Resource, tags: Mapping[str, str]) -> None:
    """Add tags to a resource, as the caller."""
    declared = _service(resource).taggable
    if declared is not None and declared.tag is not None:
        return await declared.tag(ctx, resource.arn, tags)
    await _call(ctx, resource, TAG, _TAGS, tags)


async def untag(ctx: Context, resource: Resource, keys: list[str]) -> None:
    """Take tags away from a resource, as the caller."""
    declared = _service(resource).taggable
    if declared is not None and declared.untag is not None:
        return await declared.untag(ctx, resource.arn, keys)
    await _call(ctx, resource, UNTAG, _KEYS, dict.fromkeys(keys, ""))


def _service(resource: Resource) -> services.Service:
    service = services.load(resource.service)
    assert service is not None
    return service


async def _call(
    ctx: Context, resource: Resource, names: tuple[str, ...], members: tuple[str, ...], tags: Mapping[str, str]
) -> None:
    service = _service(resource)
    name = next((name for name in names if name in service.operations), None)
    if name is None:
        raise NotBuilt(resource.service, names[0])
    shape = models.load(resource.service).operations[name].input_shape
    assert shape is not None
    member = next(each for each in members if each in shape.members)
    if service.taggable is not None and service.taggable.naming is not None:
        naming = service.taggable.naming(ctx, resource.arn)
    else:
        naming = {next(each for each in shape.raw.required if each != member): resource.arn}
    await ctx.call(resource.service, name, {**naming, member: _written(shape.members[member].shape, tags)})


def _written(shape: Shape, tags: Mapping[str, str]) -> Any:
    """Tags in the form of a member: a map, a list of keys and values, or a list of keys."""
    if shape.type == "map":
        return dict(tags)
    of = shape.member.shape
    if of.type != "structure":
        return list(tags)
    names = list(of.members)
    key = next(name for name in names if name.lower().endswith("key"))
    value = next((name for name in names if name.lower().endswith("value")), None)
    return [{key: name, **({value: text} if value and text else {})} for name, text in tags.items()]
