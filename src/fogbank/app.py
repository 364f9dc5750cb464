"""The composition root: one App is one running cloud."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fogbank.audit.keeping import Audit
from fogbank.auth.authenticate import Authenticator
from fogbank.auth.authorize import Authorizer
from fogbank.auth.quotas import Quotas
from fogbank.auth.sessions import Sessions
from fogbank.core import arns, principal, services
from fogbank.core.clock import Clock
from fogbank.core.context import Context
from fogbank.core.exposure import refuse_exposure
from fogbank.core.http import Request, Response
from fogbank.core.ids import Ids
from fogbank.core.metrics import Metrics
from fogbank.core.operation import Job
from fogbank.core.residents import Resident
from fogbank.core.settings import Settings, reachable
from fogbank.core.signals import Signals
from fogbank.core.trace import Trace
from fogbank.engines import folders, ports
from fogbank.gateway.control import Control
from fogbank.gateway.limits import HttpLimits
from fogbank.gateway.pipeline import Pipeline
from fogbank.gateway.server import Server
from fogbank.gateway.strangers import Strangers, sandboxed
from fogbank.gateway.tls import TlsContext, ca_pem
from fogbank.jobs import queue, timetravel
from fogbank.jobs.worker import Worker
from fogbank.residents import records as resident_rows
from fogbank.residents.keeper import Keeper
from fogbank.store.api import Conflict, Reader, Record, Store, StoreError, Table, Transaction
from fogbank.store.blobs import BlobStore
from fogbank.store.open import open_blobs, open_store

log = logging.getLogger("fogbank")
T = TypeVar("T")
CONFLICT_TRIES = 5  # before a transaction takes its turn with others that had conflicts
METRICS_AFTER = 5.0  # real seconds from the first metric to the first look of CloudWatch, off everybody's way
POOL = 16  # transactions in flight on a networked store


class SharedIds(Ids):
    """For operations in a pool's threads: the pool of entropy of `Ids` could give two of them the same bytes."""

    def bytes(self, n: int) -> bytes:
        return os.urandom(n)


class App:
    """One cloud: its settings, its rooms wired together, started and stopped as one."""

    def __init__(self, settings: Settings) -> None:
        refuse_exposure(settings)
        self._scratch: str | None = None
        if settings.ephemeral:
            self._scratch = tempfile.mkdtemp(prefix="fogbank-")
            settings = msgspec.structs.replace(settings, data=Path(self._scratch))
        if arns.partition_of(settings.region) != settings.partition:
            raise ValueError(f"the region {settings.region} is not of the partition {settings.partition}")
        self.settings = settings
        self._locals: dict[Any, Any] = {}
        self._making = threading.RLock()
        self._closers: list[Callable[[], Any]] = []
        self.clock = Clock()
        self.ids = SharedIds() if settings.store else Ids()
        self.node = self.ids.hex(16)
        self.signals = Signals(self.clock)
        self.metrics = Metrics()
        self.trace = Trace()
        self.store = open_store(settings)
        own = _own(self.store, settings.partition)
        if own.partition != settings.partition:
            self.store.close()
            raise StoreError(
                f"what is kept here is of the partition {own.partition}, and its ARNs with it: start with --partition "
                f"{own.partition}, or with another --data folder"
            )
        self.secret = own.value
        self.audit = Audit(self)
        self.blobs: BlobStore = open_blobs(settings)
        self.tls = TlsContext(settings.data)
        self.quotas = Quotas(self)
        self.strangers = Strangers(settings)
        self.authenticator = Authenticator(self, self.strangers)
        self.authorizer = Authorizer(self)
        self.worker = Worker(self, self.find_job)
        self.keeper = Keeper(self, self.find_resident)
        self.pipeline = Pipeline(self)
        self.control = Control(self)
        self.stopped = asyncio.Event()
        self._pool: ThreadPoolExecutor | None = None if self.store.embedded else ThreadPoolExecutor(POOL)
        self._in_turn = threading.Lock()
        self._server: Server | None = None

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the door: returns when the port answers."""
        settings = self.settings
        self.store.subscribe(self._heard)
        timetravel.load(self)
        self.audit.start()
        self.local(timetravel.Follower)
        self._server = Server(
            self.handle,
            host=settings.host,
            port=settings.port,
            limits=HttpLimits(),
            tls=self.tls,
            now=self.clock.now,
        )
        try:
            await self._server.start()
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else "is not for this user"
            raise OSError(f"port {settings.port} of {settings.host} {why}: choose another one with --port") from error
        self.worker.start()
        self.keeper.start()
        self._loop = asyncio.get_running_loop()
        self._await_metrics()
        self.signals.on("reset", self._await_metrics)
        self._sweeping = asyncio.create_task(self.blobs.sweep(self.store), name="blob sweep")  # what a crash left

    async def stop(self, grace: float = 5.0) -> None:
        """Finish what is in flight, stop every engine, close the store."""
        if self._server is not None:
            await self._server.stop(grace)
        await self.worker.stop()
        await self.keeper.stop()
        await self._close(grace)
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self._sweeping.cancel()
        await asyncio.gather(self._sweeping, return_exceptions=True)
        self.blobs.close()
        self.store.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    async def _close(self, grace: float) -> None:
        """What services started ends at the same time: one that hangs keeps neither the others nor us."""
        closing = [asyncio.ensure_future(_closed(close)) for close in self._closers]
        if closing:
            _, late = await asyncio.wait(closing, timeout=grace)
            for task in late:
                log.error("%s does not end", task.get_name())
                task.cancel()

    def local(self, kind: Callable[[Any], T], /) -> T:
        """The one `kind(app)` of this cloud, made on first use: where a service keeps engines and caches."""
        found: T | None = self._locals.get(kind)
        if found is None:
            with self._making:  # operations run in a pool's threads on a networked store
                found = self._locals.get(kind)
                if found is None:
                    found = self._locals[kind] = kind(self)
        return found

    def _await_metrics(self) -> None:
        self.metrics.on_first = self._on_first_metric

    def _on_first_metric(self) -> None:
        # called from wherever the count was, a pool's thread too
        self._loop.call_soon_threadsafe(self._loop.call_later, METRICS_AFTER, self._wake_for, "metrics")

    def _wake_for(self, what: str) -> None:
        self._waking = asyncio.create_task(self._wake(what), name=f"first {what}")

    async def _wake(self, what: str) -> None:
        """Have run, on every node, what services declare to be needed once there is the first of something."""
        ctx = Context(
            app=self,
            account=self.settings.account,
            region=self.settings.region,
            principal=principal.root(self.settings.account, partition=self.settings.partition),
            request_id=self.ids.uuid(),
        )

        def reside(tx: Transaction) -> None:
            for kind in services.woken_by(what):
                ctx.reside(tx, kind, what, everywhere=True)

        try:
            await ctx.transact(reside)
        except (Conflict, StoreError) as error:
            log.warning("%s are not kept yet: %s", what, error)
            self._await_metrics()  # with the next new metric

    async def reset(self, service: str) -> None:
        """Delete everything, or everything of one service: its records, its jobs, what runs for it."""
        async with self.keeper.still(service), self.worker.still(service):
            await self.run(lambda: self.store.wipe(f"{service}/" if service else ""))
            if service:
                await self.run(lambda: self._drop_later(service))
            await asyncio.to_thread(folders.clear, self.settings.data, service)
            await self.forget(service)

    def _drop_later(self, service: str) -> None:
        with self.store.write() as tx:
            queue.drop(tx, service)
            resident_rows.drop(tx, service)
            ports.drop(tx, service)

    async def forget(self, service: str = "") -> None:
        """State was deleted or replaced: on each node, whoever remembers forgets, what runs for the service ends."""

        def tell() -> None:
            with self.store.write() as tx:
                for topic in ("reset", *(f"reset/{name}" for name in ([service] if service else services.built()))):
                    tx.signal(topic)
                for topic in ("identity", queue.TOPIC, resident_rows.TOPIC):
                    tx.signal(topic)

        await self.run(tell)

    def on_stop(self, close: Callable[[], Any]) -> None:
        """Call `close()` (a coroutine function or a plain one) when the cloud stops: for engines, once started."""
        self._closers.append(close)

    @property
    def port(self) -> int:
        return self._server.port if self._server is not None else self.settings.port

    @property
    def endpoint(self) -> str:
        # an address and not `localhost`: SDKs would make virtual hosts of it, which not every resolver knows
        host = reachable(self.settings.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def handle(self, request: Request) -> Any:
        """The gateway's handler: the control API, or the pipeline; neither for a host that is not served."""
        host = request.lookup.get("host", "")
        plane = self.strangers.hosts.get(host)
        if plane is None and (plane := self.strangers.meet(host)) is None:
            return self.strangers.misdirected(request)
        if not plane:
            if request.path[:2] == "/_" and request.path.startswith(("/_fogbank/", "/_localstack/")):
                return self.control.handle(request)
            if request.browser:
                return sandboxed(self.pipeline(request))
        return self.pipeline(request)

    def _heard(self, topic: str) -> None:
        """A committed signal; an empty one says that some may have been missed."""
        if topic:
            self.signals.fire(topic)
        else:
            self.signals.fire_missed()

    # -- what contexts reach (core.context.Cloud) ---------------------------------------------------------------------

    async def run(self, function: Callable[[], T], /) -> T:
        """Run a store function: here on an embedded store, in the pool and repeated on conflict on a networked one."""
        if self._pool is None:
            return function()

        return await asyncio.get_running_loop().run_in_executor(self._pool, self._repeat, function)

    def _repeat(self, function: Callable[[], T]) -> T:
        """In a thread of the pool: those that met others again and again go one after the other."""
        for attempt in range(CONFLICT_TRIES):
            with contextlib.suppress(Conflict):
                return function()
            time.sleep(random.random() * 0.002 * (attempt + 1))  # let the other one finish
        with self._in_turn:
            for attempt in range(CONFLICT_TRIES * 4):
                with contextlib.suppress(Conflict):
                    return function()
                time.sleep(random.random() * 0.002 * min(attempt + 1, 20))
            return function()

    def authority(self) -> str:
        """The certificate of the local authority, PEM. It may have to be made: not on the event loop."""
        return ca_pem(self.settings.data)

    async def call(self, ctx: Context, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await self.pipeline.call(ctx, service, operation, request)

    async def assume(self, ctx: Context, role: str, /, **how: Any) -> principal.Principal:
        """A session of a role, as `auth.sessions.Sessions.find` gives it."""
        return (await self.local(Sessions).find(ctx, role, **how)).principal

    def answer(self, request: Request, request_id: str, /) -> Response | Awaitable[Response]:
        """An API call that came through a data plane's endpoint."""
        return self.pipeline.answer(request, request_id)

    def permit(
        self, ctx: Context, action: str, resource: str, conditions: Mapping[str, str | Sequence[str]], /
    ) -> None:
        """Raise AccessDenied unless the caller has one permission."""
        if self.settings.iam != "off":
            self.authorizer.require(ctx, action, resource, conditions)

    def quota(self, account: str, region: str, service: str, code: str, tx: Reader | None, /) -> float:
        return self.quotas.held(account, region, service, code, tx)

    def enqueue(
        self, tx: Transaction, ctx: Context, kind: str, payload: dict[str, Any], due: float, name: str, order: str
    ) -> str:
        declared = self.find_job(kind)
        lane = declared.lane if declared is not None else ""
        return queue.enqueue(tx, ctx, kind, payload, due, name=name, order=order, lane=lane)

    def cancel(self, tx: Transaction, ctx: Context, kind: str, name: str) -> bool:
        return queue.cancel(tx, kind, ctx.account, ctx.region, name)

    def reside(self, tx: Transaction, ctx: Context, kind: str, id: str, generation: int, everywhere: bool) -> None:
        resident_rows.reside(tx, ctx, kind, id, generation, everywhere)

    def leave(self, tx: Transaction, ctx: Context, kind: str, id: str) -> None:
        resident_rows.leave(tx, ctx, kind, id)

    @staticmethod
    def find_job(kind: str) -> Job | None:
        """The handler of a job kind ("service.name")."""
        service = services.load(kind.partition(".")[0])
        return service.jobs.get(kind) if service else None

    @staticmethod
    def find_resident(kind: str) -> Resident | None:
        service = services.load(kind.partition(".")[0])
        return service.residents.get(kind) if service else None


async def _closed(close: Callable[[], Any]) -> None:
    try:
        result = close()
        if asyncio.iscoroutine(result):
            await result
    except Exception:  # one engine's trouble does not keep the others running
        log.exception("%s failed while the cloud stopped", getattr(close, "__qualname__", close))


class SecretRecord(Record):
    """The data directory's own secret, drawn once, and the partition that its ARNs are of."""

    value: bytes
    partition: str = "aws"


SECRET = Table("core/secret", SecretRecord, key=lambda _: ("secret",))


def _own(store: Store, partition: str) -> SecretRecord:
    for left in reversed(range(CONFLICT_TRIES)):
        try:
            return _kept(store, partition)
        except Conflict:  # two nodes start for the first time
            if not left:
                raise
    raise AssertionError


def _kept(store: Store, partition: str) -> SecretRecord:
    with store.write() as tx:
        kept = tx.get(SECRET, ("secret",))
        if kept is None:
            kept = SecretRecord(value=os.urandom(32), partition=partition)
            tx.put(SECRET, kept)
    return kept
