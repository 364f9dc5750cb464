"""A watchdog for the event loops of clouds in threads: no callback may hold one for long.

While one callback runs, nobody else is answered. So a callback that takes more than `LIMIT` seconds of its thread's
*processor* time (a busy machine does not count) is noted, with the coroutine or the method that it was and the last
call that the cloud had recorded. What happens once in a process is taken off: imports, the reading of models, and the
collector of garbage, whose work depends on everything that the process holds.

    watchdog.arm()                       # before the first cloud is started
    for held in watchdog.take(): ...     # what was noted since the last look

Fogbank's own tests arm it. A test that has a reason to hold the loop is marked `holds_the_loop("the reason")`.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from fogbank.app import App

LIMIT = 0.1  # seconds of processor time


class Held(NamedTuple):
    """One callback that held a loop."""

    seconds: float
    what: str
    call: str

    def __str__(self) -> str:
        return (
            f"{self.what} held the event loop for {self.seconds * 1000:.0f} ms of processor time; "
            f"the last call by then was {self.call}"
        )


class _Thread(threading.local):
    """A thread's time that is taken off, and the cloud that it serves."""

    app: App | None = None
    free = 0.0
    depth = 0
    began = 0.0

    def begin(self) -> None:
        self.depth += 1
        if self.depth == 1:
            self.began = time.thread_time()

    def end(self) -> None:
        self.depth -= 1
        if not self.depth:
            self.free += time.thread_time() - self.began


_noted: queue.SimpleQueue[Held] = queue.SimpleQueue()  # from the loops' threads to whoever looks
_thread = _Thread()


@functools.cache
def arm() -> None:
    """Watch the loops of the clouds that are started from now on."""
    from fogbank.gateway.connection import Connection
    from fogbank.wire import models

    for module, loads in ((importlib._bootstrap, "_find_and_load"), (models, "load")):
        setattr(module, loads, _free(getattr(module, loads)))
    gc.callbacks.append(lambda phase, _: _thread.begin() if phase == "start" else _thread.end())
    for name in ("data_received", "eof_received", "connection_lost"):  # a loop calls these without scheduling them
        setattr(Connection, name, _timed(getattr(Connection, name)))


def take() -> list[Held]:
    """What was noted, which is forgotten then."""
    return [_noted.get() for _ in range(_noted.qsize())]


def watch(loop: asyncio.AbstractEventLoop, app: App) -> None:
    """Time the callbacks of the loop that runs in this thread, if the watchdog is armed."""
    if arm.cache_info().currsize:
        _thread.app = app
        for name, position in (("call_soon", 0), ("call_soon_threadsafe", 0), ("call_later", 1), ("call_at", 1)):
            setattr(loop, name, _scheduling(getattr(loop, name), position))


def _scheduling(schedule: Callable[..., Any], position: int) -> Callable[..., Any]:
    def run(*args: Any, **kw: Any) -> Any:
        return schedule(*args[:position], _timed(args[position]), *args[position + 1 :], **kw)

    return run


def _free(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its time taken off."""

    @functools.wraps(function)
    def run(*args: Any, **kw: Any) -> Any:
        _thread.begin()
        try:
            return function(*args, **kw)
        finally:
            _thread.end()

    return run


def _timed(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        began, free = time.thread_time(), _thread.free
        try:
            return function(*args)
        finally:
            spent = time.thread_time() - began - (_thread.free - free)
            if spent > LIMIT and _thread.app is not None:
                _noted.put(Held(spent, _name(function), _last_call(_thread.app)))

    return run


def _name(function: Callable[..., Any]) -> str:
    task = getattr(function, "__self__", None)
    if isinstance(task, asyncio.Task):
        return f"a step of {getattr(task.get_coro(), '__qualname__', task.get_coro())} (task {task.get_name()!r})"
    return getattr(function, "__qualname__", repr(function))


def _last_call(app: App) -> str:
    hop = next(app.trace.newest(), None)
    return f"{hop.service}:{hop.operation}" if hop is not None else "none"
