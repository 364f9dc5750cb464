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

from fogbank.audit.recorder import Audit
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
from fogbank.gateway.tls import TlsContext, ca_pem, certify
from fogbank.jobs import queue, timetravel
from fogbank.jobs.worker import Worker
from fogbank.residents import records as resident_rows
from fogbank.residents.keeper import Keeper
from fogbank.store.api import Conflict, Reader, Record, Store, StoreError, Table, Transaction
from fogbank.store.blobs import BlobStore
from fogbank.store.open import open_blobs, open_store

log = logging.getLogger("fogbank")
T = TypeVar("T")
CONFLICT_TRIES = 5  # tries in parallel; after that, transactions that had conflicts run one at a time
METRICS_AFTER = 5.0  # real seconds from the first metric until CloudWatch's residents start, to keep start-up fast
POOL = 16  # threads, so at most this many concurrent transactions on a networked store


class SharedIds(Ids):
    """A thread-safe `Ids`. Two threads could get the same bytes from the entropy buffer that `Ids` keeps."""

    def bytes(self, n: int) -> bytes:
        return os.urandom(n)


class App:
    """One cloud: creates its components from the settings, wires them together, starts and stops them."""

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
                f"the data here, with its ARNs, belongs to the partition {own.partition}: start with --partition "
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
        """Start every component. Returns when the port answers."""
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
        self._sweeping = asyncio.create_task(self.blobs.sweep(self.store), name="blob sweep")  # left by a crash

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
        await asyncio.to_thread(self.blobs.close)
        self.store.close()
        if self._scratch is not None:
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)

    async def _close(self, grace: float) -> None:
        """Run all `on_stop` callbacks concurrently. After `grace` seconds those that hang are cancelled."""
        closing = [asyncio.ensure_future(_closed(close)) for close in self._closers]
        if closing:
            _, late = await asyncio.wait(closing, timeout=grace)
            for task in late:
                log.error("%s did not stop in time", task.get_name())
                task.cancel()

    def local(self, kind: Callable[[Any], T], /) -> T:
        """Return this cloud's only instance of `kind`, created as `kind(app)` on first use.

        Services keep their engines and caches in such instances.
        """
        found: T | None = self._locals.get(kind)
        if found is None:
            with self._making:  # on a networked store operations run in threads of the pool
                found = self._locals.get(kind)
                if found is None:
                    found = self._locals[kind] = kind(self)
        return found

    def _await_metrics(self) -> None:
        self.metrics.on_first = self._on_first_metric

    def _on_first_metric(self) -> None:
        # called in the thread that counted the metric, which may be one of the pool
        self._loop.call_soon_threadsafe(self._loop.call_later, METRICS_AFTER, self._wake_for, "metrics")

    def _wake_for(self, what: str) -> None:
        self._waking = asyncio.create_task(self._wake(what), name=f"first {what}")

    async def _wake(self, what: str) -> None:
        """Start, on every node, the residents that services declare to be needed from the first `what` on."""
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
            log.warning("cannot start to keep %s yet: %s", what, error)
            self._await_metrics()  # try again at the next new metric

    async def reset(self, service: str) -> None:
        """Delete the records, jobs and residents of one service, or of all if `service` is empty."""
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
        """Call after state was deleted or replaced: on every node, drops all caches and stops what the service runs.

        An empty `service` means all services.
        """

        def tell() -> None:
            with self.store.write() as tx:
                for topic in ("reset", *(f"reset/{name}" for name in ([service] if service else services.built()))):
                    tx.signal(topic)
                for topic in ("identity", queue.TOPIC, resident_rows.TOPIC):
                    tx.signal(topic)

        await self.run(tell)

    def on_stop(self, close: Callable[[], Any]) -> None:
        """Call `close()` (a coroutine function or a plain one) when the cloud stops. Engines register here."""
        self._closers.append(close)

    @property
    def port(self) -> int:
        return self._server.port if self._server is not None else self.settings.port

    @property
    def endpoint(self) -> str:
        # an address, not `localhost`: SDKs would put bucket names before it, and not every resolver knows such names
        host = reachable(self.settings.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def handle(self, request: Request) -> Any:
        """Dispatch a request to the control API or the pipeline. Hosts that this cloud does not serve are refused."""
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
        """Receive a committed signal from the store. An empty topic means that signals may have been missed."""
        if topic:
            self.signals.fire(topic)
        else:
            self.signals.fire_missed()

    # -- used by contexts (core.context.Cloud) ------------------------------------------------------------------------

    async def run(self, function: Callable[[], T], /) -> T:
        """Run a function that uses the store.

        On an embedded store it runs right here. On a networked one it runs in a thread of the pool, and is retried on
        conflicts.
        """
        if self._pool is None:
            return function()

        return await asyncio.get_running_loop().run_in_executor(self._pool, self._repeat, function)

    def _repeat(self, function: Callable[[], T]) -> T:
        """Run `function` in this thread of the pool and retry conflicts; after CONFLICT_TRIES, one thread at a time."""
        for attempt in range(CONFLICT_TRIES):
            with contextlib.suppress(Conflict):
                return function()
            time.sleep(random.random() * 0.002 * (attempt + 1))  # let the other transaction finish
        with self._in_turn:
            for attempt in range(CONFLICT_TRIES * 4):
                with contextlib.suppress(Conflict):
                    return function()
                time.sleep(random.random() * 0.002 * min(attempt + 1, 20))
            return function()

    def authority(self) -> str:
        """The certificate of the local authority, PEM. Not for the event loop: it may have to be created."""
        return ca_pem(self.settings.data)

    def certify(self, names: Sequence[str], key: Any, at: float) -> bytes:
        """A certificate of the local authority for a private key, as PEM: key and chain. Not for the event loop."""
        return certify(self.settings.data, names, key, at)

    async def call(self, ctx: Context, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await self.pipeline.call(ctx, service, operation, request)

    async def assume(self, ctx: Context, role: str, /, **how: Any) -> principal.Principal:
        """Assume a role; see `auth.sessions.Sessions.find`."""
        return (await self.local(Sessions).find(ctx, role, **how)).principal

    def answer(self, request: Request, request_id: str, /) -> Response | Awaitable[Response]:
        """Answer an API call that came through a data plane's endpoint."""
        return self.pipeline.answer(request, request_id)

    def permit(
        self, ctx: Context, action: str, resource: str, conditions: Mapping[str, str | Sequence[str]], /
    ) -> None:
        """Raise AccessDenied unless the caller may do `action` on `resource`."""
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
    except Exception:  # an engine that fails to stop must not keep the others from stopping
        log.exception("%s failed while the cloud stopped", getattr(close, "__qualname__", close))


class SecretRecord(Record):
    """The random secret of a data directory, created once, and the partition of the ARNs stored there."""

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
