"""The condition keys of a request, for conditions and policy variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

ContextValue = str | Sequence[str]
ContextSource = Mapping[str, ContextValue] | Callable[[], Mapping[str, ContextValue]]

_NOTHING: frozenset[str] = frozenset()


def nothing_lacks(key: str) -> bool:
    """All keys are known: one that is not there is not of the request."""
    return False


class Facts:
    """Condition keys (any case) with their values. Built only when a policy reads one, and notes what was read.

    `asked` tells whether the decision depends on the context (then it must not be cached for other requests). `missing`
    names the keys that were read and are absent. `lacking` names those of them that AWS would supply and Fogbank does
    not (see `AccessRequest.lacks`); reading one sets `doubt`, which the code that deals with it clears again.
    """

    __slots__ = ("_lacks", "_source", "_values", "asked", "doubt", "lacking", "missing")

    def __init__(self, source: ContextSource, lacks: Callable[[str], bool] = nothing_lacks) -> None:
        self._source = source
        self._lacks = lacks
        self._values: dict[str, tuple[str, ...]] | None = None
        self.asked = False
        self.doubt = False
        self.missing: set[str] | frozenset[str] = _NOTHING
        self.lacking: set[str] | frozenset[str] = _NOTHING

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key given in lower case; None when the request has no such key."""
        self.asked = True
        values = self._values
        if values is None:
            source = self._source() if callable(self._source) else self._source
            values = self._values = {
                name.lower(): (value,) if isinstance(value, str) else tuple(value) for name, value in source.items()
            }
        found = values.get(key)
        if found is None:
            self.missing = {*self.missing, key}
            if self._lacks(key):
                self.doubt = True
                self.lacking = {*self.lacking, key}
        return found
