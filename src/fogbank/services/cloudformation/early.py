"""Early validation: what a change set finds before anything is made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html

It holds the properties of new and changed resources against their schemas, and looks whether something has the name of
a resource that is to be made. A change set with a violation is FAILED; DescribeEvents says why.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.core.cfn import Readable
from fogbank.core.context import Context
from fogbank.core.errors import ServiceError
from fogbank.wire import resource_schemas

from .engine import registry
from .engine.acting import acting
from .engine.properties import set_paths, violations
from .records import ChangeSet

PROPERTIES = "AWS::EarlyValidation::PropertyValidation"
EXISTENCE = "AWS::EarlyValidation::ResourceExistenceCheck"
_NAMES = {PROPERTIES: "PROPERTY_VALIDATION", EXISTENCE: "NAME_CONFLICT_VALIDATION"}


async def validate(ctx: Context, record: ChangeSet) -> str:
    """Note the violations in a change set. Returns its StatusReason, or '' when all is well."""
    find = registry.finder(ctx.app.settings)
    calls = await acting(ctx, record.role_arn)
    for change in record.changes:
        kind = find(change["ResourceType"]) if change["Action"] in ("Add", "Modify") else None
        if kind is None:
            continue
        properties = msgspec.json.decode(change["AfterContext"])["Properties"]
        for path, reason in violations(kind, properties):
            _note(record, change, PROPERTIES, path, reason)
        for name in set_paths(properties, kind.unbuilt):
            _note(record, change, PROPERTIES, f"/{name}", f"Fogbank has not built the property {name}")
        if change["Action"] == "Add" and isinstance(kind.handler, Readable):
            taken = await _existing(calls, kind.handler, change["ResourceType"], properties)
            if taken:
                reason = f"Resource of type '{change['ResourceType']}' with identifier '{taken}' already exists."
                _note(record, change, EXISTENCE, "", reason)
    checks = sorted({violation["check"] for violation in record.violations})
    if not checks:
        return ""
    return (
        f"The following hook(s)/validation failed: [{', '.join(checks)}]. To troubleshoot Early Validation errors, use "
        "the DescribeEvents API for detailed failure information."
    )


async def _existing(ctx: Context, handler: Readable, type_name: str, properties: dict[str, Any]) -> str:
    """The identifier that a template gives a resource, if there is such a resource. Who may not look finds nothing."""
    schema = resource_schemas.find(type_name)
    if schema is None or len(schema.id) != 1 or not isinstance(properties.get(schema.id[0]), str):
        return ""
    name = str(properties[schema.id[0]])
    if name.startswith("{{"):
        return ""
    try:
        return name if await handler.read(ctx, name) is not None else ""
    except ServiceError:
        return ""


def _note(record: ChangeSet, change: dict[str, Any], check: str, path: str, reason: str) -> None:
    name = change["LogicalResourceId"]
    record.violations.append(
        {
            "name": name,
            "type": change["ResourceType"],
            "check": check,
            "path": f"/Resources/{name}/Properties{path}" if path else f"/Resources/{name}",
            "reason": reason,
        }
    )


def events_of(record: ChangeSet) -> list[dict[str, Any]]:
    """The `OperationEvent`s of a change set: one for its creation, and one for each violation."""
    shared = {
        "StackId": record.stack_id,
        "OperationId": record.operation,
        "OperationType": "CREATE_CHANGESET",
        "Timestamp": record.created,
    }
    failed = [
        {
            **shared,
            "EventId": f"{record.operation}-{number}",
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": violation["name"],
            "PhysicalResourceId": "",
            "ResourceType": violation["type"],
            "ValidationFailureMode": "FAIL",
            "ValidationName": _NAMES[violation["check"]],
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": violation["reason"],
            "ValidationPath": violation["path"],
        }
        for number, violation in enumerate(record.violations)
    ]
    whole = {
        **shared,
        "EventId": record.operation,
        "EventType": "STACK_EVENT",
        "OperationStatus": "FAILED" if record.status == "FAILED" else "SUCCEEDED",
        "StartTime": record.created,
        "EndTime": record.created,
    }
    return [whole, *failed]
