"""Tags: the three operations of a kind of thing on its tags, and the tags of requests as condition keys.

    tag_resource, untag_resource, list_tags_for_resource = tag_operations(
        "sns", __name__, by_resource, lambda tx, ctx, req: TAGGED.require(tx, ctx, req["ResourceArn"]),
        lambda tx, topic: tx.put(TOPICS, topic), check=_check)

Of a request that gives or takes tags, whichever operation it is:

    aws:RequestTag/KEY      the value that it gives to a tag
    aws:TagKeys             the keys of the tags that it gives or takes away

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from . import tags
from .operation import Resource, operation

if TYPE_CHECKING:
    from fogbank.store.api import Reader, Transaction

    from .context import Context

Req = dict[str, Any]
Call = Callable[["Context", Req], dict[str, Any]]

# the members in which requests carry tags; tests/attacks/test_tags.py holds them against AWS's models
_GIVEN = ("Tags", "tags", "TagsList", "TagList")
_TAKEN = ("TagKeys", "tagKeys", "Keys")
_KEYS = ("Key", "key", "TagKey")
_VALUES = ("Value", "value", "TagValue")


def given(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a request gives: in a mapping, or in a list of keys and values. What is neither, it passes over."""
    found = next((request[member] for member in _GIVEN if request.get(member)), None)
    if isinstance(found, Mapping):
        return {key: str(value) for key, value in found.items()}
    pairs = found if isinstance(found, list) else []
    read = ((_first(tag, _KEYS), _first(tag, _VALUES)) for tag in pairs if isinstance(tag, Mapping))
    return {key: value or "" for key, value in read if key is not None}


def taken(request: Mapping[str, Any]) -> list[str]:
    """The keys of the tags that a request takes away."""
    found = next((request[member] for member in _TAKEN if request.get(member)), None)
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []


def conditions(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of a request that tags; none of any other.

    CloudTrail's RemoveTags has the tags that it takes away in a list of tags.
    """
    named = given(request)
    if operation.startswith("Remove"):
        return tags.conditions({}, [*named, *taken(request)])
    return tags.conditions(named, taken(request))


def _first(tag: Mapping[str, Any], members: tuple[str, ...]) -> str | None:
    return next((tag[member] for member in members if isinstance(tag.get(member), str)), None)


# -- the operations on tags --------------------------------------------------------------------------------------------


class Names(msgspec.Struct, frozen=True):
    """What an API calls its operations on tags and their members. Without a `key` its tags are a mapping."""

    tag: str = "TagResource"
    untag: str = "UntagResource"
    list: str = "ListTagsForResource"
    given: str = "Tags"
    taken: str = "TagKeys"
    listed: str = "Tags"
    key: str = "Key"
    value: str = "Value"

    def read(self, given: Any) -> dict[str, str]:
        """The tags of a request."""
        return {tag[self.key]: tag[self.value] for tag in given} if self.key else dict(given)

    def shape(self, tag: tuple[str, str]) -> dict[str, str]:
        """One tag of a list."""
        return {self.key: tag[0], self.value: tag[1]}

    def show(self, held: Mapping[str, str]) -> Any:
        return [self.shape(tag) for tag in held.items()] if self.key else dict(held)


USUAL = Names()


def tag_operations(
    service: str,
    module: str,
    resource: Resource,
    find: Callable[[Reader, Context, Req], Any],
    put: Callable[[Transaction, Any], None],
    *,
    names: Names = USUAL,
    check: Callable[[Any, Mapping[str, str]], None] | None = None,
    show: Callable[[Context, Req, Any], dict[str, Any]] | None = None,
) -> tuple[Call, Call, Call]:
    """The operations that tag, untag and list, of records with `tags`; to be kept under names of the `module`.

    `find` gives the record of a request or raises. `check(record, given)` raises the service's error for tags that it
    does not take, once they are on the record: AWS's services differ in what they refuse, and how they say it. `show`
    makes the answer of a list that is not simply all tags.
    """

    def tag(ctx: Context, req: Req) -> dict[str, Any]:
        given = names.read(req[names.given])
        with ctx.write() as tx:
            record = find(tx, ctx, req)
            record.tags = record.tags | given
            if check is not None:
                check(record, given)
            put(tx, record)
        return {}

    def untag(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.write() as tx:
            record = find(tx, ctx, req)
            record.tags = tags.without(record.tags, req[names.taken])
            put(tx, record)
        return {}

    def list_tags(ctx: Context, req: Req) -> dict[str, Any]:
        with ctx.read() as tx:
            record = find(tx, ctx, req)
        return {names.listed: names.show(record.tags)} if show is None else show(ctx, req, record)

    calls = (tag, "Add tags, or change their values."), (untag, "Remove tags by key."), (list_tags, "The tags.")
    for (function, text), name in zip(calls, (names.tag, names.untag, names.list), strict=True):
        function.__module__, function.__name__, function.__qualname__, function.__doc__ = module, name, name, text
        operation(service, name, resource=resource)(function)
    return tag, untag, list_tags
