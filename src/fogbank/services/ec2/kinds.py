"""Kinds of things that EC2 finds by their ids.

    VPC = ById("vpc", "vpc", VPCS, code="InvalidVpcID", label="vpc ID")

`VPC.name` and `VPC.require` are those of every Kind (`core/kinds.py`). Descriptions are authorised on everything, so
they read with `VPC.known`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fogbank.core import tags
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import Kind, Named, named
from fogbank.core.operation import Access
from fogbank.network import ids
from fogbank.network.errors import NetworkError
from fogbank.store.api import Key, Reader, Table

R = TypeVar("R")


class ById(Kind[R]):
    """Things with an id of 17 digits behind a prefix.

    `word` is the resource type in ARNs and in tag specifications. `code` is that of the errors, to which .NotFound and
    .Malformed are added, and `label` what their texts call the id: "The vpc ID 'vpc-0' does not exist". `text` words a
    missing thing in another way, `whole` is its code as a whole. `shared` says that ARNs have no account.
    """

    def __init__(
        self,
        word: str,
        prefix: str,
        table: Table[Any],
        *,
        code: str,
        label: str = "",
        text: str = "The {label} '{id}' does not exist",
        whole: str = "",
        malformed: str = "",
        shared: bool = False,
    ) -> None:
        super().__init__(word, table, key=self._key, arn=self._arn, missing=self._missing)
        self.prefix = prefix
        self.code = code
        self.label = label
        self._text = text
        self._whole = whole or f"{code}.NotFound"
        self._malformed = malformed or f"{code}.Malformed"
        self._shared = shared

    def _key(self, ctx: Context, text: str) -> Key:
        """The key of an id, which is one of the caller's own account."""
        if not ids.valid(self.prefix, text):
            raise NetworkError(self._malformed, f'Invalid id: "{text}" (expecting "{self.prefix}-...")')
        return ctx.account, ctx.region, text

    def arn_of(self, ctx: Context, id: str, account: str) -> str:
        return ctx.arn("ec2", f"{self.word}/{id}", account="" if self._shared else account)

    def _arn(self, ctx: Context, key: Any, record: R | None) -> str:
        return self.arn_of(ctx, str(key[2]), str(key[0]))

    def _missing(self, ctx: Context, key: Any) -> ServiceError:
        return self.absent(str(key[2]))

    def absent(self, *those: str) -> ServiceError:
        """AWS's error for ids of things that are not there."""
        text = self._text.format(label=self.label, id=", ".join(those))
        return NetworkError(self._whole, text)

    def known(self, tx: Reader, ctx: Context, id: str) -> R:
        """A thing of the caller's account that a description names. Its operation is authorised on all of them."""
        found = tx.get(self.table, self._key(ctx, id))
        if found is None:
            raise self.absent(id)
        return found  # type: ignore[no-any-return]

    def all(self, tx: Reader, ctx: Context, wanted: Iterable[str]) -> list[R]:
        """As `known`, for several ids; each thing once, in the order of the ids."""
        return [self.known(tx, ctx, id) for id in dict.fromkeys(sorted(wanted))]

    def new(self, ctx: Context) -> Named:
        """For authorization: one that is about to be made."""
        return named(self.arn_of(ctx, "*", ctx.account), ctx.account)


def created(ctx: Context, resource: Named, given: Mapping[str, str]) -> list[Access]:
    """What a creation needs: the action itself, and the permission to tag what it makes.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    conditions = tags.conditions(given)
    needed = [Access("", resource, conditions)]
    if given:
        needed.append(Access("ec2:CreateTags", resource, {**conditions, "ec2:CreateAction": ctx.operation}))
    return needed


Name = tuple[ById[Any], str]  # a kind, and the member that names one or several of it


def texts(req: Mapping[str, Any], member: str) -> list[str]:
    """The texts of a member, which may be absent, a text or a list."""
    found = req.get(member)
    if not found:
        return []
    return [found] if isinstance(found, str) else list(found)


def on(*names: Name) -> Callable[[Context, dict[str, Any]], list[Access]]:
    """For `@action(resource=…)`: the things that members of the request name. The first one is required."""

    def resource(ctx: Context, req: dict[str, Any]) -> list[Access]:
        return _named(ctx, req, names, needed=True)

    return resource


def _named(ctx: Context, req: dict[str, Any], names: Iterable[Name], *, needed: bool) -> list[Access]:
    found = []
    for kind, member in names:
        given = texts(req, member) or ([""] if needed else [])
        found += [Access("", kind.name(ctx, text)) for text in given]
        needed = False
    return found


def creates(kind: ById[Any], *names: Name) -> Callable[[Context, dict[str, Any]], list[Access]]:
    """For `@action(resource=…)`: a new thing with the tags of the request, made of things that members name."""
    from .tags import given

    def resource(ctx: Context, req: dict[str, Any]) -> list[Access]:
        return created(ctx, kind.new(ctx), given(req, kind.word)) + _named(ctx, req, names, needed=False)

    return resource


Find = Callable[[Reader, Context, str], Any]


def holding(kind: ById[Any], member: str, find: Find) -> Callable[[Context, dict[str, Any]], Named]:
    """For `@action(resource=…)`: the thing that has a part, such as an association, whose id a member gives.

    `find` returns the thing or None. If there is none, the caller still needs the permission, to learn as much.
    """

    def resource(ctx: Context, req: dict[str, Any]) -> Named:
        with ctx.read() as tx:
            found = find(tx, ctx, req.get(member) or "")
        return kind.new(ctx) if found is None else kind.name(ctx, found.id)

    return resource
