"""All execution environments of a cloud: starts, reuses, freezes, replaces and ends them.

An environment runs one invocation at a time. An invocation takes an idle environment. If there is none, a new one is
started for it, and it gets whichever environment becomes free first.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fogbank.core import services
from fogbank.core.clock import aside
from fogbank.engines.running import Engines

from ..errors import TooManyRequests
from ..node_sdk import NodeSdk
from ..runtimes import Interpreters, wanted
from .environment import Environment, Gone
from .logs import LogStream
from .spec import Credentials, Invocation, Outcome, Spec

if TYPE_CHECKING:
    from fogbank.core.context import Cloud

IDLE_LIFE = 600.0  # seconds on the cloud's clock that an idle environment lives (AWS gives no number)
REAP_EVERY = 60.0
RENEW = 300.0  # seconds before its credentials expire, from which an environment gets no more events
STARTS = 2 * (os.cpu_count() or 2)  # environments in their init phase at once; more would slow each other down
MOST_IDLE = 64

Entrance = tuple[Credentials, LogStream]


class Quota(msgspec.Struct, frozen=True):
    """How many invocations may run at once: the function's reserved concurrency, or the account's unreserved rest."""

    reserved: int | None = None
    unreserved: int | None = None


class Pool:
    """The environments of one configuration of a function."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.idle: list[Environment] = []
        self.busy: set[Environment] = set()
        self.waiters: deque[Waiter] = deque()
        self.starting = 0
        self.retired = False

    @property
    def empty(self) -> bool:
        return not (self.idle or self.busy or self.waiters or self.starting)


class Waiter(msgspec.Struct):
    """An invocation that waits for an environment. `enter` prepares a new environment for it."""

    invocation: Invocation
    enter: Callable[[], Awaitable[Entrance]]
    future: asyncio.Future[Environment | Outcome]


class Fleet:
    """All execution environments of a cloud. Get it with `ctx.app.local(Fleet)`."""

    def __init__(self, app: Cloud) -> None:
        self._app = app
        self.clock = app.clock
        self.supervisor = app.local(Engines).supervisor
        self.interpreters = Interpreters(app)
        self._pools: dict[tuple[str, ...], Pool] = {}
        self._running: Counter[tuple[str, ...]] = Counter()
        self._starts = asyncio.Semaphore(STARTS)
        self._room = asyncio.Semaphore(_most_environments())
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: set[LogStream] = set()
        self._reaper: asyncio.Task[None] | None = None
        self._scratch = ""
        self._closed = False
        app.on_stop(self.close)
        app.signals.on("reset/lambda", self.retire_all)

    # -- what environments need (environment.Host) ---------------------------------------------------------------------

    def endpoint(self) -> str:
        return self._app.endpoint

    def scratch(self) -> Path:
        if not self._scratch:
            self._scratch = tempfile.mkdtemp(prefix="fogbank-lambda-")
        return Path(self._scratch)

    async def expect(self, runtime: str) -> None:
        """Prepares for a function of this runtime: does now what its first cold start would otherwise wait for."""
        self.supervisor.start()
        services.load("logs")  # imported now, since the first cold start writes log events
        asked = wanted(runtime)
        if asked is not None and not self.interpreters.looked(
            asked[0]
        ):  # the first search runs programs for their versions: not on the event loop
            await asyncio.get_running_loop().run_in_executor(None, self.interpreters.found, asked[0])

    # -- invocations ---------------------------------------------------------------------------------------------------

    async def invoke(
        self, spec: Spec, invocation: Invocation, quota: Quota, enter: Callable[[], Awaitable[Entrance]]
    ) -> Outcome:
        """Runs an event. `enter` returns the credentials and log stream of an environment that must be started.

        Raises TooManyRequests over the quota, NoRuntime, and any error of `enter`.
        """
        counter = self._count(spec, quota)
        self._running[counter] += 1
        self._running[spec.function] += counter != spec.function
        try:
            found = await self._acquire(spec, invocation, enter)
            return found if isinstance(found, Outcome) else await found.invoke(invocation)
        finally:
            self._running[counter] -= 1
            self._running[spec.function] -= counter != spec.function

    def _count(self, spec: Spec, quota: Quota) -> tuple[str, ...]:
        """Returns the key under which this invocation counts against its quota. Raises TooManyRequests."""
        if quota.reserved is not None:
            if self._running[spec.function] >= quota.reserved:
                raise TooManyRequests("Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded")
            return spec.function
        account = (spec.account, spec.region)
        if quota.unreserved is not None and self._running[account] >= quota.unreserved:
            raise TooManyRequests("Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded")
        return account

    def concurrency(self, spec: Spec) -> int:
        """Returns the number of a function's invocations in progress."""
        return self._running[spec.function]

    async def _acquire(
        self, spec: Spec, invocation: Invocation, enter: Callable[[], Awaitable[Entrance]]
    ) -> Environment | Outcome:
        pool = self._pools.get(spec.key)
        if pool is None:
            pool = self._pools[spec.key] = Pool(spec)
        while pool.idle:
            environment = pool.idle.pop()
            if environment.alive and environment.credentials.expires - RENEW > self.clock.now():
                pool.busy.add(environment)
                return environment
            environment.close()
        waiter = Waiter(invocation, enter, asyncio.get_running_loop().create_future())
        pool.waiters.append(waiter)
        self._scale(pool)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter in pool.waiters:
                pool.waiters.remove(waiter)
            elif waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
                given = waiter.future.result()
                if isinstance(given, Environment):
                    self._on_idle(given)
            raise

    def _scale(self, pool: Pool) -> None:
        while pool.starting < len(pool.waiters):
            pool.starting += 1
            task = aside(self._start(pool))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _start(self, pool: Pool) -> None:
        """Starts an environment for the first waiter. When it is ready, it goes to whichever waiter is first then."""
        environment = None
        try:
            async with self._starts:
                await self._make_room()
                try:
                    environment = await self._new(pool)
                finally:
                    if environment is None:
                        self._room.release()
                if environment is not None:
                    await self._launch(pool, environment)
        except Exception as error:  # top level of a task: hand the error to a waiter
            if environment is not None:
                environment.close()
            waiter = _next(pool.waiters)
            if waiter is not None:
                waiter.future.set_exception(error)
        finally:
            pool.starting -= 1
            self._tidy(pool)

    async def _new(self, pool: Pool) -> Environment | None:
        """Makes an environment without launching it; None when no invocation waits any more."""
        if not pool.waiters:
            return None
        await self.expect(pool.spec.runtime)
        interpreter = self.interpreters.resolve(pool.spec.runtime)
        if not pool.waiters:
            return None
        credentials, stream = await pool.waiters[0].enter()
        self._streams.add(stream)
        sdk, no_sdk = self.interpreters.sdk() if interpreter.family == "python" else ("", "")
        if interpreter.family == "nodejs":
            no_sdk = await self._app.local(NodeSdk).prepare(pool.spec, interpreter)
        return Environment(
            pool.spec,
            self,
            interpreter,
            credentials,
            stream,
            sdk=sdk,
            notes=tuple(filter(None, (interpreter.note, no_sdk))),
            on_idle=self._on_idle,
            on_gone=self._on_gone,
        )

    async def _launch(self, pool: Pool, environment: Environment) -> None:
        pool.busy.add(environment)
        self._wake_reaper()
        try:
            await environment.launch()
        except Gone as gone:
            environment.close()
            waiter = _next(pool.waiters)
            if waiter is not None:
                waiter.future.set_result(environment.refuse(waiter.invocation, gone.outcome))
            return
        self._on_idle(environment)

    async def _make_room(self) -> None:
        """Takes one of the machine's slots; if none is free, first ends the environment that has been idle longest."""
        if self._room.locked():
            idle = [(e.idle_since, n, e) for p in self._pools.values() for n, e in enumerate(p.idle)]
            if idle:
                oldest = min(idle, key=lambda entry: entry[:2])[2]
                oldest.close()
        await self._room.acquire()

    # -- what environments tell ----------------------------------------------------------------------------------------

    def _on_idle(self, environment: Environment) -> None:
        """Gives a free environment to the next waiter, or freezes it."""
        pool = self._pools.get(environment.spec.key)
        if pool is None or environment.retired or pool.retired or not environment.alive:
            environment.close()
            return
        waiter = _next(pool.waiters)
        if waiter is not None:
            waiter.future.set_result(environment)
            return
        pool.busy.discard(environment)
        if environment not in pool.idle:
            pool.idle.append(environment)
        environment.freeze()
        self._trim()

    def _on_gone(self, environment: Environment) -> None:
        self._room.release()
        pool = self._pools.get(environment.spec.key)
        if pool is None:
            return
        pool.busy.discard(environment)
        if environment in pool.idle:
            pool.idle.remove(environment)
        self._tidy(pool)

    def _tidy(self, pool: Pool) -> None:
        if pool.empty:
            self._pools.pop(pool.spec.key, None)
        elif pool.waiters and not self._closed:
            self._scale(pool)

    # -- fewer ---------------------------------------------------------------------------------------------------------

    def retire(self, function: tuple[str, str, str]) -> None:
        """Keeps a function's environments from serving further events, after its code or configuration changed."""
        for pool in [p for p in self._pools.values() if p.spec.function == function]:
            for environment in list(pool.idle):
                environment.close()
            for environment in pool.busy:
                environment.retired = True

    def retire_all(self) -> None:
        for pool in list(self._pools.values()):
            self.retire(pool.spec.function)

    def _trim(self) -> None:
        idle = [e for pool in self._pools.values() for e in pool.idle]
        if len(idle) > MOST_IDLE:
            min(idle, key=lambda e: e.idle_since).close()

    def _wake_reaper(self) -> None:
        if self._reaper is None or self._reaper.done():
            self._reaper = aside(self._reap())

    async def _reap(self) -> None:
        while self._pools:
            await self.clock.sleep(REAP_EVERY)
            horizon = self.clock.now() - IDLE_LIFE
            for pool in list(self._pools.values()):
                for environment in [e for e in pool.idle if e.idle_since <= horizon]:
                    environment.close()
            self._streams = {stream for stream in self._streams if stream.busy}

    async def flush(self) -> None:
        """Waits until the log events written so far have been sent."""
        await asyncio.gather(*(stream.flush() for stream in self._streams))

    async def close(self) -> None:
        """Ends every environment, after sending its log events."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        for task in list(self._tasks):
            task.cancel()
        ended = [environment for pool in self._pools.values() for environment in [*pool.idle, *pool.busy]]
        for environment in ended:
            environment.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), 3)
        for environment in ended:
            await environment.gone()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _next(waiters: deque[Waiter]) -> Waiter | None:
    """Removes and returns the first waiter that still waits."""
    while waiters:
        waiter = waiters.popleft()
        if not waiter.future.done():
            return waiter
    return None


def _most_environments() -> int:
    """Returns how many processes this machine may run: one per 64 MB of memory, between 16 and 1,000."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        total = 4 << 30
    return min(max(total // (64 << 20), 16), 1000)
