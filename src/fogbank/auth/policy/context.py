"""The condition keys of a request, for conditions and policy variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

ContextValue = str | Sequence[str]
ContextSource = Mapping[str, ContextValue] | Callable[[], Mapping[str, ContextValue]]

_NOTHING: frozenset[str] = frozenset()


class Facts:
    """Condition keys (any case) with their values. Built only when a policy reads one, and notes what was read.

    `asked` tells whether the decision depends on the context (then it must not be cached for other requests); `missing`
    names the keys that were read and are absent.
    """

    __slots__ = ("_source", "_values", "asked", "missing")

    def __init__(self, source: ContextSource) -> None:
        self._source = source
        self._values: dict[str, tuple[str, ...]] | None = None
        self.asked = False
        self.missing: set[str] | frozenset[str] = _NOTHING

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
        return found
