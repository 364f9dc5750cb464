"""Notifications about changes, by topic: they wake long polls and workers and clear caches.

They work inside this process. The store carries them to the other nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .clock import Clock


class Watch:
    """A watcher of one topic. Open it before you look at the state, so that no signal is lost before the wait."""

    def __init__(self, hub: Signals, topic: str, clock: Clock) -> None:
        self._hub, self._topic, self._clock = hub, topic, clock
        self._signalled = False
        self._waiter: asyncio.Future[bool] | None = None

    def __enter__(self) -> Watch:
        self._hub._watches.setdefault(self._topic, set()).add(self)
        return self

    def __exit__(self, *exc: object) -> None:
        watches = self._hub._watches.get(self._topic)
        if watches is not None:
            watches.discard(self)
            if not watches:
                del self._hub._watches[self._topic]

    def wake(self) -> None:
        self._signalled = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for a signal. True if one came since the last wait, False after `seconds` of the cloud's clock."""
        if not self._signalled:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._clock.wait(self._waiter, seconds)
        woken, self._signalled = self._signalled, False
        return woken


class Signals:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watches: dict[str, set[Watch]] = {}
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    def watch(self, topic: str) -> Watch:
        """Watch a topic: `with signals.watch(topic) as watch: ... await watch.wait(seconds)`"""
        return Watch(self, topic, self._clock)

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        """Call `listener()` at every signal of `topic`, for the lifetime of the process."""
        self._listeners.setdefault(topic, []).append(listener)

    def fire(self, topic: str) -> None:
        """Wake every watcher and call every listener of `topic`. Only on the event loop."""
        for watch in self._watches.get(topic, ()):
            watch.wake()
        for listener in self._listeners.get(topic, ()):
            listener()

    def fire_missed(self) -> None:
        """Fire all topics, since notifications may have been lost. Skips `reset`, which would stop engines."""
        for topic in {*self._watches, *self._listeners}:
            if not topic.startswith("reset"):
                self.fire(topic)
