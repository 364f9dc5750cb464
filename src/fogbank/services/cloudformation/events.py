"""Stack events: each is written in the transaction of the change that it reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fogbank.core.context import Context
from fogbank.store.api import Reader, Transaction

from .records import EVENTS, Event, Stack, StackResource

STACK_TYPE = "AWS::CloudFormation::Stack"


def add(
    tx: Transaction,
    ctx: Context,
    stack: Stack,
    logical_id: str,
    physical_id: str,
    kind: str,
    status: str,
    reason: str = "",
    properties: dict[str, Any] | None = None,
    detailed: str = "",
) -> None:
    """Append an event to a stack, and enqueue the job that publishes it to the stack's SNS topics."""
    last = _last(tx, stack)
    # at least a millisecond apart: event ids contain the time, and clients tell events apart by their ids
    now = ctx.now() if last is None else max(ctx.now(), last.time + 0.001)
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    own = kind == STACK_TYPE and physical_id == stack.id
    event = Event(
        account=stack.account,
        region=stack.region,
        stack_id=stack.id,
        number=last.number + 1 if last else 1,
        id=ctx.ids.uuid() if own else f"{logical_id}-{status}-{moment}",
        stack_name=stack.name,
        logical_id=logical_id,
        physical_id=physical_id,
        type=kind,
        time=now,
        status=status,
        reason=reason[:1024],
        properties=json.dumps(properties) if properties is not None else "",
        token=stack.token,
        detailed=detailed,
        operation=stack.operation,
        asked=stack.asked,
    )
    tx.put(EVENTS, event)
    if stack.notification_arns:
        job = {"topics": stack.notification_arns, "message": message(ctx, event)}
        ctx.later(tx, "cloudformation.notify", job)


def of_resource(
    tx: Transaction,
    ctx: Context,
    stack: Stack,
    resource: StackResource,
    properties: dict[str, Any] | None = None,
    detailed: str = "",
) -> None:
    """Append the event of a resource's current state."""
    shown = resource.properties if properties is None else properties
    add(
        tx,
        ctx,
        stack,
        resource.logical_id,
        resource.physical_id,
        resource.type,
        resource.status,
        resource.reason,
        shown,
        detailed,
    )


def _last(tx: Reader, stack: Stack) -> Event | None:
    return next(iter(tx.scan(EVENTS, (stack.account, stack.region, stack.id), reverse=True, limit=1)), None)


def message(ctx: Context, event: Event) -> str:
    """The SNS message of an event: one KEY='value' per line.

    User Guide, "Receive Amazon SNS notifications for stack events".
    """
    moment = datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lines = {
        "StackId": event.stack_id,
        "Timestamp": moment,
        "EventId": event.id,
        "LogicalResourceId": event.logical_id,
        "Namespace": event.account,
        "PhysicalResourceId": event.physical_id,
        "PrincipalId": ctx.principal.user_id,
        "ResourceProperties": event.properties or "null",
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceType": event.type,
        "StackName": event.stack_name,
        "ClientRequestToken": event.token or "null",
    }
    return "".join(f"{key}='{value}'\n" for key, value in lines.items())


def shape(event: Event) -> dict[str, Any]:
    """A `StackEvent`."""
    shown: dict[str, Any] = {
        "StackId": event.stack_id,
        "EventId": event.id,
        "StackName": event.stack_name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.time,
        "ResourceStatus": event.status,
    }
    optional = {
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
        "DetailedStatus": event.detailed,
    }
    return shown | {key: value for key, value in optional.items() if value}
