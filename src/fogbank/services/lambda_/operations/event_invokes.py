"""Settings of asynchronous invocation: retries, and the destinations of invocation records.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
"""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.operation import operation
from fogbank.store.api import Reader

from .. import lookups
from ..arns import Target, arn_of, named, qualified, service_of, target
from ..errors import InvalidParameterValue, ResourceNotFound
from ..records import EVENT_INVOKES, EventInvoke
from ..shapes import event_invoke_shape


def _which(ctx: Context, req: dict[str, Any]) -> Target:
    which = target(ctx, req["FunctionName"], req.get("Qualifier"))
    return Target(*which.key, "" if which.qualifier == "$LATEST" else which.qualifier)


def _missing(ctx: Context, which: Target) -> ResourceNotFound:
    shown = arn_of(ctx, Target(*which.key, which.qualifier or "$LATEST"))
    return ResourceNotFound(f"The function {shown} doesn't have an EventInvokeConfig")


def _require(tx: Reader, ctx: Context, which: Target) -> EventInvoke:
    lookups.exists(tx, ctx, which)
    found = tx.get(EVENT_INVOKES, (*which.key, which.qualifier))
    if found is None:
        raise _missing(ctx, which)
    return found


def _fill(ctx: Context, config: EventInvoke, req: dict[str, Any]) -> None:
    if req.get("MaximumRetryAttempts") is not None:
        config.retries = req["MaximumRetryAttempts"]
    if req.get("MaximumEventAgeInSeconds") is not None:
        config.age = req["MaximumEventAgeInSeconds"]
    destinations = req.get("DestinationConfig")
    if destinations is not None:
        if "OnSuccess" in destinations:
            config.on_success = (destinations["OnSuccess"] or {}).get("Destination") or ""
        if "OnFailure" in destinations:
            config.on_failure = (destinations["OnFailure"] or {}).get("Destination") or ""
    for arn in (config.on_success, config.on_failure):
        if arn and service_of(ctx, arn) not in ("sqs", "sns", "lambda", "events", "s3"):
            raise InvalidParameterValue(f"The provided destination config DestinationConfig is invalid: {arn}")


@operation("lambda", "PutFunctionEventInvokeConfig", resource=qualified)
def put_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""
    which = _which(ctx, req)
    config = EventInvoke(
        account=which.account, region=which.region, name=which.name, qualifier=which.qualifier, modified=ctx.now()
    )
    _fill(ctx, config, req)
    with ctx.write() as tx:
        lookups.exists(tx, ctx, which)
        tx.put(EVENT_INVOKES, config)
    return event_invoke_shape(ctx, config)


@operation("lambda", "UpdateFunctionEventInvokeConfig", resource=qualified)
def update_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html"""
    which = _which(ctx, req)
    with ctx.write() as tx:
        config = _require(tx, ctx, which)
        _fill(ctx, config, req)
        config.modified = ctx.now()
        tx.put(EVENT_INVOKES, config)
    return event_invoke_shape(ctx, config)


@operation("lambda", "GetFunctionEventInvokeConfig", resource=qualified)
def get_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html"""
    with ctx.read() as tx:
        return event_invoke_shape(ctx, _require(tx, ctx, _which(ctx, req)))


@operation("lambda", "DeleteFunctionEventInvokeConfig", resource=qualified)
def delete_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html"""
    which = _which(ctx, req)
    with ctx.write() as tx:
        _require(tx, ctx, which)
        tx.delete(EVENT_INVOKES, (*which.key, which.qualifier))
    return {}


@operation("lambda", "ListFunctionEventInvokeConfigs", resource=named)
def list_function_event_invoke_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html"""
    which = target(ctx, req["FunctionName"])
    with ctx.read() as tx:
        lookups.function(tx, ctx, which)
        found = list(tx.scan(EVENT_INVOKES, which.key))
    shown, more = lookups.page(ctx, found, req, lambda config: config.qualifier)
    return {"FunctionEventInvokeConfigs": [event_invoke_shape(ctx, config) for config in shown], **more}
