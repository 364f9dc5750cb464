"""Caches of data from the store. A signal clears them when the data has changed."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .context import Cloud

K = TypeVar("K")
V = TypeVar("V")


class Cache(dict[K, V]):
    """A dict that is cleared at every signal of its topics, and at `reset`.

    Add values that have to be awaited with `fill`. If the cache is cleared during the wait, `fill` does not keep the
    value, which may be older than the change. On a store that other nodes write to, a signal may arrive during a read.
    """

    def __init__(self, cloud: Cloud, *topics: str, most: int = 10_000) -> None:
        super().__init__()
        self._most = most
        self.generation = 0  # how often it was cleared
        for topic in (*topics, "reset"):
            cloud.signals.on(topic, self.clear)

    def clear(self) -> None:
        """Drop all values, and those that `fill` is waiting for."""
        self.generation += 1
        super().clear()

    async def fill(self, key: K, value: Awaitable[V]) -> V:
        """Await a value and keep it, unless the cache was cleared meanwhile."""
        generation = self.generation
        found = await value
        self.keep(key, found, generation)
        return found

    def keep(self, key: K, value: V, generation: int) -> None:
        """Keep a value that was read since `generation`, unless the cache was cleared meanwhile."""
        if generation == self.generation:
            if len(self) >= self._most:
                super().clear()
            self[key] = value
