"""DescribeEvents: the events of a stack, of one operation, or of a change set."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ValidationError
from fogbank.core.operation import Access, operation

from .. import arns, change_sets, early, events, stacks
from ..errors import stack_missing
from ..records import EVENTS, STACKS, Event, Stack
from .describing import page


def _named(ctx: Context, req: dict[str, Any]) -> Any:
    """The stack or change set of a request; an OperationId alone is of any stack."""
    if req.get("ChangeSetName"):
        return arns.change_set(ctx, req)
    return arns.named_stack(ctx, req) if req.get("StackName") else Access("", "*", {})


@operation("cloudformation", "DescribeEvents", resource=_named)
def describe_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """List events, newest first; with Filters.FailedEvents only those of failures.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
    """
    wanted = req.get("OperationId") or ""
    with ctx.read() as tx:
        if req.get("ChangeSetName"):
            found = early.events_of(change_sets.find(tx, ctx, req))
        else:
            chosen: list[Stack]
            if req.get("StackName"):
                stack = stacks.find(tx, ctx, req["StackName"])
                if stack is None:
                    raise stack_missing(req["StackName"])
                chosen = [stack]
            elif wanted:
                chosen = list(tx.scan(STACKS, (ctx.account, ctx.region)))
            else:
                raise ValidationError("One of StackName, ChangeSetName or OperationId must be specified")
            kept = [event for stack in chosen for event in tx.scan(EVENTS, (stack.account, stack.region, stack.id))]
            kept.sort(key=lambda event: (-event.time, -event.number))
            found = [_shape(event) for event in kept]
    found = [event for event in found if not wanted or event["OperationId"] == wanted]
    if (req.get("Filters") or {}).get("FailedEvents"):
        found = [event for event in found if _is_failure(event)]
    shown, token = page(ctx, found, req, lambda event: event["EventId"])
    return {"OperationEvents": shown, **token}


def _is_failure(event: dict[str, Any]) -> bool:
    return event["EventType"] in ("VALIDATION_ERROR", "PROVISIONING_ERROR") or event.get("OperationStatus") == "FAILED"


def _shape(event: Event) -> dict[str, Any]:
    """A stack event as an `OperationEvent`."""
    shown = events.shape(event)
    shown.pop("StackName")
    shown |= {"OperationId": event.operation, "OperationType": event.asked or "CREATE_CHANGESET"}
    if event.physical_id == event.stack_id:
        shown |= {"EventType": "STACK_EVENT", "OperationStatus": _outcome(event.status), "StartTime": event.time}
        if shown["OperationStatus"] != "IN_PROGRESS":
            shown["EndTime"] = event.time
        return shown
    if event.detailed:
        shown |= {
            "EventType": "VALIDATION_ERROR",
            "ValidationName": "PROPERTY_VALIDATION",
            "ValidationStatus": "FAILED",
            "ValidationFailureMode": "FAIL",
            "ValidationStatusReason": event.reason,
            "ValidationPath": f"/Resources/{event.logical_id}",
        }
    else:
        shown["EventType"] = "PROVISIONING_ERROR" if event.status.endswith("_FAILED") else "PROGRESS_EVENT"
    return shown


def _outcome(status: str) -> str:
    if status.endswith("_IN_PROGRESS"):
        return "IN_PROGRESS"
    return "FAILED" if status.endswith("_FAILED") else "SUCCEEDED"
