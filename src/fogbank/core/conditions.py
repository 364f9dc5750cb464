"""Condition keys of a call that are expensive to compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .errors import ServiceError


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
