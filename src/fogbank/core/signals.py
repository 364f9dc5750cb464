"""Waking whoever waits for a change: long polls, workers, caches. In process; the store carries topics across nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .clock import Clock


class Watch:
    """A standing interest in one topic. Open it before looking, so that no signal falls between look and wait."""

    def __init__(self, hub: Signals, topic: str, clock: Clock) -> None:
        self._hub, self._topic, self._clock = hub, topic, clock
        self._event = asyncio.Event()

    def __enter__(self) -> Watch:
        self._hub._events.setdefault(self._topic, set()).add(self._event)
        return self

    def __exit__(self, *exc: object) -> None:
        events = self._hub._events.get(self._topic)
        if events is not None:
            events.discard(self._event)
            if not events:
                del self._hub._events[self._topic]

    async def wait(self, seconds: float) -> bool:
        """True when the topic was signalled since the last wait, False when `seconds` of the clock passed."""
        if not self._event.is_set():
            signalled = asyncio.ensure_future(self._event.wait())
            slept = asyncio.ensure_future(self._clock.sleep(seconds))
            try:
                await asyncio.wait({signalled, slept}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                signalled.cancel()
                slept.cancel()
        woken = self._event.is_set()
        self._event.clear()
        return woken


class Signals:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: dict[str, set[asyncio.Event]] = {}
        self._listeners: dict[str, list[Callable[[], None]]] = {}

    def watch(self, topic: str) -> Watch:
        """`with signals.watch(topic) as watch: ... await watch.wait(seconds)`"""
        return Watch(self, topic, self._clock)

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        """Call `listener()` at every signal of `topic`, for the life of the process."""
        self._listeners.setdefault(topic, []).append(listener)

    def fire(self, topic: str) -> None:
        """Wake every watch and call every listener of `topic`. On the event loop."""
        for event in self._events.get(topic, ()):
            event.set()
        for listener in self._listeners.get(topic, ()):
            listener()

    def fire_missed(self) -> None:
        """Some may have been missed: whoever waits or remembers looks again (but for `reset`, which stops engines)."""
        for topic in {*self._events, *self._listeners} - {"reset"}:
            self.fire(topic)
