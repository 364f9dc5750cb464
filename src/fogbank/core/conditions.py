"""Condition keys of a call that are expensive to compute."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import ServiceError

if TYPE_CHECKING:
    from .context import Context


class Lazy(Mapping[str, Any]):
    """Condition keys that are computed when a policy asks for one. Most decisions are cached and need none."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._found: dict[str, Any] | None = None

    def _all(self) -> dict[str, Any]:
        if self._found is None:
            try:
                self._found = {key: value for key, value in self._make().items() if value is not None}
            except ServiceError:  # the request is bad; the operation will raise the error again
                self._found = {}
        return self._found

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class Asked(msgspec.Struct, frozen=True):
    """What a policy asks about: an action on a resource, and the request of the call."""

    ctx: Context
    action: str  # under IAM's prefix: "s3:GetObject"
    resource: str  # a `Named`, or "*"
    request: Mapping[str, Any]

    @property
    def record(self) -> Any:
        """What authorization found under the name; None where there is nothing."""
        return getattr(self.resource, "record", None)


Read = Callable[[Asked], Any]


class Keys:
    """The condition keys that a service supplies, each with how it is read of a call; found like operations are.

        KEYS = Keys("sns", {"sns:Protocol": member("Protocol"), "iam:ResourceTag/": lambda asked: asked.record.tags})

    A value is a text, number, flag or list of texts; None where this call has none. A key that ends in `/` or `:` is
    followed by a name: its value is a mapping. They are read when a policy asks, for the actions of which AWS publishes
    them. `given` names those that the resource functions of operations give with their `Access`, `never` those that no
    call has here, for they tell of what there is not: requests through an access point, say.

    A key that is in none of them is one that AWS supplies and Fogbank does not: what depends on it is denied.
    """

    def __init__(
        self, prefix: str, reads: Mapping[str, Read], *, given: Iterable[str] = (), never: Iterable[str] = ()
    ) -> None:
        self.prefix = prefix
        self.reads = reads
        self.supplied = tuple(key.lower() for key in (*reads, *given, *never))

    def of(self, asked: Asked, published: Container[str]) -> dict[str, Any]:
        """The keys that this call has, of those that are published for its action."""
        found: dict[str, Any] = {}
        for key, read in self.reads.items():
            value = read(asked) if key.lower() in published else None
            if isinstance(value, Mapping):
                found |= {f"{key}{name}": _text(each) for name, each in value.items()}
            elif value is not None:
                found[key] = _text(value)
        return found


def _text(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)


def member(*path: str) -> Read:
    """Reads a member of the request, one inside another: `member("VpcConfig", "SubnetIds")`."""

    def read(asked: Asked) -> Any:
        found: Any = asked.request
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return read
