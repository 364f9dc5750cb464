"""Event source mappings: which queues are polled for which functions.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.core.kinds import named as named_arn
from fogbank.core.operation import Access, operation
from fogbank.store.api import Transaction

from .. import lookups
from ..arns import MAPPING, Target, arn_of, function_arn, read, remembered, service_of, target
from ..errors import InvalidParameterValue, NoPoller, ResourceConflict
from ..invocation import find, make_spec, session
from ..records import MAPPINGS, Mapping
from ..shapes import mapping_shape
from ..sqs_poller import follow, forget

RETURNED = ("FilterCriteria", "ScalingConfig", "FunctionResponseTypes", "MetricsConfig", "KMSKeyArn", "LoggingConfig")


def _function(ctx: Context, req: dict[str, Any]) -> Target:
    """Returns the function to invoke. Raises ResourceNotFound unless it is in this account, as mappings require."""
    which = read(ctx, req["FunctionName"])
    if which.account != ctx.account:
        raise lookups.not_found(ctx, which)
    remembered(ctx, req["FunctionName"], which)
    return which


def _on_mapping(ctx: Context, req: dict[str, Any]) -> Access:
    """Requires access to the mapping; its present function is a condition key."""
    found = MAPPING.name(ctx, req["UUID"])
    return Access("", found, _condition(ctx, found.record) if found.record is not None else {})


def _condition(ctx: Context, mapping: Mapping) -> dict[str, Any]:
    return {"lambda:FunctionArn": function_arn(ctx, mapping.account, mapping.function, mapping.qualifier)}


def _creating(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Requires access to any mapping (`*`), with the function as lambda:FunctionArn; tags need their own permission."""
    needed = [Access("", "*", {"lambda:FunctionArn": arn_of(ctx, _function(ctx, req))})]
    if req.get("Tags"):
        made = named_arn(ctx.arn("lambda", "event-source-mapping:*"), ctx.account)
        needed.append(Access("lambda:TagResource", made))
    return needed


def _updating(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """Requires access with the mapping's present function, and also with its new one."""
    now = _on_mapping(ctx, req)
    if not req.get("FunctionName"):
        return [now]
    return [now, Access("", now.resource, {"lambda:FunctionArn": arn_of(ctx, _function(ctx, req))})]


@operation("lambda", "CreateEventSourceMapping", resource=_creating)
async def create_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Polls a queue for a function. Raises NoPoller for all sources other than SQS.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    source = req.get("EventSourceArn") or ""
    url = _queue_url(ctx, source)
    which = target(ctx, req["FunctionName"])
    fifo = source.endswith(".fifo")
    batch = req.get("BatchSize") or 10
    window = req.get("MaximumBatchingWindowInSeconds") or 0
    _check_batch(batch, window, fifo=fifo)
    await _check_queue(ctx, which, url)
    return await ctx.transact(_create, ctx, req, which, batch, window)


def _queue_url(ctx: Context, source: str) -> str:
    """Returns the URL of a queue, of any account in this region, from its exact ARN.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    parts = source.split(":")
    if parts[2:3] != ["sqs"]:
        raise NoPoller(f"Fogbank polls SQS queues for functions; it has no poller for {source or 'this source'} yet.")
    if service_of(ctx, source) != "sqs" or parts[3] != ctx.region:
        raise InvalidParameterValue(f"Unrecognized event source, {source}")
    return f"{ctx.endpoint}/{parts[4]}/{parts[5]}"


def _check_batch(batch: int, window: int, *, fifo: bool) -> None:
    if fifo and batch > 10:
        raise InvalidParameterValue(f"Batch size for a FIFO queue must be 10 or less, not {batch}.")
    if fifo and window:
        raise InvalidParameterValue("Batching window is not supported for FIFO queues.")
    if batch > 10 and not window:
        raise InvalidParameterValue(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


async def _check_queue(ctx: Context, which: Target, url: str) -> None:
    """Checks that the role may read the queue, and that messages stay hidden for as long as the function may run."""
    found = await find(ctx, which)
    _, principal = await session(ctx, make_spec(ctx, found.version))
    acting = ctx.acting_as(principal)
    request = {"QueueUrl": url, "AttributeNames": ["VisibilityTimeout"]}
    try:
        answer = await acting.call("sqs", "GetQueueAttributes", request)
    except ServiceError as error:
        code = error.code_for("json")
        if code == "NotImplemented":
            raise
        if code in ("AccessDenied", "AccessDeniedException"):
            raise InvalidParameterValue(
                "The provided execution role does not have permissions to call ReceiveMessage on SQS"
            ) from None
        raise InvalidParameterValue(
            f"Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {error.message}"
        ) from None
    hidden = int((answer.get("Attributes") or {}).get("VisibilityTimeout", 30))
    if hidden < found.version.timeout:
        raise InvalidParameterValue(
            f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {found.version.timeout} seconds"
        )


def _create(
    tx: Transaction, ctx: Context, req: dict[str, Any], which: Target, batch: int, window: int
) -> dict[str, Any]:
    lookups.exists(tx, ctx, which)
    source = req["EventSourceArn"]
    for known in tx.scan(MAPPINGS, (ctx.account, ctx.region)):
        if (known.source, known.function, known.qualifier) == (source, which.name, which.qualifier):
            raise ResourceConflict(
                f'An event source mapping with SQS arn (" {source} ") and function (" {which.name} ") already exists. '
                f"Please update or delete the existing mapping with UUID {known.id}"
            )
    enabled = req.get("Enabled") is not False
    mapping = Mapping(
        account=ctx.account,
        region=ctx.region,
        id=ctx.ids.uuid(),
        source=source,
        function=which.name,
        qualifier=which.qualifier,
        enabled=enabled,
        batch=batch,
        window=window,
        extras=_extras({}, req),
        tags=dict(req.get("Tags") or {}),
        modified=ctx.now(),
    )
    tx.put(MAPPINGS, mapping)
    follow(tx, ctx, mapping)
    return mapping_shape(ctx, mapping)


def _extras(before: dict[str, Any], req: dict[str, Any]) -> dict[str, Any]:
    extras = {**before, **{name: req[name] for name in RETURNED if req.get(name) is not None}}
    for item in (extras.get("FilterCriteria") or {}).get("Filters") or ():
        try:
            msgspec.json.decode(item.get("Pattern") or "{}", type=dict[str, Any])
        except msgspec.DecodeError:
            raise InvalidParameterValue("Invalid filter pattern definition.") from None
    return extras


@operation("lambda", "GetEventSourceMapping", resource=_on_mapping)
def get_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    with ctx.read() as tx:
        return mapping_shape(ctx, MAPPING.require(tx, ctx, req["UUID"]))


@operation("lambda", "ListEventSourceMappings", resource="*")
def list_event_source_mappings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Lists all mappings, or those of a function or a source.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
    """
    # only a filter of the list, so the function itself needs no authorization
    which = read(ctx, req["FunctionName"]) if req.get("FunctionName") else None
    with ctx.read() as tx:
        found = [
            mapping
            for mapping in tx.scan(MAPPINGS, (ctx.account, ctx.region))
            if which in (None, Target(mapping.account, mapping.region, mapping.function, mapping.qualifier))
            and req.get("EventSourceArn") in (None, mapping.source)
        ]
    shown, more = lookups.page(ctx, found, req, lambda mapping: mapping.id, 100)
    return {"EventSourceMappings": [mapping_shape(ctx, mapping) for mapping in shown], **more}


@operation("lambda", "UpdateEventSourceMapping", resource=_updating)
def update_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    with ctx.write() as tx:
        mapping = MAPPING.require(tx, ctx, req["UUID"])
        if req.get("FunctionName"):
            which = target(ctx, req["FunctionName"])
            lookups.exists(tx, ctx, which)
            mapping.function, mapping.qualifier = which.name, which.qualifier
        mapping.batch = req.get("BatchSize") or mapping.batch
        if req.get("MaximumBatchingWindowInSeconds") is not None:
            mapping.window = req["MaximumBatchingWindowInSeconds"]
        _check_batch(mapping.batch, mapping.window, fifo=mapping.source.endswith(".fifo"))
        state = "Updating"
        if req.get("Enabled") is not None and req["Enabled"] is not mapping.enabled:
            mapping.enabled = req["Enabled"]
            state = "Enabling" if mapping.enabled else "Disabling"
        mapping.extras = _extras(mapping.extras, req)
        mapping.state, mapping.modified = state, ctx.now()
        mapping.generation += 1
        tx.put(MAPPINGS, mapping)
        follow(tx, ctx, mapping)
    return mapping_shape(ctx, mapping)


@operation("lambda", "DeleteEventSourceMapping", resource=_on_mapping)
async def delete_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html"""
    mapping = await ctx.transact(_delete, ctx, req["UUID"])
    return mapping_shape(ctx, msgspec.structs.replace(mapping, state="Deleting"))


def _delete(tx: Transaction, ctx: Context, ident: str) -> Mapping:
    mapping = MAPPING.require(tx, ctx, ident)
    tx.delete(MAPPINGS, MAPPINGS.key(mapping))
    forget(tx, ctx, mapping)
    return mapping
