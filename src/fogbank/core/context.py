"""The context: everything an operation may know or use besides its request. It is always passed, never global."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from .principal import Credential, LastUse, Principal

if TYPE_CHECKING:
    from ssl import SSLContext

    from fogbank.store.api import Reader, Store, Transaction
    from fogbank.store.blobs import BlobStore

    from .clock import Clock
    from .http import Request, Response
    from .ids import Ids
    from .kinds import Names
    from .metrics import Metrics
    from .settings import Settings
    from .signals import Signals, Watch
    from .trace import Trace

P = ParamSpec("P")
T = TypeVar("T")


class Tls(Protocol):
    """Server-side TLS with certificates of the local authority, for listeners other than the gateway's."""

    async def context(self) -> SSLContext: ...


class Auditing(Protocol):
    """The audit of calls. The implementation is `fogbank.audit.recorder.Audit`."""

    async def flush(self) -> None: ...


class Authentication(Protocol):
    """Finds out who is calling. The implementation is `fogbank.auth.authenticate.Authenticator`."""

    def authenticate(self, request: Request, claim_service: str, /) -> Principal: ...

    def credential(self, key: str, /) -> Credential | None: ...

    def last_use(self, key: str, /) -> LastUse | None: ...

    def signer(self, key: str, request: Request, service: str, /) -> Credential | None: ...


class Cloud(Protocol):
    """The running cloud as contexts see it. The only implementation is `fogbank.app.App`."""

    settings: Settings
    store: Store
    blobs: BlobStore
    clock: Clock
    ids: Ids
    signals: Signals
    metrics: Metrics
    trace: Trace
    secret: bytes  # of this data directory; seals page tokens and the like
    node: str  # the id of this process among those that share a store

    @property
    def audit(self) -> Auditing: ...

    @property
    def tls(self) -> Tls: ...

    @property
    def authenticator(self) -> Authentication: ...

    @property
    def endpoint(self) -> str: ...

    def local(self, kind: Callable[[Any], T], /) -> T: ...

    def on_stop(self, close: Callable[[], Any], /) -> None: ...

    def authority(self) -> str: ...

    def certify(self, names: Sequence[str], key: Any, at: float, /) -> bytes: ...

    async def run(self, function: Callable[[], T], /) -> T: ...

    async def call(self, ctx: Context, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]: ...

    async def assume(self, ctx: Context, role: str, /, **how: Any) -> Principal: ...

    def answer(self, request: Request, request_id: str, /) -> Response | Awaitable[Response]: ...

    def permit(
        self, ctx: Context, action: str, resource: str, conditions: Mapping[str, str | Sequence[str]], /
    ) -> None: ...

    def quota(self, account: str, region: str, service: str, code: str, tx: Reader | None, /) -> float: ...

    def enqueue(
        self, tx: Transaction, ctx: Context, kind: str, payload: dict[str, Any], due: float, name: str, order: str
    ) -> str: ...

    def cancel(self, tx: Transaction, ctx: Context, kind: str, name: str) -> bool: ...

    def reside(self, tx: Transaction, ctx: Context, kind: str, id: str, generation: int, everywhere: bool) -> None: ...

    def leave(self, tx: Transaction, ctx: Context, kind: str, id: str) -> None: ...


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation knows about its call, and its access to the cloud.

    `request_id` is the AWS request id, `cause` the id of the request or job that led to this one (for `fogbank why`).
    `endpoint` is the scheme://host:port the client used, for URLs in answers. `source_ip`, `secure`, `user_agent` and
    `referer` become condition keys. `takes_json` says that the answer is written as a JSON body, so its values may be
    `msgspec.Raw`, that is, encoded JSON. `names` holds the records that authorization found under the names in the
    request; it is None where nothing was authorised: in jobs, and with --iam=off.
    """

    app: Cloud
    account: str
    region: str
    principal: Principal
    request_id: str
    service: str = ""
    operation: str = ""
    cause: str = ""
    endpoint: str = "http://localhost:4566"
    source_ip: str = "127.0.0.1"
    secure: bool = False
    user_agent: str = ""
    referer: str = ""
    takes_json: bool = False
    names: Names | None = None
    kept: tuple[str, ...] = ()  # see `recorded`

    @property
    def clock(self) -> Clock:
        return self.app.clock

    @property
    def ids(self) -> Ids:
        return self.app.ids

    @property
    def blobs(self) -> BlobStore:
        return self.app.blobs

    @property
    def partition(self) -> str:
        """The partition of this cloud: aws, aws-cn, …"""
        return self.app.settings.partition

    def now(self) -> float:
        """Seconds since the epoch on the cloud's clock."""
        return self.app.clock.now()

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """Make an ARN in this partition, and in this region and account unless given ('' for global services)."""
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def require(self, action: str, resource: str, conditions: Mapping[str, str | Sequence[str]] | None = None) -> None:
        """Raise AccessDenied unless the caller has this permission. For checks that an operation makes itself.

        `resource` is a `core.kinds.Named`, or "*".
        """
        self.app.permit(self, action, resource, conditions or {})

    def quota(self, service: str, code: str, tx: Reader | None = None, *, account: str = "") -> float:
        """The applied value of a quota, by its codes in Service Quotas; infinite with --limits=off.

        This is a look-up in memory, except after a change, when the store is read. Inside a transaction pass `tx`:
        transactions do not nest. `account` is the quota's account if it is not the caller's.
        """
        return self.app.quota(account or self.account, self.region, service, code, tx)

    def recorded(self, *members: str) -> None:
        """Note that these request members are only stored and have no effect. The fidelity header lists them."""
        msgspec.structs.force_setattr(self, "kept", tuple(dict.fromkeys((*self.kept, *members))))

    # -- the store ---------------------------------------------------------------------------------------------------

    def read(self) -> AbstractContextManager[Reader]:
        """`with ctx.read() as tx:` in a plain-def operation."""
        return self.app.store.read()

    def write(self) -> AbstractContextManager[Transaction]:
        """`with ctx.write() as tx:` in a plain-def operation; commits when the block ends, rolls back if it raises."""
        return self.app.store.write()

    async def fetch(self, function: Callable[Concatenate[Reader, P], T], *args: P.args, **kw: P.kwargs) -> T:
        """Run f(tx, …) in a read transaction: `await ctx.fetch(f, …)`. For async operations and jobs."""

        def body() -> T:
            with self.app.store.read() as tx:
                return function(tx, *args, **kw)

        return await self.app.run(body)

    async def transact(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kw: P.kwargs) -> T:
        """Run f(tx, …) in a write transaction, retried on a conflict: `await ctx.transact(f, …)`."""

        def body() -> T:
            with self.app.store.write() as tx:
                return function(tx, *args, **kw)

        return await self.app.run(body)

    # -- later and elsewhere -----------------------------------------------------------------------------------------

    def later(
        self,
        tx: Transaction,
        kind: str,
        payload: dict[str, Any],
        *,
        delay: float = 0.0,
        name: str = "",
        order: str = "",
    ) -> str:
        """Enqueue a job in this transaction and return its id. It is due in `delay` seconds of the cloud's clock.

        With a `name`, the job replaces a pending job of the same kind and name. Jobs of the same kind and `order` run
        one after the other, in the order in which they were enqueued. The payload is plain JSON-like data (bytes
        allowed). The job runs in this account and region, as this principal.
        """
        return self.app.enqueue(tx, self, kind, payload, self.now() + delay, name, order)

    def cancel(self, tx: Transaction, kind: str, name: str) -> bool:
        """Remove the pending job of this kind and name in this account and region, if it has not started."""
        return self.app.cancel(tx, self, kind, name)

    def reside(self, tx: Transaction, kind: str, id: str, *, generation: int = 0, everywhere: bool = False) -> None:
        """Run the resident `kind` for `id` in this account and region, once this transaction has committed.

        If it runs already, it is restarted if `generation` has changed, and left alone otherwise. If nodes share the
        store, one of them runs it; with `everywhere`, every node does.
        """
        self.app.reside(tx, self, kind, id, generation, everywhere)

    def leave(self, tx: Transaction, kind: str, id: str) -> None:
        """Stop the resident once this transaction has committed. Does nothing if there is none."""
        self.app.leave(tx, self, kind, id)

    async def call(self, service: str, operation: str, request: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call an operation of any service as this principal: validated, authorised, audited and traced as over HTTP.

        Raises the ServiceError the operation answered with.
        """
        return await self.app.call(self, service, operation, request or {})

    def acting_as(self, principal: Principal, *, region: str | None = None) -> Context:
        """A context that continues this call as another principal: an assumed role, or `principal.service(...)`."""
        return msgspec.structs.replace(
            self,
            principal=principal,
            account=principal.account,
            region=region or self.region,
            cause=self.request_id,
            takes_json=False,
            names=None,
            kept=(),
        )

    async def assume(
        self,
        role: str,
        *,
        by: str,
        session: str,
        source_arn: str = "",
        external_id: str = "",
        tags: Mapping[str, str] | None = None,
        region: str | None = None,
    ) -> Context:
        """A context that acts as a role of this account, assumed by a service principal (`by`: "lambda.amazonaws.com").

        The role's trust policy decides. Sessions are cached and renewed (`auth.sessions`), so call this before each use
        instead of keeping the context. Raises AccessDenied, and the errors of STS's AssumeRole.
        """
        principal = await self.app.assume(
            self, role, by=by, session=session, source_arn=source_arn, external_id=external_id, tags=tags
        )
        return self.acting_as(principal, region=region)

    def watch(self, topic: str) -> Watch:
        """Watch a topic: `with ctx.watch(topic) as watch:` look; `await watch.wait(seconds)`; look again."""
        return self.app.signals.watch(topic)

    def metric(self, namespace: str, name: str, value: float, unit: str, **dimensions: str) -> None:
        """Add a value to a CloudWatch metric that the AWS service publishes itself."""
        self.app.metrics.add(self.account, self.region, namespace, name, dimensions, value, unit, self.now())
