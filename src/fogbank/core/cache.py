"""What was read from the store and is kept in memory until a signal says that it has changed."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .context import Cloud

K = TypeVar("K")
V = TypeVar("V")


class Cache(dict[K, V]):
    """A dict that is cleared at every signal of its topics, and at `reset`.

    A value that has to be waited for is put in by `fill`, which does not keep one that was read before a change and
    came after it. On a store that other nodes write too, the read and the signal may cross.
    """

    def __init__(self, cloud: Cloud, *topics: str, most: int = 10_000) -> None:
        super().__init__()
        self._most = most
        self._generation = 0
        for topic in (*topics, "reset"):
            cloud.signals.on(topic, self.clear)

    def clear(self) -> None:
        """Forget everything, what is being read now included."""
        self._generation += 1
        super().clear()

    async def fill(self, key: K, value: Awaitable[V]) -> V:
        """Wait for a value and keep it, unless the cache was cleared meanwhile."""
        generation = self._generation
        found = await value
        if generation == self._generation:
            if len(self) >= self._most:
                super().clear()
            self[key] = found
        return found
