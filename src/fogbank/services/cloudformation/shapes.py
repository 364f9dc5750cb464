"""Turns records into the structures of responses."""

from __future__ import annotations

from typing import Any

from .records import ChangeSet, Drift, Revision, Stack, StackResource
from .stacks import merge
from .template.parameters import Value

HIDDEN = "****"


def stack(record: Stack, revision: Revision | None) -> dict[str, Any]:
    """A `Stack`."""
    shown: dict[str, Any] = {
        "StackId": record.id,
        "StackName": record.name,
        "CreationTime": record.created,
        "RollbackConfiguration": {},
        "StackStatus": record.status,
        "DisableRollback": record.on_failure == "DO_NOTHING",
        "NotificationARNs": list(record.notification_arns),
        "Tags": [],
        "EnableTerminationProtection": record.termination_protection,
        "DriftInformation": _drift(record),
    }
    if revision is not None:
        shown |= {
            "Parameters": parameters(revision.parameters),
            "RollbackConfiguration": revision.rollback_configuration,
            "Capabilities": list(revision.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in revision.tags.items()],
        }
    if record.parent_id:
        shown["EnableTerminationProtection"] = False
    shown = {key: value for key, value in shown.items() if key not in ("Parameters", "Capabilities") or value}
    optional = {
        "ChangeSetId": record.change_set_id,
        "Description": record.description,
        "DeletionTime": record.deleted,
        "LastUpdatedTime": record.updated,
        "StackStatusReason": record.reason,
        "TimeoutInMinutes": record.timeout_minutes,
        "Outputs": [_output(output) for output in record.outputs],
        "RoleARN": record.role_arn,
        "ParentId": record.parent_id,
        "RootId": record.root_id,
        "LastOperations": _operations(record),
    }
    return merge(shown, {key: value for key, value in optional.items() if value})


def _drift(record: Stack) -> dict[str, Any]:
    """The `StackDriftInformation`; a stack that was updated since counts as unchecked."""
    if not record.drift or (record.updated or 0.0) > record.drift_time:
        return {"StackDriftStatus": "NOT_CHECKED"}
    return {"StackDriftStatus": record.drift, "LastCheckTimestamp": record.drift_time}


def _operations(record: Stack) -> list[dict[str, str]]:
    """The last operation of a stack, as an `OperationEntry`."""
    return [{"OperationType": record.asked, "OperationId": record.operation}] if record.asked else []


def summary(record: Stack) -> dict[str, Any]:
    """A `StackSummary`."""
    shown = {
        "StackId": record.id,
        "StackName": record.name,
        "CreationTime": record.created,
        "StackStatus": record.status,
        "DriftInformation": _drift(record),
    }
    optional = {
        "TemplateDescription": record.description,
        "LastUpdatedTime": record.updated,
        "DeletionTime": record.deleted,
        "StackStatusReason": record.reason,
        "ParentId": record.parent_id,
        "RootId": record.root_id,
        "LastOperations": _operations(record),
    }
    return merge(shown, {key: value for key, value in optional.items() if value})


def parameters(values: dict[str, Value]) -> list[dict[str, Any]]:
    shown = []
    for name, value in values.items():
        parameter = {"ParameterKey": name, "ParameterValue": HIDDEN if value.no_echo else value.value}
        if value.resolved is not None:
            parameter["ResolvedValue"] = HIDDEN if value.no_echo else value.resolved
        shown.append(parameter)
    return shown


def _output(output: dict[str, str]) -> dict[str, str]:
    shown = {"OutputKey": output["key"], "OutputValue": output["value"]}
    if output.get("description"):
        shown["Description"] = output["description"]
    if output.get("export"):
        shown["ExportName"] = output["export"]
    return shown


def resource(record: StackResource, drift: Drift | None, stack_name: str = "") -> dict[str, Any]:
    """A `StackResourceSummary`, or with the stack's name a `StackResource`."""
    checked: dict[str, Any] = {"StackResourceDriftStatus": "NOT_CHECKED"}
    if drift is not None and drift.time >= record.updated:
        checked = {"StackResourceDriftStatus": drift.status, "LastCheckTimestamp": drift.time}
    moment = "Timestamp" if stack_name else "LastUpdatedTimestamp"
    shown: dict[str, Any] = {
        "LogicalResourceId": record.logical_id,
        "ResourceType": record.type,
        moment: record.updated,
        "ResourceStatus": record.status,
        "DriftInformation": checked,
    }
    if stack_name:
        shown |= {"StackName": stack_name, "StackId": record.stack_id}
    return merge(shown, {"PhysicalResourceId": record.physical_id, "ResourceStatusReason": record.reason})


def resource_detail(record: StackResource, drift: Drift | None, stack_name: str) -> dict[str, Any]:
    """A `StackResourceDetail`."""
    shown = resource(record, drift) | {"StackName": stack_name, "StackId": record.stack_id}
    return merge(shown, {"Metadata": record.metadata})


def change_set(record: ChangeSet) -> dict[str, Any]:
    """The response of DescribeChangeSet without its changes."""
    shown = {
        "ChangeSetName": record.name,
        "ChangeSetId": record.id,
        "StackId": record.stack_id,
        "StackName": record.stack_name,
        "CreationTime": record.created,
        "ExecutionStatus": record.execution_status,
        "Status": record.status,
        "NotificationARNs": list(record.notification_arns),
        "RollbackConfiguration": record.rollback_configuration,
        "Capabilities": list(record.capabilities),
        "IncludeNestedStacks": record.include_nested,
    }
    optional = {
        "Tags": [{"Key": key, "Value": value} for key, value in record.tags.items()],
        "Parameters": parameters(record.parameters),
        "ParentChangeSetId": record.parent,
        "RootChangeSetId": record.root,
        "ImportExistingResources": record.import_existing,
        "DeploymentMode": record.deployment_mode,
        "DeploymentConfig": record.deployment,
        "Description": record.description,
        "StatusReason": record.reason,
        "OnStackFailure": record.on_failure,
    }
    return merge(shown, optional)


def change_set_summary(record: ChangeSet) -> dict[str, Any]:
    """A `ChangeSetSummary`."""
    shown = {
        "StackId": record.stack_id,
        "StackName": record.stack_name,
        "ChangeSetId": record.id,
        "ChangeSetName": record.name,
        "ExecutionStatus": record.execution_status,
        "Status": record.status,
        "CreationTime": record.created,
        "IncludeNestedStacks": record.include_nested,
    }
    optional = {
        "Description": record.description,
        "StatusReason": record.reason,
        "ParentChangeSetId": record.parent,
        "RootChangeSetId": record.root,
        "ImportExistingResources": record.import_existing,
    }
    return merge(shown, optional)
