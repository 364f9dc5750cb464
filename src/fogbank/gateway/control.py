"""The control API under /_fogbank/, which the `fogbank` command and the testing package use.

It is for the owner only: every call except `health` needs the header `X-Fogbank-Control` with the token in the data
folder (`core.tokens`). Web pages that a user happens to visit must not reach it either: Host and Origin have to be
local, and neither a form nor a cross-site script can send that header without a preflight, which is always refused. No
answer contains a secret.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from fogbank import __version__
from fogbank.audit import queries
from fogbank.core import arns, exposure, principal, services, tokens
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.http import BodyTooLarge, Request, Response
from fogbank.engines import folders
from fogbank.jobs import failed, timetravel
from fogbank.store.api import Conflict, StoreError

from .house import House

MAX_BODY = 1 << 20
SIGN = ("x-fogbank-version", __version__)  # tells the command that the server is a Fogbank
LATEST = 253_370_764_800  # the start of 9999; later, dates that services compute would overflow the year
WHO = (
    f"the control API is for the owner of this cloud: send the header {tokens.HEADER} with the token from the file "
    f"{tokens.FILE} in the data folder, or from `fogbank env`; the command takes it from {tokens.VARIABLE}, too"
)
Answer = dict[str, Any] | list[Any] | str


class Refused(Exception):
    """An error answer: its status and text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    def __init__(self, app: House) -> None:
        self._app = app
        self._started = time.monotonic()
        self.token = tokens.kept(app.settings.data)
        self._get: dict[str, Callable[[Request], Answer | Awaitable[Answer]]] = {
            "config": lambda _: exposure.shown(self._app.settings, self.token),
            "events": self._events,
            "requests": self._last_failed,
            "clock": lambda _: self._clock(),
            "jobs": self._jobs,
            "residents": self._residents,
            "snapshots": self._snapshots,
            "engines": lambda _: self._engines(),
            "ca.pem": self._ca,
            "recorded": self._recorded,
            "coverage": lambda _: asyncio.to_thread(coverage),  # it imports every service
        }
        self._post: dict[str, Callable[[dict[str, Any]], Awaitable[Answer]]] = {
            "reset": self._reset,
            "release": self._release,
            "clock": self._move_clock,
            "snapshots": self._change_snapshots,
            "stop": self._stop,
            "jobs": self._retry_jobs,
        }

    async def handle(self, request: Request) -> Response:
        """Answer one control request. Errors are JSON: {"error": text}."""
        try:
            answer = await self._dispatch(request)
        except Refused as refused:
            return _json(refused.status, {"error": str(refused)})
        except (BodyTooLarge, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            return _json(400, {"error": f"bad request: {error}"})
        except (Conflict, StoreError) as error:
            return _json(503, {"error": str(error)})
        if isinstance(answer, str):
            return Response(200, [("content-type", "application/x-pem-file"), SIGN], answer.encode())
        return _json(200, answer)

    async def _dispatch(self, request: Request) -> Answer:
        if self._app.strangers.foreign(request, reads=True):
            raise Refused(403, "the control API answers local hosts and pages only")
        if request.header("sec-fetch-site") == "cross-site":
            raise Refused(403, "the control API does not answer pages of other sites")
        name = request.path.split("/", 2)[2]
        if request.method in ("GET", "HEAD") and name == "health":
            return self._health()
        if request.path.startswith("/_localstack/"):
            return await self._as_localstack(request, name)
        self._check_token(request, WHO)
        if request.method in ("GET", "HEAD"):
            if name.startswith("requests/"):
                return await self._why(unquote(name.partition("/")[2]))
            if name in self._get:
                result = self._get[name](request)
                return await result if isinstance(result, Awaitable) else result
        elif request.method == "POST" and name in self._post:
            body = await request.read(MAX_BODY)
            return await self._post[name](msgspec.json.decode(body or b"{}", type=dict[str, Any]))
        raise Refused(404, f"no such control call: {request.method} /_fogbank/{name}")

    def _check_token(self, request: Request, otherwise: str) -> None:
        if not hmac.compare_digest(request.header(tokens.HEADER.lower()).encode(), self.token.encode()):
            raise Refused(403, otherwise)

    async def _as_localstack(self, request: Request, name: str) -> Answer:
        """Answer the calls that test suites make to LocalStack: health (see `_dispatch`) and reset.

        https://docs.localstack.cloud/aws/capabilities/networking/internal-endpoints/
        """
        if name != "state/reset":
            raise Refused(404, f"Fogbank has no /_localstack/{name}: of these paths, health and state/reset work")
        if request.method != "POST":
            raise Refused(405, "state/reset is a POST")
        self._check_token(request, f"nothing was reset. `fogbank reset` does it, or this call with a token: {WHO}")
        return await self._reset({})

    # -- reading -----------------------------------------------------------------------------------------------------

    def _health(self) -> Answer:
        settings = self._app.settings
        return {
            "status": "running",
            "ready": True,
            "version": __version__,
            "pid": os.getpid(),
            "data": str(settings.data.absolute()),
            "ephemeral": settings.ephemeral,
            "port": self._app.port,
            "endpoint": self._app.endpoint,
            "account": settings.account,
            "region": settings.region,
            "uptime": round(time.monotonic() - self._started, 3),
            "services": dict.fromkeys(services.built(), "available"),
        }

    async def _events(self, request: Request) -> Answer:
        asked = parse_qs(request.query)
        return await self._calls(float(asked.get("after", ["0"])[0]), 200, asked.get("only", [""])[0])

    async def _last_failed(self, request: Request) -> Answer:
        return await self._calls(0, 20, "failed")

    async def _calls(self, after: float, limit: int, only: str) -> Answer:
        if only not in ("", "failed", "denied"):
            raise Refused(400, "only=failed or only=denied")

        def look() -> Answer:
            with self._app.store.read() as tx:
                return queries.recent(tx, self._app, after, limit, only=only)

        return await self._app.run(look)

    async def _why(self, request_id: str) -> Answer:
        def look() -> Answer:
            with self._app.store.read() as tx:
                return queries.chain(tx, self._app, request_id)

        chain = await self._app.run(look)
        if not chain:
            raise Refused(404, f"no call {request_id} among the last ones")
        return chain

    def _clock(self) -> dict[str, Any]:
        clock = self._app.clock
        return {"now": clock.now(), "offset": round(clock.offset, 3), "frozen": clock.frozen}

    async def _jobs(self, request: Request) -> Answer:
        app = self._app

        def look() -> Answer:
            with app.store.read() as tx:
                pending, gave_up = failed.listed(tx)
            return {
                state: [{key: getattr(job, key) for key in _JOB_FIELDS} for job in jobs]
                for state, jobs in (("pending", pending), ("failed", gave_up))
            }

        return await app.run(look)

    async def _residents(self, request: Request) -> Answer:
        """The residents (background tasks) with their state."""
        app = self._app

        def look() -> Answer:
            with app.store.read() as tx:
                return app.keeper.listed(tx)

        return await app.run(look)

    def _engines(self) -> Answer:
        """The databases and caches that run as processes beside the server."""
        from fogbank.engines.running import Engines

        return self._app.local(Engines).shown()

    async def _recorded(self, request: Request) -> Answer:
        """What CloudFormation only keeps of a stack: the resources whose status reason begins with "recorded:"."""
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        ctx = self._as_root(asked.get("account", ""), asked.get("region", ""))
        req: dict[str, Any] = {"StackName": asked["stack"]}
        found: list[Any] = []
        try:
            while True:
                page = await self._app.call(ctx, "cloudformation", "ListStackResources", req)
                found += page["StackResourceSummaries"]
                if not page.get("NextToken"):
                    break
                req["NextToken"] = page["NextToken"]
        except ServiceError as error:
            raise Refused(404, error.message) from None
        return [
            {"name": each["LogicalResourceId"], "type": each["ResourceType"], "reason": each["ResourceStatusReason"]}
            for each in found
            if each.get("ResourceStatusReason", "").startswith("recorded:")
        ]

    def _as_root(self, account: str = "", region: str = "") -> Context:
        """A context of an account's root, by default in the cloud's own account and region."""
        app = self._app
        account = account or app.settings.account
        return Context(
            app=app, account=account, region=region or app.settings.region, principal=principal.root(account),
            request_id=app.ids.uuid(),
        )  # fmt: skip

    def _ca(self, request: Request) -> Answer:
        from .tls import ca_pem

        return ca_pem(self._app.settings.data)

    def _snapshots(self, request: Request) -> Answer:
        from fogbank.store import snapshots

        return [msgspec.structs.asdict(snapshot) for snapshot in snapshots.listing(self._app.settings.data)]

    # -- changing ----------------------------------------------------------------------------------------------------

    async def _reset(self, body: dict[str, Any]) -> Answer:
        """Delete everything, or everything of one service."""
        service = body.get("service", "")
        if service and service not in services.built():
            raise Refused(404, f"no service {service!r}; there are: {', '.join(services.built())}")
        await self._app.reset(service)
        return {"reset": service or "everything"}

    async def _release(self, body: dict[str, Any]) -> Answer:
        """Release the globally unique names that an account holds. Runs each loaded service's job SERVICE.leave."""
        account = str(body["account"])
        if not arns.ACCOUNT.fullmatch(account):
            raise Refused(400, 'say {"account": 12 digits}')
        ctx = self._as_root(account)
        for name in services.built():
            service = services.load(name) if services.package_of(name) in sys.modules else None
            leave = service.jobs.get(f"{name}.leave") if service else None
            if leave is not None:
                await leave.call(ctx, {})
        return {"released": account}

    async def _move_clock(self, body: dict[str, Any]) -> Answer:
        app = self._app
        if body.get("resume"):
            await timetravel.resume(app)
        elif "advance" in body:
            seconds = float(body["advance"])
            if seconds < 0:
                raise Refused(400, "the clock goes forward only: use set, or resume")
            await self._move_to(app.clock.now() + seconds, body)
        elif "set" in body:
            await self._move_to(float(body["set"]), body)
        else:
            raise Refused(400, 'say {"advance": seconds}, {"set": epoch, "freeze": bool} or {"resume": true}')
        return self._clock()

    async def _move_to(self, instant: float, body: dict[str, Any]) -> None:
        if not 0 <= instant < LATEST:  # refuses NaN, too
            raise Refused(400, "the clock can stand from 1970 to the end of 9998")
        await timetravel.move_to(self._app, self._app.worker, instant, freeze=bool(body.get("freeze")))

    async def _change_snapshots(self, body: dict[str, Any]) -> Answer:
        from fogbank.store import snapshots

        app, data = self._app, self._app.settings.data
        try:
            match body:
                case {"save": str(name)}:
                    async with app.keeper.still():
                        saved = await snapshots.save(app.store, app.blobs, data, name, time.time(), folders.save)
                    return msgspec.structs.asdict(saved)
                case {"load": str(name)}:
                    async with app.keeper.still(), app.worker.still():
                        await snapshots.load(app.store, app.blobs, data, name, folders.restore)
                        await self._after_load()
                    return {"loaded": name}
                case {"rm": str(name)}:
                    await snapshots.remove(data, name)
                    return {"removed": name}
        except (snapshots.SnapshotError, StoreError) as error:
            raise Refused(409, str(error))
        raise Refused(400, 'say {"save": NAME}, {"load": NAME} or {"rm": NAME}')

    async def _after_load(self) -> None:
        """After a snapshot was loaded: reload the clock and the jobs, and drop every cache."""
        app = self._app
        app.clock.resume()
        await app.run(lambda: timetravel.load(app))
        await app.forget()

    async def _retry_jobs(self, body: dict[str, Any]) -> Answer:
        """Retry a failed job, or all of them, at once."""
        app = self._app
        match body:
            case {"retry": str(job_id)}:

                def retry() -> bool:
                    with app.store.write() as tx:
                        return failed.retry(app, tx, job_id)

                try:
                    found = await app.run(retry)
                except failed.CannotRetry as error:
                    raise Refused(409, str(error)) from None
                if not found:
                    raise Refused(404, f"no failed job {job_id}: `fogbank jobs --failed` lists them")
                return {"retrying": job_id}
            case {"retry_all": True}:
                return {"retrying": await failed.retry_all(app)}
        raise Refused(400, 'say {"retry": ID} or {"retry_all": true}')

    async def _stop(self, body: dict[str, Any]) -> Answer:
        self._app.stopped.set()
        return {"stopping": True}


_JOB_FIELDS = ("id", "kind", "account", "region", "name", "due_ms", "attempts", "error", "cause")


def coverage() -> dict[str, dict[str, Any]]:
    """For each service: its operations with their fidelity, and how many AWS has. Imports every service."""
    from fogbank.wire import models

    found: dict[str, dict[str, Any]] = {}
    for name in services.built():
        service = services.load(name)
        assert service is not None
        model = models.load(name)
        found[name] = {
            "operations": {op.name: op.fidelity for op in sorted(service.operations.values(), key=lambda op: op.name)},
            "of": len(model.operations),
            "not_built": sorted(set(model.operations) - set(service.operations)),
            "resource_types": sorted(service.resource_types),
        }
    return found


def _json(status: int, value: Any) -> Response:
    return Response(status, [("content-type", "application/json"), SIGN], msgspec.json.encode(value))
