"""Runs an event in a function's environment. Used by Invoke, jobs, URLs and pollers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.auth import sessions
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.principal import Principal
from fogbank.core.principal import service as service_principal
from fogbank.core.runs import Runs
from fogbank.store.api import Reader

from . import lookups
from .arns import LAMBDA, Target, arn_of, function_arn
from .code import Unpacked
from .environments.fleet import Fleet, Quota
from .environments.logs import LogStream
from .environments.spec import Credentials, Invocation, Outcome, Spec
from .errors import AccessDeniedByRole, InvalidRuntime, ResourceConflict, TooManyRequests
from .records import CONCURRENCY, Version
from .runtimes import NoRuntime

CONCURRENT_EXECUTIONS = "L-B99A9384"  # quota code, per account
"""Executions at once, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
UNRESERVED_LEAST = 100
PENDING_PATIENCE = 10.0  # seconds that an event waits for a function in creation
LASTING = 1800.0  # seconds for which the credentials of a new environment are valid, at least


class Found(msgspec.Struct):
    """The version to run, and its concurrency quota."""

    version: Version
    quota: Quota


def state_topic(which: Target) -> str:
    return f"lambda/state/{which.account}/{which.region}/{which.name}"


def look(tx: Reader, ctx: Context, which: Target, chance: float | None) -> Found:
    """Returns the version to which a target resolves. Raises ResourceNotFound."""
    function = lookups.function(tx, ctx, which)
    version = lookups.version(tx, ctx, which, chance=chance)
    total = tx.get(CONCURRENCY, which.key[:2])
    limit = ctx.quota("lambda", CONCURRENT_EXECUTIONS, tx, account=which.account)
    unreserved = int(limit) - (total.reserved if total else 0) if limit < math.inf else None
    return Found(version, Quota(function.reserved, unreserved))


async def find(ctx: Context, which: Target) -> Found:
    """Like `look`, but draws among an alias's weights, and waits a little for a function that is being created."""
    chance = int.from_bytes(ctx.ids.bytes(4), "big") / 2**32
    found = await ctx.fetch(look, ctx, which, chance)
    if found.version.state != "Pending":
        return found
    with ctx.watch(state_topic(which)) as watch:
        found = await ctx.fetch(look, ctx, which, chance)
        if found.version.state == "Pending":
            await watch.wait(PENDING_PATIENCE)
            found = await ctx.fetch(look, ctx, which, chance)
    if found.version.state == "Pending":
        raise ResourceConflict(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )
    return found


async def invoke(
    ctx: Context,
    which: Target,
    payload: bytes,
    *,
    found: Found | None = None,
    request_id: str = "",
    client_context: str = "",
    trace_id: str = "",
) -> tuple[Outcome, Version]:
    """Runs an event in an environment of the function's account, as the execution role.

    Raises the errors of AWS's Invoke: ResourceNotFound, TooManyRequests, InvalidRuntime, AccessDenied (the role).
    """
    found = found or await find(ctx, which)
    version = found.version
    spec = make_spec(ctx, version)
    fleet = ctx.app.local(Fleet)
    invocation = Invocation(
        request_id=request_id or ctx.request_id,
        payload=payload or b"{}",
        invoked_arn=arn_of(ctx, which),
        trace_id=trace_id or make_trace_id(ctx),
        client_context=client_context,
    )

    ctx.app.local(Runs).begin(invocation.trace_id, ctx.request_id, spec.role)

    async def enter() -> tuple[Credentials, LogStream]:
        return await prepare(ctx, spec, version)

    try:
        outcome = await fleet.invoke(spec, invocation, found.quota, enter)
    except TooManyRequests:
        count(ctx, which, version, Throttles=1.0)
        raise
    except NoRuntime as error:
        raise InvalidRuntime(f"{error}.") from None
    count(
        ctx,
        which,
        version,
        Invocations=1.0,
        Errors=1.0 if outcome.error else 0.0,
        Duration=outcome.duration,
        ConcurrentExecutions=float(fleet.concurrency(spec) + 1),
    )
    return outcome, version


def make_trace_id(ctx: Context) -> str:
    """Makes a new trace header, not sampled."""
    return f"Root=1-{int(ctx.now()):08x}-{ctx.ids.hex(24)};Parent={ctx.ids.hex(16)};Sampled=0"


def make_spec(ctx: Context, version: Version) -> Spec:
    """Converts a version to the form that environments need."""
    unpacked = ctx.app.local(Unpacked)
    layers = tuple(layer.blob for layer in version.layers)
    logging = version.logging
    return Spec(
        account=version.account,
        region=version.region,
        name=version.name,
        version=version.version,
        arn=function_arn(ctx, version.account, version.name, version.version),
        revision=version.revision,
        runtime=version.runtime or version.package,
        handler=version.handler,
        role=version.role,
        task_root=str(unpacked.code_root(version.code_sha256)) if version.blob else "",
        opt_root=str(unpacked.opt_root(layers)) if layers else "",
        memory=version.memory,
        timeout=version.timeout,
        variables=tuple((version.environment or {}).items()),
        log_group=logging.get("LogGroup") or f"/aws/lambda/{version.name}",
        log_format=logging.get("LogFormat", "Text"),
        log_level=logging.get("ApplicationLogLevel", ""),
        system_log_level=logging.get("SystemLogLevel", "INFO"),
        tracing=version.tracing,
    )


async def prepare(ctx: Context, spec: Spec, version: Version) -> tuple[Credentials, LogStream]:
    """Prepares a new environment: unpacks the code, gets a session of the execution role, and opens a log stream."""
    unpacked = ctx.app.local(Unpacked)
    if version.package == "Image":
        raise NoRuntime("Fogbank has no engine for container images of functions")
    await unpacked.code(version.code_sha256, version.blob)
    if version.layers:
        await unpacked.opt(tuple(layer.blob for layer in version.layers))
    credentials, principal = await session(ctx, spec, lasting=LASTING)
    acting = ctx.acting_as(principal, region=spec.region)

    async def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await acting.call("logs", operation, request)

    day = datetime.fromtimestamp(ctx.now(), UTC).strftime("%Y/%m/%d")
    stream = f"{day}/[{spec.version}]{ctx.ids.hex(32)}"
    if spec.log_group != f"/aws/lambda/{spec.name}":
        stream = f"{day}/{spec.name}[{spec.version}]{ctx.ids.hex(32)}"
    return credentials, LogStream(spec.log_group, stream, call)


async def session(ctx: Context, spec: Spec, *, lasting: float = sessions.EARLY) -> tuple[Credentials, Principal]:
    """Returns a session of the execution role (a role of the function's account): its credentials and principal.

    Whether Lambda passes aws:SourceArn when it assumes a role is not confirmed; Fogbank does not pass it.
    """
    acting = ctx.acting_as(service_principal(LAMBDA, spec.account), region=spec.region)
    try:
        found = await ctx.app.local(sessions.Sessions).find(
            acting, spec.role, by=LAMBDA, session=spec.name.ljust(2, "-"), lasting=lasting
        )
    except ServiceError:
        raise AccessDeniedByRole from None
    keys = Credentials(found.principal.access_key, found.secret, found.token, found.expires or 0.0)
    return keys, found.principal


def count(ctx: Context, which: Target, version: Version, **values: float) -> None:
    """Counts Lambda's own metrics.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    dimensions: list[dict[str, str]] = [{"FunctionName": version.name}, {}]
    if which.qualifier:
        resource = f"{version.name}:{which.qualifier}"
        dimensions.append({"FunctionName": version.name, "Resource": resource})
    now = ctx.now()
    for name, value in values.items():
        unit = "Milliseconds" if name == "Duration" else "Count"
        for given in dimensions:
            ctx.app.metrics.add(version.account, version.region, "AWS/Lambda", name, given, value, unit, now)
