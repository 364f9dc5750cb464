"""A watchdog that reports callbacks that block the event loop of a cloud in a thread.

While a callback runs, no other request is answered. So the watchdog records every callback that takes more than `LIMIT`
seconds of its thread's *processor* time (which does not depend on other load), with its coroutine or method and the
last call in the cloud's trace. Some time is not counted: imports and loading models, which happen once per process, and
garbage collection, whose time depends on everything in the process.

    watchdog.arm()                       # before the first cloud is started
    for held in watchdog.take(): ...     # the callbacks recorded since the last `take`

Fogbank's own tests arm it. Mark a test that has a reason to block the loop with `holds_the_loop("the reason")`.
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
    """One callback that blocked a loop."""

    seconds: float
    what: str
    call: str

    def __str__(self) -> str:
        return (
            f"{self.what} held the event loop for {self.seconds * 1000:.0f} ms of processor time; "
            f"the last call by then was {self.call}"
        )


class _Thread(threading.local):
    """Per thread: the time that is not counted, and the cloud whose loop it runs."""

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


_noted: queue.SimpleQueue[Held] = queue.SimpleQueue()  # from the loops' threads to `take`
_thread = _Thread()


@functools.cache
def arm() -> None:
    """Watch the loops of all clouds that are started from now on."""
    from fogbank.gateway.connection import Connection
    from fogbank.wire import models

    for module, loads in ((importlib._bootstrap, "_find_and_load"), (models, "load")):
        setattr(module, loads, _free(getattr(module, loads)))
    gc.callbacks.append(lambda phase, _: _thread.begin() if phase == "start" else _thread.end())
    for name in ("data_received", "eof_received", "connection_lost"):  # the loop calls these directly
        setattr(Connection, name, _timed(getattr(Connection, name)))


def take() -> list[Held]:
    """Remove and return what was recorded."""
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
    """Wrap a function so that its time is not counted."""

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
