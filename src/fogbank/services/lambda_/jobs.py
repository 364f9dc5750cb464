"""Lambda's background work: activates changed functions, runs events and retries failed ones, deletes old packages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.core import targets
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.operation import job
from fogbank.store.api import Reader, Transaction

from .arns import Target, arn_of, number_of
from .code import Unpacked
from .environments.fleet import Fleet
from .records import EVENT_INVOKES, VERSIONS, EventInvoke, Version

SETTLE = "lambda.settle"
EVENT = "lambda.event"
SWEEP = "lambda.sweep"
SWEEP_DELAY = 1000.0  # seconds: longer than any invocation
RETRIES = 2
AGE = 21_600  # seconds after which an event is dropped
DELAYS = (60.0, 120.0)  # seconds before the first and the second retry after a function's error
SLOWEST = 300.0  # seconds between retries while the function is throttled, at most


@job(SETTLE, attempts=20)
async def settle(ctx: Context, payload: dict[str, Any]) -> None:
    """Makes a created or changed function ready, then retires environments of its old configuration."""
    which = Target(payload["account"], ctx.region, payload["name"])
    fleet, unpacked = ctx.app.local(Fleet), ctx.app.local(Unpacked)
    version = await ctx.fetch(lambda tx: tx.get(VERSIONS, (*which.key, payload["number"])))
    if version is None:
        return
    if version.blob:
        await unpacked.code(version.code_sha256, version.blob)
        if version.layers:
            await unpacked.opt(tuple(layer.blob for layer in version.layers))
        await fleet.expect(version.runtime)
    await ctx.transact(_settle, which, payload["number"])
    fleet.retire(which.key)


def _settle(tx: Transaction, which: Target, number: int) -> None:
    version = tx.get(VERSIONS, (*which.key, number))
    if version is not None:
        version.state, version.updating = "Active", False
        tx.put(VERSIONS, version)
        tx.signal(f"lambda/state/{which.account}/{which.region}/{which.name}")


def sweep_later(tx: Transaction, ctx: Context) -> None:
    """Schedules the deletion of unused packages, late enough for all running invocations to end."""
    ctx.later(tx, SWEEP, {}, delay=SWEEP_DELAY, name="sweep")


@job(SWEEP)
async def sweep(ctx: Context, payload: dict[str, Any]) -> None:
    """Deletes the packages and layers on disk that no version uses."""
    unpacked = ctx.app.local(Unpacked)
    used = await ctx.fetch(_folders_in_use, unpacked)
    await unpacked.sweep(used)


def _folders_in_use(tx: Reader, unpacked: Unpacked) -> set[str]:
    used = set()
    for version in tx.scan(VERSIONS):
        if version.blob:
            used.add(unpacked.code_root(version.code_sha256).name)
        if version.layers:
            used.add(unpacked.opt_root(tuple(layer.blob for layer in version.layers)).name)
    return used


def enqueue(tx: Transaction, ctx: Context, which: Target, payload: bytes, request_id: str, **more: Any) -> None:
    """Puts an event on the function's internal queue."""
    event = {
        "account": which.account, "name": which.name, "qualifier": which.qualifier, "payload": payload,
        "request": request_id, "since": ctx.now(), "errors": 0, "throttles": 0, **more,
    }  # fmt: skip
    ctx.later(tx, EVENT, event, name=f"{which.name}/{request_id}/0")


@job(EVENT, attempts=1000, lane="lambda", width=1000)
async def run_event(ctx: Context, event: dict[str, Any]) -> None:
    """Runs an asynchronous event once, then enqueues the retry or sends the record.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    from .invocation import invoke

    which = Target(event["account"], ctx.region, event["name"], event["qualifier"])
    config = await ctx.fetch(_event_config, which)
    limit = config.age if config and config.age is not None else AGE
    if ctx.now() - event["since"] > limit:
        await _give_up(ctx, which, event, config, "EventAgeExceeded", None, "")
        return
    try:
        outcome, version = await invoke(
            ctx, which, event["payload"], request_id=event["request"], client_context=event.get("client_context", "")
        )
    except ServiceError as error:
        if error.code == "ResourceNotFoundException":
            return  # the function was deleted: drop the event
        throttles = event["throttles"] + 1
        await _again(ctx, {**event, "throttles": throttles}, min(2.0 ** (throttles - 1), SLOWEST))
        return
    retries = config.retries if config and config.retries is not None else RETRIES
    if not outcome.error:
        await _tell(ctx, which, version, event, config, "Success", outcome)
    elif event["errors"] >= retries:
        await _give_up(ctx, which, event, config, "RetriesExhausted", outcome, version.version)
    else:
        await _again(ctx, {**event, "errors": event["errors"] + 1}, DELAYS[min(event["errors"], 1)])


def _event_config(tx: Reader, which: Target) -> EventInvoke | None:
    """Returns the event settings of the invoked qualifier."""
    return tx.get(EVENT_INVOKES, (*which.key, "" if which.qualifier == "$LATEST" else which.qualifier))


async def _again(ctx: Context, event: dict[str, Any], delay: float) -> None:
    name = f"{event['name']}/{event['request']}/{event['errors']}.{event['throttles']}"
    await ctx.transact(lambda tx: ctx.later(tx, EVENT, event, delay=delay, name=name))


async def _give_up(
    ctx: Context,
    which: Target,
    event: dict[str, Any],
    config: EventInvoke | None,
    condition: str,
    outcome: Any,
    executed: str,
) -> None:
    """Sends an event that failed for good to the failure destination and the dead-letter queue."""
    version = await ctx.fetch(lambda tx: tx.get(VERSIONS, (*which.key, number_of(executed or which.qualifier) or 0)))
    if version is None:
        return
    await _tell(ctx, which, version, event, config, condition, outcome)
    letters = (version.extras.get("DeadLetterConfig") or {}).get("TargetArn")
    if letters:
        text = event["payload"].decode("utf-8", "replace")
        attributes = {"RequestID": event["request"], "ErrorCode": "200", "ErrorMessage": _message(outcome)}
        await deliver(ctx, version, letters, text, attributes)


def _message(outcome: Any) -> str:
    try:
        return str(msgspec.json.decode(outcome.payload)["errorMessage"])[:1024]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return ""


async def _tell(
    ctx: Context,
    which: Target,
    version: Version,
    event: dict[str, Any],
    config: EventInvoke | None,
    condition: str,
    outcome: Any,
) -> None:
    """Sends the invocation record to the destination for success or failure."""
    destination = (config.on_success if condition == "Success" else config.on_failure) if config else ""
    if not destination:
        return
    context: dict[str, Any] = {
        "requestId": event["request"],
        "functionArn": arn_of(ctx, which if which.qualifier else Target(*which.key, "$LATEST")),
        "condition": condition,
        "approximateInvokeCount": event["errors"] + (1 if outcome else 0),
    }
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.fromtimestamp(ctx.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": context,
        "requestPayload": _parsed(event["payload"]),
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": version.version}
        if outcome.error:
            record["responseContext"]["functionError"] = outcome.error
        record["responsePayload"] = _parsed(outcome.payload)
    await deliver(ctx, version, destination, msgspec.json.encode(record).decode(), {}, record)


def _parsed(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload or b"null")
    except msgspec.DecodeError:
        return payload.decode("utf-8", "replace")


async def deliver(
    ctx: Context,
    version: Version,
    arn: str,
    text: str,
    attributes: dict[str, str],
    record: dict[str, Any] | None = None,
) -> None:
    """Sends a record to a queue, topic, function or event bus, as the execution role.

    If the target refuses it, the record is lost, as on AWS.
    """
    from .invocation import make_spec, session

    typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
    success = (record or {}).get("requestContext", {}).get("condition") == "Success"
    kind = f"Lambda Function Invocation Result - {'Success' if success else 'Failure'}"
    try:
        _, principal = await session(ctx, make_spec(ctx, version))
        acting = ctx.acting_as(principal, region=version.region)
        await targets.deliver(acting, arn, text, attributes=typed, source="lambda", detail_type=kind)
    except (ServiceError, targets.Undeliverable):
        dimensions = {"FunctionName": version.name}
        name = "DestinationDeliveryFailures" if record else "DeadLetterErrors"
        ctx.app.metrics.add(version.account, version.region, "AWS/Lambda", name, dimensions, 1.0, "Count", ctx.now())
