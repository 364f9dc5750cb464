"""Carries out Cloud Control's requests: a job calls the handler of the type."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.cfn import Name, Resource, ResourceType
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.store.api import Transaction

from ..engine import registry
from ..engine.acting import acting
from ..engine.calls import Failed, attempt
from ..engine.compare import moved
from ..engine.failures import handler_code
from ..engine.properties import typed, without
from .models import identifier_of, kind_of, model_of, shown
from .records import MADE, REQUESTS, Made, ResourceRequest

RUN = "cloudformation.resource"
FORGET = "cloudformation.forget-request"
KEPT_SECONDS = 7 * 86400.0


class _NotUpdatable(Exception):
    pass


@job(RUN, attempts=10, lane="cloudformation")
async def run(ctx: Context, payload: dict[str, Any]) -> None:
    """Carry out one request. After a crash it is tried again; the handlers know how to repeat."""
    where = (ctx.account, ctx.region, payload["token"])
    request = await ctx.transact(_begin, ctx, where)
    if request is None:
        return
    error = message = ""
    try:
        await _carry_out(ctx, request)
    except Failed as failure:
        cause = failure.__cause__
        error = handler_code(cause) if isinstance(cause, ServiceError) else _code_in(str(failure))
        message = cause.message if isinstance(cause, ServiceError) else str(failure)
    except ServiceError as failure:
        error, message = handler_code(failure), failure.message
    except _NotUpdatable as failure:
        error, message = "NotUpdatable", str(failure)
    await ctx.transact(_end, ctx, request, error, message)


def _begin(tx: Transaction, ctx: Context, where: tuple[str, str, str]) -> ResourceRequest | None:
    request = tx.get(REQUESTS, where)
    if request is None or request.status not in ("PENDING", "IN_PROGRESS"):
        return None
    earlier = request.began
    request.status, request.began = "IN_PROGRESS", earlier or ctx.now()
    tx.put(REQUESTS, request)
    return msgspec.structs.replace(request, began=earlier)


def _code_in(text: str) -> str:
    """The registry's error code in a reason, as the handlers of CloudFormation write it."""
    return text.partition("HandlerErrorCode: ")[2].rstrip(")") or "GeneralServiceException"


def _end(tx: Transaction, ctx: Context, request: ResourceRequest, error: str, message: str) -> None:
    kept = tx.get(REQUESTS, REQUESTS.key(request))
    if kept is None:
        return
    request.status, request.time = "FAILED" if error else "SUCCESS", ctx.now()
    request.error, request.message, request.began = error, message, kept.began
    tx.put(REQUESTS, request)
    ctx.later(tx, FORGET, {"token": request.token}, delay=KEPT_SECONDS, name=request.token)


@job(FORGET)
async def forget(ctx: Context, payload: dict[str, Any]) -> None:
    """Delete a request that ended a week ago."""
    await ctx.transact(lambda tx: tx.delete(REQUESTS, (ctx.account, ctx.region, payload["token"])))


async def _carry_out(ctx: Context, request: ResourceRequest) -> None:
    kind, _ = kind_of(ctx, request.type, request.operation)
    calls = await acting(ctx, request.role_arn)
    match request.operation:
        case "CREATE":
            await _create(ctx, calls, kind, request)
        case "UPDATE":
            await _update(ctx, calls, kind, request)
        case _:
            await _delete(ctx, calls, kind, request)


def _handed(kind: ResourceType, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties for the handler: those that are built, in the schema's types."""
    return typed(kind.type_name, without(properties, kind.recorded))


async def _create(ctx: Context, calls: Context, kind: ResourceType, request: ResourceRequest) -> None:
    word = kind.type_name.split("::")[2]
    name = Name("CloudControl", f"cloudcontrol/{request.token}", word, request.maker, request.began)
    wanted = _handed(kind, request.desired)
    resource = await attempt(calls, lambda: kind.handler.create(calls, name, wanted), kind.type_name, word, None)
    _, schema = kind_of(ctx, request.type, "CREATE")
    request.identifier = identifier_of(schema, resource, request.desired)
    await _keep(ctx, kind, request, resource)


async def _update(ctx: Context, calls: Context, kind: ResourceType, request: ResourceRequest) -> None:
    fixed = sorted(moved(registry.immutable(kind), request.previous, request.desired))
    if fixed:
        names = ", ".join(f"/properties/{name}" for name in fixed)
        raise _NotUpdatable(f"Invalid patch update: createOnlyProperties [{names}] cannot be updated")
    kept = await ctx.fetch(lambda tx: tx.get(MADE, (ctx.account, ctx.region, request.type, request.identifier)))
    id = kept.id if kept is not None else request.identifier
    old, new = _handed(kind, request.previous), _handed(kind, request.desired)
    word = kind.type_name.split("::")[2]
    resource = await attempt(calls, lambda: kind.handler.update(calls, id, old, new), kind.type_name, word, None)
    await _keep(ctx, kind, request, resource)


async def _delete(ctx: Context, calls: Context, kind: ResourceType, request: ResourceRequest) -> None:
    where = (ctx.account, ctx.region, request.type, request.identifier)
    kept = await ctx.fetch(lambda tx: tx.get(MADE, where))
    id = kept.id if kept is not None else request.identifier
    old = _handed(kind, request.previous)
    word = kind.type_name.split("::")[2]
    await attempt(calls, lambda: kind.handler.delete(calls, id, old), kind.type_name, word, None)
    await ctx.transact(lambda tx: tx.delete(MADE, where))


async def _keep(ctx: Context, kind: ResourceType, request: ResourceRequest, resource: Resource) -> None:
    """Store what was asked of a resource, and what it is now for the request's ResourceModel."""
    known = Made(
        account=ctx.account,
        region=ctx.region,
        type=request.type,
        identifier=request.identifier,
        id=resource.physical_id,
        properties=request.desired,
        attributes=resource.attributes,
    )
    await ctx.transact(lambda tx: tx.put(MADE, known))
    _, schema = kind_of(ctx, request.type, "READ")
    try:
        model = await model_of(ctx, kind, request.identifier)
    except ServiceError:  # the caller may not read: the properties that were asked have to do
        model = {**request.desired, **resource.attributes}
    request.model = shown(schema, request.identifier, model)["Properties"]
