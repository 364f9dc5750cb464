"""The context: everything an operation may know or reach besides its request. Passed, never ambient."""

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
    """The server side of TLS with certificates of the local authority, for doors besides the gateway's own."""

    async def context(self) -> SSLContext: ...


class Auditing(Protocol):
    """What calls leave behind (`fogbank.audit.keeping.Audit` keeps it)."""

    async def flush(self) -> None: ...


class Authentication(Protocol):
    """Who is calling (`fogbank.auth.authenticate.Authenticator` says how)."""

    last_used: dict[str, LastUse]

    def authenticate(self, request: Request, claim_service: str, /) -> Principal: ...

    def credential(self, key: str, /) -> Credential | None: ...

    def signer(self, key: str, request: Request, service: str, /) -> Credential | None: ...


class Cloud(Protocol):
    """The running cloud, as contexts see it (`fogbank.app.App` is the one implementation)."""

    settings: Settings
    store: Store
    blobs: BlobStore
    clock: Clock
    ids: Ids
    signals: Signals
    metrics: Metrics
    trace: Trace
    secret: bytes  # of this data directory: seals page tokens and the like
    node: str  # this process among those that share a store

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
    """One call's surroundings.

    `request_id` is the AWS request id; `cause` the id of the request or job this one follows from (for `fogbank why`).
    `endpoint` is the scheme://host:port the client used, for URLs that are handed back. `source_ip`, `secure`,
    `user_agent`, `referer` feed condition keys. `takes_json` says that the answer goes straight into a JSON body: a
    value of it may be `msgspec.Raw`, JSON that is there already. `names` is what authorization found under the names of
    the request; None where nobody was asked: in jobs, and with --iam=off.
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
        """The one that this cloud is: aws, aws-cn, …"""
        return self.app.settings.partition

    def now(self) -> float:
        """Seconds since the epoch on the cloud's clock."""
        return self.app.clock.now()

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN here: in this partition, region and account unless told otherwise ('' for global services)."""
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def require(self, action: str, resource: str, conditions: Mapping[str, str | Sequence[str]] | None = None) -> None:
        """Raise AccessDenied unless the caller has this permission: for what is asked inside an operation.

        `resource` is a `core.kinds.Named`, or "*".
        """
        self.app.permit(self, action, resource, conditions or {})

    def quota(self, service: str, code: str, tx: Reader | None = None, *, account: str = "") -> float:
        """The applied value of a quota, by its codes in Service Quotas; infinite with --limits=off.

        A look-up in memory, but after a change. Inside a transaction, pass it: they do not nest. `account` is whose
        quota it is, where that is not the caller's.
        """
        return self.app.quota(account or self.account, self.region, service, code, tx)

    def recorded(self, *members: str) -> None:
        """Say in the answer's header that of a real operation these members are only kept, and nothing else happens."""
        msgspec.structs.force_setattr(self, "kept", tuple(dict.fromkeys((*self.kept, *members))))

    # -- the store ---------------------------------------------------------------------------------------------------

    def read(self) -> AbstractContextManager[Reader]:
        """`with ctx.read() as tx:` in a plain-def operation."""
        return self.app.store.read()

    def write(self) -> AbstractContextManager[Transaction]:
        """`with ctx.write() as tx:` in a plain-def operation; commits when the block ends, rolls back if it raises."""
        return self.app.store.write()

    async def fetch(self, function: Callable[Concatenate[Reader, P], T], *args: P.args, **kw: P.kwargs) -> T:
        """`await ctx.fetch(f, …)` is f(tx, …) in a read transaction: the form for async operations and jobs."""

        def body() -> T:
            with self.app.store.read() as tx:
                return function(tx, *args, **kw)

        return await self.app.run(body)

    async def transact(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kw: P.kwargs) -> T:
        """`await ctx.transact(f, …)` is f(tx, …) in a write transaction, repeated on a conflict."""

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
        """Enqueue a job in this transaction, to run `delay` seconds of the clock after it commits; returns its id.

        With a `name`, it replaces a pending job of the same kind and name. Jobs of the same kind and `order` run one
        after the other, in the order in which they were enqueued. The payload is plain JSON-like data (bytes
        allowed). The job runs in this account and region, as this principal.
        """
        return self.app.enqueue(tx, self, kind, payload, self.now() + delay, name, order)

    def cancel(self, tx: Transaction, kind: str, name: str) -> bool:
        """Remove the pending job of this kind and name in this account and region, if it has not started."""
        return self.app.cancel(tx, self, kind, name)

    def reside(self, tx: Transaction, kind: str, id: str, *, generation: int = 0, everywhere: bool = False) -> None:
        """Have the resident `kind` run for `id` in this account and region, from this transaction's commit on.

        With another `generation` than before it is ended and started anew; with the same, nothing happens. On a shared
        store one node runs it, `everywhere` each.
        """
        self.app.reside(tx, self, kind, id, generation, everywhere)

    def leave(self, tx: Transaction, kind: str, id: str) -> None:
        """Have that resident end with this transaction's commit; nothing happens where there is none."""
        self.app.leave(tx, self, kind, id)

    async def call(self, service: str, operation: str, request: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call an operation of any service as this principal: validated, authorised, audited and traced as over HTTP.

        Raises the ServiceError the operation answered with.
        """
        return await self.app.call(self, service, operation, request or {})

    def acting_as(self, principal: Principal, *, region: str | None = None) -> Context:
        """The same cause, continued as somebody else: an assumed role, or `principal.service(...)`."""
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
        """Continue as a role of this account, assumed by the service principal `by` ("lambda.amazonaws.com").

        Its trust policy decides. Sessions are shared and renewed (`auth.sessions`), so ask before each use. Raises
        AccessDenied, and what STS's AssumeRole raises.
        """
        principal = await self.app.assume(
            self, role, by=by, session=session, source_arn=source_arn, external_id=external_id, tags=tags
        )
        return self.acting_as(principal, region=region)

    def watch(self, topic: str) -> Watch:
        """`with ctx.watch(topic) as watch:` look; `await watch.wait(seconds)`; look again."""
        return self.app.signals.watch(topic)

    def metric(self, namespace: str, name: str, value: float, unit: str, **dimensions: str) -> None:
        """Count something for CloudWatch, as the AWS service does by itself."""
        self.app.metrics.add(self.account, self.region, namespace, name, dimensions, value, unit, self.now())
