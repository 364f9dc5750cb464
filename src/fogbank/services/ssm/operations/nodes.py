"""Managed nodes, and what is asked of them: commands, automations, sessions, inventory, compliance, patches.

There are no managed nodes. So lists are empty, and what names a node or needs one fails with AWS's error for that.

https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-managed-nodes.html
"""

from __future__ import annotations

from typing import Any

from fogbank.auth.roles import passed
from fogbank.core.context import Context
from fogbank.core.errors import NotBuilt
from fogbank.core.kinds import Named, named
from fogbank.core.operation import Access, operation
from fogbank.core.paging import Pages

from .. import documents, things
from ..documents import DOCUMENT
from ..errors import (
    AutomationDefinitionNotFoundException,
    AutomationExecutionNotFoundException,
    InvalidActivationId,
    InvalidCommandId,
    InvalidInstanceId,
    InvalidNextToken,
    InvalidParameters,
    InvalidResourceId,
    ResourceDataSyncAlreadyExistsException,
    ResourceDataSyncInvalidConfigurationException,
    TargetNotConnected,
)
from ..kinds import ACTIVATION, DATA_SYNC
from ..things import given

DAY = 86400.0


def _none(ctx: Context, req: dict[str, Any], member: str) -> dict[str, Any]:
    """An empty list. A token that nobody was given is refused."""
    Pages(ctx, InvalidNextToken).after(req.get("NextToken"))
    return {member: []}


def _node(ctx: Context, id: str) -> Named:
    """A node by its id: an EC2 instance, or a machine that was registered by an activation."""
    if id.startswith("mi-"):
        return named(ctx.arn("ssm", f"managed-instance/{id}"), ctx.account)
    return named(ctx.arn("ec2", f"instance/{id}"), ctx.account)


def _by_instance(ctx: Context, req: dict[str, Any]) -> Named:
    return _node(ctx, req["InstanceId"])


def _by_target(ctx: Context, req: dict[str, Any]) -> Named:
    return _node(ctx, req["Target"])


def _not_valid(id: str) -> InvalidInstanceId:
    return InvalidInstanceId(f"Instance Id {id} doesn't match existing instances.")


# -- nodes -------------------------------------------------------------------------------------------------------------


@operation("ssm", "DescribeInstanceInformation", resource="*")
def describe_instance_information(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No managed nodes."""
    return _none(ctx, req, "InstanceInformationList")


@operation("ssm", "DescribeInstanceProperties", resource="*")
def describe_instance_properties(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No managed nodes."""
    return _none(ctx, req, "InstanceProperties")


@operation("ssm", "GetConnectionStatus", resource=_by_target)
def get_connection_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No node is connected."""
    return {"Target": req["Target"], "Status": "notconnected"}


@operation("ssm", "DeregisterManagedInstance", resource=_by_instance)
def deregister_managed_instance(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such node."""
    raise _not_valid(req["InstanceId"])


@operation("ssm", "UpdateManagedInstanceRole", resource=_by_instance)
def update_managed_instance_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such node."""
    raise _not_valid(req["InstanceId"])


@operation("ssm", "ListNodes", resource="*")
def list_nodes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No managed nodes."""
    return _none(ctx, req, "Nodes")


# -- commands ----------------------------------------------------------------------------------------------------------


def _sent(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The document, each node that the request names, and the role for notifications."""
    found = [DOCUMENT.name(ctx, req["DocumentName"]), *(_node(ctx, id) for id in req.get("InstanceIds") or ())]
    role = [passed(ctx, req["ServiceRoleArn"], "ssm.amazonaws.com")] if req.get("ServiceRoleArn") else []
    return [*(Access("", each) for each in found), *role]


@operation("ssm", "SendCommand", resource=_sent)
def send_command(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Checks the document and its parameters, and finds no node to send to.

    AWS keeps a command to targets that match no node; here that fails too, since nothing would ever be done.
    """
    with ctx.read() as tx:
        document = documents.require(tx, ctx, req["DocumentName"])
        version = documents.chosen(tx, document, req.get("DocumentVersion"))
    _check_parameters(version.parameters, req.get("Parameters") or {})
    raise InvalidInstanceId("Instances " + str(list(req.get("InstanceIds") or ())).replace("'", "")
                            + f" not in a valid state for account {ctx.account}")  # fmt: skip


def _check_parameters(known: list[dict[str, Any]], given: dict[str, Any]) -> None:
    """Raise InvalidParameters for what the document does not have."""
    names = {each["Name"] for each in known}
    if not names.issuperset(given):
        raise InvalidParameters


@operation("ssm", "ListCommands", resource="*")
def list_commands(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No commands."""
    if req.get("CommandId"):
        raise InvalidCommandId
    return _none(ctx, req, "Commands")


@operation("ssm", "ListCommandInvocations", resource="*")
def list_command_invocations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No commands."""
    if req.get("CommandId"):
        raise InvalidCommandId
    return _none(ctx, req, "CommandInvocations")


@operation("ssm", "GetCommandInvocation", resource="*")
def get_command_invocation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such command."""
    raise InvalidCommandId


@operation("ssm", "CancelCommand", resource="*")
def cancel_command(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such command."""
    raise InvalidCommandId


# -- automations -------------------------------------------------------------------------------------------------------


def _automation(ctx: Context, req: dict[str, Any]) -> Named:
    return named(ctx.arn("ssm", f"automation-execution/{req['AutomationExecutionId']}"), ctx.account)


def _started(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The document; and tags on the execution need their permission."""
    found = [Access("", DOCUMENT.name(ctx, req["DocumentName"]))]
    execution = named(ctx.arn("ssm", "automation-execution/*"), ctx.account)
    return [*found, *([Access("ssm:AddTagsToResource", execution)] if req.get("Tags") else [])]


@operation("ssm", "StartAutomationExecution", resource=_started)
def start_automation_execution(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Fails for what is no runbook; runbooks are kept and not run."""
    with ctx.read() as tx:
        key = DOCUMENT.key(ctx, req["DocumentName"])
        known = documents.own(ctx.region, str(key[2])) if key[0] == documents.AWS else DOCUMENT.find(
            tx, ctx, req["DocumentName"])  # fmt: skip
    document = known[0] if isinstance(known, tuple) else known
    if document is None or document.type != "Automation":
        raise AutomationDefinitionNotFoundException(
            f"Automation document with name {req['DocumentName']} cannot be found."
        )
    raise NotBuilt("ssm", ctx.operation)


@operation("ssm", "GetAutomationExecution", resource=_automation)
def get_automation_execution(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such execution."""
    raise _no_execution(req)


def _no_execution(req: dict[str, Any]) -> AutomationExecutionNotFoundException:
    return AutomationExecutionNotFoundException(
        f"Automation execution with id {req['AutomationExecutionId']} cannot be found."
    )


@operation("ssm", "StopAutomationExecution", resource=_automation)
def stop_automation_execution(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such execution."""
    raise _no_execution(req)


@operation("ssm", "DescribeAutomationExecutions", resource="*")
def describe_automation_executions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No executions."""
    return _none(ctx, req, "AutomationExecutionMetadataList")


# -- sessions ----------------------------------------------------------------------------------------------------------


@operation("ssm", "StartSession", resource=_by_target)
def start_session(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No node is connected. The text is AWS's."""
    raise TargetNotConnected(f"{req['Target']} is not connected.")


@operation("ssm", "DescribeSessions", resource="*")
def describe_sessions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No sessions."""
    return _none(ctx, req, "Sessions")


# -- inventory, compliance and patches ---------------------------------------------------------------------------------


@operation("ssm", "PutInventory", resource=_by_instance)
def put_inventory(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such node."""
    raise _not_valid(req["InstanceId"])


@operation("ssm", "ListInventoryEntries", resource=_by_instance)
def list_inventory_entries(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such node."""
    raise _not_valid(req["InstanceId"])


@operation("ssm", "GetInventory", resource="*")
def get_inventory(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No inventory."""
    return _none(ctx, req, "Entities")


@operation("ssm", "PutComplianceItems", resource="*")
def put_compliance_items(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such node."""
    raise InvalidResourceId


@operation("ssm", "ListComplianceItems", resource="*")
def list_compliance_items(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No items."""
    return _none(ctx, req, "ComplianceItems")


@operation("ssm", "ListComplianceSummaries", resource="*")
def list_compliance_summaries(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No items."""
    return _none(ctx, req, "ComplianceSummaryItems")


@operation("ssm", "DescribeInstancePatchStates", resource="*")
def describe_instance_patch_states(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """No managed nodes."""
    return _none(ctx, req, "InstancePatchStates")


@operation("ssm", "DescribeInstanceAssociationsStatus", resource=_by_instance)
def describe_instance_associations_status(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """There is no such node."""
    raise _not_valid(req["InstanceId"])


# -- activations -------------------------------------------------------------------------------------------------------


def _activated(ctx: Context, req: dict[str, Any]) -> list[Access]:
    """The permission to pass the role, which requests name by its name."""
    role = req["IamRole"]
    arn = role if role.startswith("arn:") else ctx.arn("iam", f"role/{role}", region="")
    found = [Access(action, "*") for action in ("", *(["ssm:AddTagsToResource"] if req.get("Tags") else []))]
    return [*found, passed(ctx, arn, "ssm.amazonaws.com")]


@operation("ssm", "CreateActivation", resource=_activated, fidelity="recorded")
def create_activation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep an activation. No machine can register with its code."""
    expires = req.get("ExpirationDate")
    data = {
        **given(req, "Description", "DefaultInstanceName", "IamRole"),
        "RegistrationLimit": req.get("RegistrationLimit") or 1,
        "ExpirationDate": expires.timestamp() if expires is not None else ctx.now() + DAY,
    }
    with ctx.write() as tx:
        made = things.make(tx, ctx, ACTIVATION, ctx.ids.uuid(), data, req.get("Tags"))
    return {"ActivationId": made.id, "ActivationCode": ctx.ids.alnum(20)}


@operation("ssm", "DescribeActivations", resource="*", fidelity="recorded")
def describe_activations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The activations of the account."""
    wanted = things.filters(req, key="FilterKey", values="FilterValues")
    keys = {"IamRole": "IamRole", "DefaultInstanceName": "DefaultInstanceName"}
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, ACTIVATION)
    found = [
        each for each in there
        if ("ActivationIds" not in wanted or each.id in wanted["ActivationIds"])
        and all(each.data.get(keys[key]) in values for key, values in wanted.items() if key in keys)
    ]  # fmt: skip
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 50, lambda each: each.id)
    listed = [
        {**each.data, "ActivationId": each.id, "RegistrationsCount": 0, "CreatedDate": each.created,
         "Expired": each.data["ExpirationDate"] <= ctx.now(),
         "Tags": [{"Key": key, "Value": value} for key, value in each.tags.items()]}
        for each in shown
    ]  # fmt: skip
    return {"ActivationList": listed, **more}


@operation("ssm", "DeleteActivation", resource="*", fidelity="recorded")
def delete_activation(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete an activation."""
    with ctx.write() as tx:
        found = tx.get(ACTIVATION.table, (ctx.account, ctx.region, req["ActivationId"]))
        if found is None:
            raise InvalidActivationId
        things.drop(tx, ACTIVATION, found)
    return {}


# -- resource data sync ------------------------------------------------------------------------------------------------

_by_sync = DATA_SYNC.of("SyncName")


@operation("ssm", "CreateResourceDataSync", resource=_by_sync, fidelity="recorded")
def create_resource_data_sync(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Keep a sync. Nothing is written to its bucket."""
    type = req.get("SyncType") or "SyncToDestination"
    needed = "S3Destination" if type == "SyncToDestination" else "SyncSource"
    if not req.get(needed):
        raise ResourceDataSyncInvalidConfigurationException(f"{needed} is required for {type}.")  # not confirmed
    with ctx.write() as tx:
        if DATA_SYNC.find(tx, ctx, req["SyncName"]) is not None:
            raise ResourceDataSyncAlreadyExistsException(SyncName=req["SyncName"])
        data = {**given(req, "S3Destination", "SyncSource"), "SyncType": type}
        things.make(tx, ctx, DATA_SYNC, req["SyncName"], data)
    return {}


@operation("ssm", "UpdateResourceDataSync", resource=_by_sync, fidelity="recorded")
def update_resource_data_sync(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Change the source of a sync."""
    with ctx.write() as tx:
        found = DATA_SYNC.require(tx, ctx, req["SyncName"])
        things.change(tx, ctx, DATA_SYNC, found, given(req, "SyncSource"))
    return {}


@operation("ssm", "DeleteResourceDataSync", resource=_by_sync, fidelity="recorded")
def delete_resource_data_sync(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Delete a sync."""
    with ctx.write() as tx:
        things.drop(tx, DATA_SYNC, DATA_SYNC.require(tx, ctx, req["SyncName"]))
    return {}


@operation("ssm", "ListResourceDataSync", resource="*", fidelity="recorded")
def list_resource_data_sync(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The syncs of the account. None has run yet."""
    with ctx.read() as tx:
        there = things.all_of(tx, ctx, DATA_SYNC)
    found = [each for each in there if req.get("SyncType") in (None, each.data["SyncType"])]
    pages = Pages(ctx, InvalidNextToken)
    shown, more = pages.by_key(found, req.get("NextToken"), req.get("MaxResults") or 50, lambda each: each.id)
    listed = [
        {**each.data, "SyncName": each.id, "SyncCreatedTime": each.created, "SyncLastModifiedTime": each.changed,
         "LastStatus": "InProgress"}
        for each in shown
    ]  # fmt: skip
    return {"ResourceDataSyncItems": listed, **more}
