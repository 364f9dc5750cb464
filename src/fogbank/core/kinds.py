"""Resources by the names that requests use: read once, authorised, and handed to the operation.

    QUEUE = Kind("queue", QUEUES, key=read_queue_url, arn=arn_of_key, missing=lambda ctx, key: QueueDoesNotExist(),
                 policy=lambda queue: queue.attributes.get("Policy"))

    @operation("sqs", "SendMessage", resource=QUEUE.of("QueueUrl"))
    def send_message(ctx, req):
        with ctx.write() as tx:
            queue = QUEUE.require(tx, ctx, req["QueueUrl"])

A name is read in one place, `key`: it knows every spelling that AWS takes and raises the service's error for all
others. What it gives is the key of a record. The ARN that policies are held against is made of that key, the owner too,
and an operation finds a record only by a name that authorization resolved: what was allowed and what is done cannot
differ.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from .errors import AccessDenied, ServiceError

if TYPE_CHECKING:
    from fogbank.store.api import Key, Reader, Table

    from .context import Context

R = TypeVar("R")
log = logging.getLogger("fogbank.auth")


class Named(str):
    """The ARN of what a request names, made from what was found, with what authorization has to know of it.

    `owner`: its account; empty for what is nobody's: everybody is denied that, root too. `policy`: its resource
    policy (JSON). `key` and `record`: where it lies, and what lay there when it was authorised (None: nothing).
    """

    __slots__ = ("key", "owner", "policy", "record")

    owner: str
    policy: str | None
    key: Any
    record: Any


def named(arn: str, owner: str, *, policy: str | None = None, key: Any = None, record: Any = None) -> Named:
    """A resource that no Kind describes: one that is about to be made, or a part of another."""
    made = Named(arn)
    made.owner = owner
    made.policy = policy
    made.key = key
    made.record = record
    return made


def nobodys(text: str) -> Named:
    """What a request names in a way that means nothing here: denied to everybody."""
    return named(text, "")


class Tagged:
    """Stands for a record of which authorization needs the tags alone, and those only when a policy asks."""

    __slots__ = ("_look",)

    def __init__(self, look: Callable[[], Mapping[str, str]]) -> None:
        self._look = look

    @property
    def tags(self) -> Mapping[str, str]:
        return self._look()


class Names(msgspec.Struct):
    """What one call's authorization resolved.

    `fresh`: nothing can have changed since, so what was found needs no second look. `request`: what was asked, for
    policies that ask about it. `caller`: the service that calls in its caller's name. `needed`: all that was
    authorised, as the operation's resource function gave it.
    """

    fresh: bool
    request: Mapping[str, Any] = {}
    caller: str = ""
    found: dict[tuple[str, str], Named] = {}
    needed: Any = None


class Kind(Generic[R]):
    """Records that requests name.

    `word` tells this kind from others in one service. `key(ctx, text)` reads a name and raises the service's error for
    what is none; its first element is the owner's account. `arn(ctx, key, record)` is the ARN; `record` is None when
    there is none. `missing(ctx, key)` is AWS's error then.
    """

    def __init__(
        self,
        word: str,
        table: Table[Any],
        *,
        key: Callable[[Context, str], Key],
        arn: Callable[[Context, Any, R | None], str],
        missing: Callable[[Context, Any], ServiceError],
        policy: Callable[[R], str | None] | None = None,
    ) -> None:
        self.word = word
        self.table = table
        self.key = key
        self.arn = arn
        self.missing = missing
        self.policy = policy

    # -- for authorization -------------------------------------------------------------------------------------------

    def name(self, ctx: Context, text: str, part: str = "") -> Named:
        """Resolve a name for authorization, and remember it for the operation.

        `part` is what the ARN ends in where a part of the thing is meant: a stream of a log group.
        """
        key = self.key(ctx, text)
        with ctx.read() as tx:
            record = tx.get(self.table, key)
        found = Named(self.arn(ctx, key, record) + part)
        found.owner = str(key[0])
        found.policy = self.policy(record) if record is not None and self.policy is not None else None
        found.key = key
        found.record = record
        return remember(ctx, self.word, text, found)

    def of(self, member: str) -> Callable[[Context, dict[str, Any]], Named]:
        """For `@operation(resource=…)`: the resource that a member of the request names."""

        def resource(ctx: Context, req: dict[str, Any]) -> Named:
            return self.name(ctx, req.get(member) or "")

        return resource

    # -- for operations ----------------------------------------------------------------------------------------------

    def find(self, tx: Reader, ctx: Context, text: str) -> R | None:
        """The record that a name of the request means, or None. The call must have been authorised for that name."""
        names = ctx.names
        if names is None:
            return tx.get(self.table, self.key(ctx, text))
        known = resolved(ctx, self.word, text)
        if names.fresh and known.record is not None:
            return known.record  # type: ignore[no-any-return]
        return tx.get(self.table, known.key)

    def require(self, tx: Reader, ctx: Context, text: str) -> R:
        """As `find`; raises AWS's error when there is no such record."""
        found = self.find(tx, ctx, text)
        if found is None:
            raise self.missing(ctx, self.key(ctx, text))
        return found


def remember(ctx: Context, word: str, text: str, found: Named) -> Named:
    """Let the operation find what it names `text` as a `word`."""
    if ctx.names is not None:
        ctx.names.found[word, text] = found
    return found


def resolved(ctx: Context, word: str, text: str) -> Named:
    """What authorization took a name for. Raises AccessDenied where it was not asked: an operation's own mistake."""
    assert ctx.names is not None
    known = ctx.names.found.get((word, text))
    if known is None:
        log.error("%s:%s looks up the %s %r, which nobody authorised", ctx.service, ctx.operation, word, text)
        raise AccessDenied
    return known
