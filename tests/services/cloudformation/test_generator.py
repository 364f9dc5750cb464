"""The IaC generator: a scan finds resources, and a template made of them creates the same again."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def client(aws):
    return aws.client("cloudformation")


def until(look, *wanted):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = look()
        if found["Status"] in wanted:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_scan_finds_what_can_be_listed(client, aws, cfn):
    aws.client("sqs").create_queue(QueueName="loose")
    cfn.create("s", {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "held"}},
                                   "M": {"Type": "AWS::AppMesh::Mesh", "Properties": {"MeshName": "m"}}}})  # fmt: skip
    id = client.start_resource_scan(ScanFilters=[{"Types": ["AWS::SQS::*", "AWS::AppMesh::Mesh"]}])["ResourceScanId"]
    found = until(lambda: client.describe_resource_scan(ResourceScanId=id), "COMPLETE")
    assert found["ResourcesScanned"] == 3
    assert "AWS::SQS::Queue" in found["ResourceTypes"]
    queues = client.list_resource_scan_resources(ResourceScanId=id, ResourceTypePrefix="AWS::SQS")["Resources"]
    assert {(q["ResourceIdentifier"]["QueueUrl"].rpartition("/")[2], q["ManagedByStack"]) for q in queues} == {
        ("held", True), ("loose", False),
    }  # fmt: skip
    assert [scan["ScanType"] for scan in client.list_resource_scans()["ResourceScanSummaries"]] == ["PARTIAL"]
    missing = id[:-3] + "000"
    with pytest.raises(ClientError) as error:
        client.describe_resource_scan(ResourceScanId=missing)
    assert error.value.response["Error"]["Code"] == "ResourceScanNotFound"


def test_a_template_is_generated(client, aws, cfn):
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="made", Attributes={"DelaySeconds": "7"})["QueueUrl"]
    resource = {"ResourceType": "AWS::SQS::Queue", "ResourceIdentifier": {"QueueUrl": url}}
    lost = {**resource, "LogicalResourceId": "Lost", "ResourceIdentifier": {"QueueUrl": url + "x"}}
    id = client.create_generated_template(GeneratedTemplateName="t", Resources=[resource, lost])["GeneratedTemplateId"]
    found = until(lambda: client.describe_generated_template(GeneratedTemplateName="t"), "COMPLETE")
    assert found["GeneratedTemplateId"] == id
    assert (found["Progress"]["ResourcesSucceeded"], found["Progress"]["ResourcesFailed"]) == (1, 1)
    body = client.get_generated_template(GeneratedTemplateName=id, Format="JSON")["TemplateBody"]
    ((name, declared),) = json.loads(body)["Resources"].items()
    assert (name, declared["Type"], declared["DeletionPolicy"]) == ("SQSQueue00000", "AWS::SQS::Queue", "Retain")
    assert str(declared["Properties"]["DelaySeconds"]) == "7"
    assert "Arn" not in declared["Properties"]
    cfn.client.create_change_set(
        StackName="adopts", ChangeSetName="c", ChangeSetType="IMPORT", TemplateBody=body,
        ResourcesToImport=[{**resource, "LogicalResourceId": name}],
    )  # fmt: skip
    cfn.client.execute_change_set(StackName="adopts", ChangeSetName="c")
    assert cfn.settled("adopts")["StackStatus"] == "IMPORT_COMPLETE", cfn.failures("adopts")
    client.update_generated_template(GeneratedTemplateName="t", RemoveResources=["Lost"], NewGeneratedTemplateName="u")
    until(lambda: client.describe_generated_template(GeneratedTemplateName="u"), "COMPLETE")
    (summary,) = client.list_generated_templates()["Summaries"]
    assert (summary["GeneratedTemplateName"], summary["NumberOfResources"]) == ("u", 1)
    client.delete_generated_template(GeneratedTemplateName="u")
    with pytest.raises(ClientError) as error:
        client.describe_generated_template(GeneratedTemplateName="u")
    assert error.value.response["Error"]["Code"] == "GeneratedTemplateNotFound"
