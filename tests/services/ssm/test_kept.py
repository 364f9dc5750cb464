"""What Systems Manager keeps: associations, windows, baselines, OpsItems, activations, syncs. And no node is there.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
"""

import json

import pytest
from tests.support import refused

TARGETS = [{"Key": "tag:a", "Values": ["b"]}]
NODE = "i-0123456789abcdef0"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


def test_associations(ssm):
    request = {"Name": "AWS-RunShellScript", "Targets": TARGETS, "ScheduleExpression": "rate(1 day)"}
    made = ssm.create_association(**request, AssociationName="daily")["AssociationDescription"]
    id = made["AssociationId"]
    assert (made["AssociationVersion"], made["DocumentVersion"]) == ("1", "$DEFAULT")
    assert made["Overview"]["Status"] == "Pending"
    found = ssm.describe_association(AssociationId=id)["AssociationDescription"]
    assert (found["AssociationName"], found["ScheduleExpression"]) == ("daily", "rate(1 day)")
    changed = ssm.update_association(AssociationId=id, ScheduleExpression="rate(2 days)")["AssociationDescription"]
    assert (changed["AssociationVersion"], changed["Targets"]) == ("2", TARGETS)
    versions = ssm.list_association_versions(AssociationId=id)["AssociationVersions"]
    assert [each["AssociationVersion"] for each in versions] == ["2"]
    wanted = [{"key": "AssociationName", "value": "daily"}]
    assert [each["AssociationId"] for each in ssm.list_associations(AssociationFilterList=wanted)["Associations"]] == [
        id
    ]
    assert ssm.describe_association_executions(AssociationId=id)["AssociationExecutions"] == []
    ssm.start_associations_once(AssociationIds=[id])
    batch = ssm.create_association_batch(Entries=[{"Name": "AWS-RunShellScript", "Targets": TARGETS}])
    assert len(batch["Successful"]) == 1
    for bad, code in (
        ({"ScheduleExpression": "often"}, "InvalidSchedule"),
        ({"Name": "Nothing"}, "InvalidDocument"),
        ({"Targets": []}, "InvalidTarget"),
    ):
        assert refused(ssm.create_association, **{**request, **bad}).code == code
    ssm.delete_association(AssociationId=id)
    assert refused(ssm.describe_association, AssociationId=id).code == "AssociationDoesNotExist"


WINDOW = {
    "Name": "nightly",
    "Schedule": "cron(0 2 ? * SUN *)",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
}


def test_maintenance_windows(ssm):
    id = ssm.create_maintenance_window(**WINDOW, ClientToken="t", Tags=[{"Key": "a", "Value": "b"}])["WindowId"]
    assert ssm.create_maintenance_window(**WINDOW, ClientToken="t")["WindowId"] == id
    found = ssm.get_maintenance_window(WindowId=id)
    assert {name: found[name] for name in WINDOW} == WINDOW
    assert found["Enabled"] is True
    missing = refused(ssm.get_maintenance_window, WindowId="mw-0123456789abcdef0")
    assert (missing.code, missing.message) == (
        "DoesNotExistException",
        "Maintenance window mw-0123456789abcdef0 does not exist",
    )
    changed = ssm.update_maintenance_window(WindowId=id, Enabled=False, Description="d")
    assert (changed["Enabled"], changed["Description"]) == (False, "d")
    wanted = [{"Key": "Name", "Values": ["nightly"]}]
    (listed,) = ssm.describe_maintenance_windows(Filters=wanted)["WindowIdentities"]
    assert (listed["WindowId"], listed["Enabled"]) == (id, False)
    target = ssm.register_target_with_maintenance_window(WindowId=id, ResourceType="INSTANCE", Targets=TARGETS)
    target_id = target["WindowTargetId"]
    ssm.update_maintenance_window_target(WindowId=id, WindowTargetId=target_id, Name="target")
    (shown,) = ssm.describe_maintenance_window_targets(WindowId=id)["Targets"]
    assert (shown["Name"], shown["ResourceType"], shown["Targets"]) == ("target", "INSTANCE", TARGETS)
    task_id = ssm.register_task_with_maintenance_window(
        WindowId=id, TaskArn="AWS-RunShellScript", TaskType="RUN_COMMAND", Targets=TARGETS, Priority=2,
        MaxConcurrency="1", MaxErrors="1",
        TaskInvocationParameters={"RunCommand": {"Parameters": {"commands": ["date"]}}},
    )["WindowTaskId"]  # fmt: skip
    ssm.update_maintenance_window_task(WindowId=id, WindowTaskId=task_id, Priority=1)
    task = ssm.get_maintenance_window_task(WindowId=id, WindowTaskId=task_id)
    assert (task["Priority"], task["TaskType"]) == (1, "RUN_COMMAND")
    assert task["TaskInvocationParameters"]["RunCommand"]["Parameters"] == {"commands": ["date"]}
    (shown,) = ssm.describe_maintenance_window_tasks(WindowId=id)["Tasks"]
    assert (shown["Type"], shown["WindowTaskId"]) == ("RUN_COMMAND", task_id)
    assert ssm.describe_maintenance_window_executions(WindowId=id)["WindowExecutions"] == []
    ssm.deregister_target_from_maintenance_window(WindowId=id, WindowTargetId=target_id)
    ssm.deregister_task_from_maintenance_window(WindowId=id, WindowTaskId=task_id)
    gone = refused(ssm.get_maintenance_window_task, WindowId=id, WindowTaskId=task_id)
    assert gone.code == "DoesNotExistException"
    tags = ssm.list_tags_for_resource(ResourceType="MaintenanceWindow", ResourceId=id)["TagList"]
    assert tags == [{"Key": "a", "Value": "b"}]
    ssm.delete_maintenance_window(WindowId=id)
    assert refused(ssm.get_maintenance_window, WindowId=id).code == "DoesNotExistException"


def test_patch_baselines(ssm):
    rules = {"PatchRules": [{"ApproveAfterDays": 7, "PatchFilterGroup": {
        "PatchFilters": [{"Key": "CLASSIFICATION", "Values": ["Security"]}]}}]}  # fmt: skip
    id = ssm.create_patch_baseline(Name="base", OperatingSystem="AMAZON_LINUX_2", ApprovalRules=rules)["BaselineId"]
    found = ssm.get_patch_baseline(BaselineId=id)
    assert (found["OperatingSystem"], found["ApprovedPatchesComplianceLevel"]) == ("AMAZON_LINUX_2", "UNSPECIFIED")
    assert found["RejectedPatchesAction"] == "ALLOW_AS_DEPENDENCY"
    assert ssm.update_patch_baseline(BaselineId=id, Description="d")["Description"] == "d"
    group = {"BaselineId": id, "PatchGroup": "web"}
    ssm.register_patch_baseline_for_patch_group(**group)
    assert refused(ssm.register_patch_baseline_for_patch_group, **group).code == "AlreadyExistsException"
    of_group = ssm.get_patch_baseline_for_patch_group(PatchGroup="web", OperatingSystem="AMAZON_LINUX_2")
    assert of_group["BaselineId"] == id
    (mapping,) = ssm.describe_patch_groups()["Mappings"]
    assert (mapping["PatchGroup"], mapping["BaselineIdentity"]["BaselineId"]) == ("web", id)
    assert refused(ssm.delete_patch_baseline, BaselineId=id).code == "ResourceInUseException"
    ssm.deregister_patch_baseline_for_patch_group(**group)
    assert refused(ssm.deregister_patch_baseline_for_patch_group, **group).code == "InvalidResourceId"
    wanted = [{"Key": "NAME_PREFIX", "Values": ["ba"]}]
    (listed,) = ssm.describe_patch_baselines(Filters=wanted)["BaselineIdentities"]
    assert (listed["BaselineName"], listed["DefaultBaseline"]) == ("base", False)
    ssm.register_default_patch_baseline(BaselineId=id)
    assert ssm.get_default_patch_baseline(OperatingSystem="AMAZON_LINUX_2")["BaselineId"] == id
    other = ssm.create_patch_baseline(Name="other", OperatingSystem="AMAZON_LINUX_2")["BaselineId"]
    ssm.register_default_patch_baseline(BaselineId=other)
    ssm.delete_patch_baseline(BaselineId=id)
    assert refused(ssm.get_patch_baseline, BaselineId=id).code == "DoesNotExistException"


def test_ops_items(ssm, aws):
    id = ssm.create_ops_item(Title="disk", Source="me", Description="full", Priority=2, OperationalData={
        "/k": {"Value": "v", "Type": "SearchableString"}})["OpsItemId"]  # fmt: skip
    item = ssm.get_ops_item(OpsItemId=id)["OpsItem"]
    assert (item["Status"], item["Title"], item["Priority"]) == ("Open", "disk", 2)
    assert item["CreatedBy"] == f"arn:aws:iam::{aws.id}:root"
    ssm.update_ops_item(OpsItemId=id, Status="Resolved", OperationalDataToDelete=["/k"])
    item = ssm.get_ops_item(OpsItemId=id)["OpsItem"]
    assert (item["Status"], item["OperationalData"]) == ("Resolved", {})
    wanted = [{"Key": "Status", "Values": ["Resolved"], "Operator": "Equal"}]
    assert [each["OpsItemId"] for each in ssm.describe_ops_items(OpsItemFilters=wanted)["OpsItemSummaries"]] == [id]
    uri = f"arn:aws:ssm-incidents::{aws.id}:incident-record/x/1"
    related = {"OpsItemId": id, "AssociationType": "IsParentOf", "ResourceType": "AWS::X", "ResourceUri": uri}
    association = ssm.associate_ops_item_related_item(**related)["AssociationId"]
    again = refused(ssm.associate_ops_item_related_item, **related)
    assert again.code == "OpsItemRelatedItemAlreadyExistsException"
    assert [each["ResourceUri"] for each in ssm.list_ops_item_related_items(OpsItemId=id)["Summaries"]] == [uri]
    ssm.disassociate_ops_item_related_item(OpsItemId=id, AssociationId=association)
    assert ssm.list_ops_item_related_items(OpsItemId=id)["Summaries"] == []
    assert ssm.get_ops_summary()["Entities"] == []
    ssm.delete_ops_item(OpsItemId=id)
    assert refused(ssm.get_ops_item, OpsItemId=id).code == "OpsItemNotFoundException"


def test_ops_metadata(ssm, aws):
    arn = ssm.create_ops_metadata(ResourceId="/aws/ssm/App/appmanager", Metadata={"a": {"Value": "1"}})[
        "OpsMetadataArn"
    ]
    assert arn == f"arn:aws:ssm:us-east-1:{aws.id}:opsmetadata/aws/ssm/App/appmanager"
    twice = refused(ssm.create_ops_metadata, ResourceId="/aws/ssm/App/appmanager")
    assert twice.code == "OpsMetadataAlreadyExistsException"
    ssm.update_ops_metadata(OpsMetadataArn=arn, MetadataToUpdate={"b": {"Value": "2"}}, KeysToDelete=["a"])
    assert ssm.get_ops_metadata(OpsMetadataArn=arn)["Metadata"] == {"b": {"Value": "2"}}
    assert [each["OpsMetadataArn"] for each in ssm.list_ops_metadata()["OpsMetadataList"]] == [arn]
    ssm.delete_ops_metadata(OpsMetadataArn=arn)
    assert refused(ssm.get_ops_metadata, OpsMetadataArn=arn).code == "OpsMetadataNotFoundException"


def test_activations(ssm, aws):
    aws.client("iam").create_role(RoleName="nodes", AssumeRolePolicyDocument=json.dumps(TRUST))
    made = ssm.create_activation(IamRole="nodes", Description="d", RegistrationLimit=2)
    assert len(made["ActivationCode"]) == 20
    (found,) = ssm.describe_activations()["ActivationList"]
    assert (found["ActivationId"], found["RegistrationLimit"], found["Expired"]) == (made["ActivationId"], 2, False)
    ssm.delete_activation(ActivationId=made["ActivationId"])
    assert refused(ssm.delete_activation, ActivationId=made["ActivationId"]).code == "InvalidActivationId"


def test_resource_data_syncs(ssm):
    place = {"BucketName": "b", "SyncFormat": "JsonSerDe", "Region": "us-east-1"}
    ssm.create_resource_data_sync(SyncName="sync", S3Destination=place)
    again = refused(ssm.create_resource_data_sync, SyncName="sync", S3Destination=place)
    assert again.code == "ResourceDataSyncAlreadyExistsException"
    bare = refused(ssm.create_resource_data_sync, SyncName="bare")
    assert bare.code == "ResourceDataSyncInvalidConfigurationException"
    (found,) = ssm.list_resource_data_sync()["ResourceDataSyncItems"]
    assert (found["SyncName"], found["S3Destination"]) == ("sync", place)
    source = {"SourceType": "SingleAccountMultiRegions", "SourceRegions": ["us-east-1"]}
    ssm.update_resource_data_sync(SyncName="sync", SyncType="SyncFromSource", SyncSource=source)
    ssm.delete_resource_data_sync(SyncName="sync")
    assert refused(ssm.delete_resource_data_sync, SyncName="sync").code == "ResourceDataSyncNotFoundException"


def test_no_node_is_managed(ssm):
    assert ssm.describe_instance_information()["InstanceInformationList"] == []
    assert ssm.describe_instance_properties()["InstanceProperties"] == []
    assert ssm.list_nodes()["Nodes"] == []
    assert ssm.get_connection_status(Target=NODE)["Status"] == "notconnected"
    commands = {"Parameters": {"commands": ["date"]}}
    for call, request, code in (
        (ssm.send_command, {"DocumentName": "AWS-RunShellScript", "InstanceIds": [NODE], **commands},
         "InvalidInstanceId"),
        (ssm.send_command, {"DocumentName": "Nothing", "InstanceIds": [NODE]}, "InvalidDocument"),
        (ssm.send_command, {"DocumentName": "AWS-RunShellScript", "InstanceIds": [NODE],
                            "Parameters": {"other": ["x"]}}, "InvalidParameters"),
        (ssm.get_command_invocation, {"CommandId": "0" * 36, "InstanceId": NODE}, "InvalidCommandId"),
        (ssm.cancel_command, {"CommandId": "0" * 36}, "InvalidCommandId"),
        (ssm.start_session, {"Target": NODE}, "TargetNotConnected"),
        (ssm.start_automation_execution, {"DocumentName": "Nothing"}, "AutomationDefinitionNotFoundException"),
        (ssm.start_automation_execution, {"DocumentName": "AWS-StopEC2Instance"}, "NotImplemented"),
        (ssm.get_automation_execution, {"AutomationExecutionId": "0" * 36}, "AutomationExecutionNotFoundException"),
        (ssm.stop_automation_execution, {"AutomationExecutionId": "0" * 36}, "AutomationExecutionNotFoundException"),
        (ssm.deregister_managed_instance, {"InstanceId": "mi-0123456789abcdef0"}, "InvalidInstanceId"),
        (ssm.update_managed_instance_role, {"InstanceId": "mi-0123456789abcdef0", "IamRole": "r"},
         "InvalidInstanceId"),
        (ssm.put_inventory, {"InstanceId": NODE, "Items": [
            {"TypeName": "Custom:X", "SchemaVersion": "1.0", "CaptureTime": "2026-01-01T00:00:00Z"}]},
         "InvalidInstanceId"),
        (ssm.list_inventory_entries, {"InstanceId": NODE, "TypeName": "AWS:Application"}, "InvalidInstanceId"),
        (ssm.describe_instance_associations_status, {"InstanceId": NODE}, "InvalidInstanceId"),
        (ssm.put_compliance_items, {
            "ResourceId": NODE, "ResourceType": "ManagedInstance", "ComplianceType": "Custom:Mine",
            "ExecutionSummary": {"ExecutionTime": 0}, "Items": []}, "InvalidResourceId"),
    ):  # fmt: skip
        assert refused(call, **request).code == code, call
    assert ssm.list_commands()["Commands"] == []
    assert ssm.list_command_invocations()["CommandInvocations"] == []
    assert ssm.describe_automation_executions()["AutomationExecutionMetadataList"] == []
    assert ssm.describe_sessions(State="Active")["Sessions"] == []
    assert ssm.get_inventory()["Entities"] == []
    assert ssm.list_compliance_items()["ComplianceItems"] == []
    assert ssm.list_compliance_summaries()["ComplianceSummaryItems"] == []
    assert ssm.describe_instance_patch_states(InstanceIds=[NODE])["InstancePatchStates"] == []
