"""Turns the records of stack sets into the structures of responses."""

from __future__ import annotations

from typing import Any

from fogbank.core.context import Context
from fogbank.core.tags import to_list

from ..stacks import merge
from .records import Instance, Result, SetOperation, StackSet

ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"


def administration_role(ctx: Context, stack_set: StackSet) -> str:
    return stack_set.administration_role or ctx.arn(
        "iam", f"role/{ADMINISTRATION}", region="", account=stack_set.account
    )


def stack_set(ctx: Context, record: StackSet, regions: list[str]) -> dict[str, Any]:
    """A `StackSet`."""
    return {
        "StackSetName": record.name,
        "StackSetId": record.id,
        "StackSetARN": ctx.arn("cloudformation", f"stackset/{record.id}"),
        "Status": "ACTIVE",
        "TemplateBody": record.body,
        "Parameters": record.parameters,
        "Capabilities": record.capabilities,
        "Tags": to_list(record.tags),
        "AdministrationRoleARN": administration_role(ctx, record),
        "ExecutionRoleName": record.execution_role,
        "StackSetDriftDetectionDetails": record.drift or {"DriftStatus": "NOT_CHECKED"},
        "OrganizationalUnitIds": [],
        "PermissionModel": "SELF_MANAGED",
        "ManagedExecution": {"Active": record.managed_execution},
        "Regions": regions,
        **({"Description": record.description} if record.description else {}),
    }


def summary(record: StackSet) -> dict[str, Any]:
    """A `StackSetSummary`."""
    shown = {
        "StackSetName": record.name,
        "StackSetId": record.id,
        "Status": "ACTIVE",
        "PermissionModel": "SELF_MANAGED",
        "DriftStatus": record.drift.get("DriftStatus", "NOT_CHECKED"),
        "ManagedExecution": {"Active": record.managed_execution},
    }
    checked = record.drift.get("LastDriftCheckTimestamp")
    return merge(shown, {"Description": record.description, "LastDriftCheckTimestamp": checked})


def instance(record: Instance, set_id: str, *, whole: bool) -> dict[str, Any]:
    """A `StackInstanceSummary`, or (`whole`) a `StackInstance`."""
    shown: dict[str, Any] = {
        "StackSetId": set_id,
        "Region": record.target_region,
        "Account": record.target,
        "Status": record.status,
        "StackInstanceStatus": {"DetailedStatus": record.detailed},
        "DriftStatus": record.drift,
        "OrganizationalUnitId": "",
    }
    if whole:
        shown["ParameterOverrides"] = record.overrides
    optional = {
        "StackId": record.stack_id,
        "StatusReason": record.reason,
        "LastOperationId": record.operation,
        "LastDriftCheckTimestamp": record.drift_time,
    }
    return shown | {key: value for key, value in optional.items() if value}


def operation(ctx: Context, record: SetOperation, owner: StackSet) -> dict[str, Any]:
    """A `StackSetOperation`."""
    shown = {
        **operation_summary(record),
        "StackSetId": owner.id,
        "AdministrationRoleARN": administration_role(ctx, owner),
        "ExecutionRoleName": owner.execution_role,
    }
    return shown | ({"RetainStacks": record.retain} if record.action == "DELETE" else {})


def operation_summary(record: SetOperation) -> dict[str, Any]:
    """A `StackSetOperationSummary`."""
    failed = sum(result.status == "FAILED" for result in record.results)
    shown = {
        "OperationId": record.id,
        "Action": record.action,
        "Status": record.status,
        "CreationTimestamp": record.created,
        "OperationPreferences": {"RegionOrder": [], **record.preferences},
        "StatusDetails": {"FailedStackInstancesCount": failed, "TotalStackInstancesCount": len(record.results)},
    }
    return merge(shown, {"EndTimestamp": record.ended, "StatusReason": record.reason})


def result(record: Result) -> dict[str, Any]:
    """A `StackSetOperationResultSummary`."""
    shown = {"Account": record.target, "Region": record.region, "Status": record.status, "OrganizationalUnitId": ""}
    gate = {"Status": "SKIPPED", "StatusReason": f"Function not found: arn:aws:lambda:{record.region}:{record.target}:"
            "function:AWSCloudFormationStackSetAccountGate"}  # fmt: skip
    return shown | {"AccountGateResult": gate} | ({"StatusReason": record.reason} if record.reason else {})
