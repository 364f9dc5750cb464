"""Stack sets with self-managed permissions, over two accounts and two regions."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"
TEMPLATE = {
    "Parameters": {"Word": {"Type": "String", "Default": "hello"}},
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Word"}}}},
}


def trust(**principal):
    return json.dumps(
        {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
    )  # fmt: skip


def allow(iam, role, *actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document)


class Sets:
    def __init__(self, aws, other):
        self.client = aws.client("cloudformation")
        self.accounts = [aws, other]

    def ended(self, name, answer):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = self.client.describe_stack_set_operation(StackSetName=name, OperationId=answer["OperationId"])
            if found["StackSetOperation"]["Status"] not in ("RUNNING", "STOPPING", "QUEUED"):
                return found["StackSetOperation"]
            time.sleep(0.05)
        raise AssertionError(found)

    def results(self, name, operation):
        found = self.client.list_stack_set_operation_results(StackSetName=name, OperationId=operation["OperationId"])
        return {(each["Account"], each["Region"]): each for each in found["Summaries"]}

    def deploy(self, name, regions=("us-east-1",), accounts=None, **kw):
        ids = [account.id for account in accounts or self.accounts]
        return self.ended(
            name, self.client.create_stack_instances(StackSetName=name, Accounts=ids, Regions=list(regions), **kw)
        )


@pytest.fixture
def sets(aws, cloud):
    """The roles of AWS's guide in two accounts."""
    other = cloud.account()
    iam = aws.client("iam")
    iam.create_role(RoleName=ADMINISTRATION, AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))
    allow(iam, ADMINISTRATION, "sts:AssumeRole")
    for account in (aws, other):
        theirs = account.client("iam")
        theirs.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=trust(AWS=aws.id))
        allow(theirs, EXECUTION, "cloudformation:*", "sqs:*", "s3:*")
    return Sets(aws, other)


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def urls(account, region="us-east-1"):
    return [url.rpartition("/")[2] for url in account.client("sqs", region=region).list_queues().get("QueueUrls", [])]


def test_a_set_over_accounts_and_regions(sets, aws):
    made = sets.client.create_stack_set(
        StackSetName="s", TemplateBody=json.dumps(TEMPLATE), Description="d", Tags=[{"Key": "a", "Value": "b"}]
    )
    regions = ["us-east-1", "eu-west-1"]
    done = sets.deploy("s", regions)
    assert (done["Status"], done["Action"]) == ("SUCCEEDED", "CREATE"), sets.results("s", done)
    for account in sets.accounts:
        for region in regions:
            assert urls(account, region) == ["hello"]
    shown = sets.client.describe_stack_set(StackSetName="s")["StackSet"]
    assert shown["StackSetId"] == made["StackSetId"]
    assert shown["StackSetARN"] == f"arn:aws:cloudformation:us-east-1:{aws.id}:stackset/{made['StackSetId']}"
    assert (shown["PermissionModel"], shown["ExecutionRoleName"]) == ("SELF_MANAGED", EXECUTION)
    assert shown["AdministrationRoleARN"].endswith(f"role/{ADMINISTRATION}")
    assert sets.client.list_stack_sets()["Summaries"][0]["StackSetName"] == "s"
    listed = sets.client.list_stack_instances(StackSetName="s")["Summaries"]
    assert len(listed) == 4
    assert {(each["Status"], each["StackInstanceStatus"]["DetailedStatus"]) for each in listed} == {
        ("CURRENT", "SUCCEEDED")
    }
    other = sets.accounts[1]
    one = sets.client.describe_stack_instance(
        StackSetName="s", StackInstanceAccount=other.id, StackInstanceRegion="eu-west-1"
    )["StackInstance"]
    stack = other.client("cloudformation", region="eu-west-1").describe_stacks(StackName=one["StackId"])["Stacks"][0]
    assert stack["StackName"].startswith("StackSet-s-")
    assert stack["Tags"] == [{"Key": "a", "Value": "b"}]

    changed = json.loads(json.dumps(TEMPLATE).replace("hello", "bye"))
    done = sets.ended("s", sets.client.update_stack_set(StackSetName="s", TemplateBody=json.dumps(changed)))
    assert done["Status"] == "SUCCEEDED", sets.results("s", done)
    assert urls(other, "eu-west-1") == ["bye"]
    override = [{"ParameterKey": "Word", "ParameterValue": "mine"}]
    done = sets.ended("s", sets.client.update_stack_instances(
        StackSetName="s", Accounts=[other.id], Regions=["eu-west-1"], ParameterOverrides=override))  # fmt: skip
    assert (urls(other, "eu-west-1"), urls(other)) == (["mine"], ["bye"])
    with pytest.raises(ClientError) as error:
        sets.client.delete_stack_set(StackSetName="s")
    assert code_of(error) == ("StackSetNotEmptyException", "StackSet is not empty")
    gone = {"StackSetName": "s", "Accounts": [account.id for account in sets.accounts]}
    sets.ended("s", sets.client.delete_stack_instances(**gone, Regions=["us-east-1"], RetainStacks=False))
    assert urls(other) == []
    sets.ended("s", sets.client.delete_stack_instances(**gone, Regions=["eu-west-1"], RetainStacks=True))
    assert urls(other, "eu-west-1") == ["mine"]
    actions = [o["Action"] for o in sets.client.list_stack_set_operations(StackSetName="s")["Summaries"]]
    assert actions == ["DELETE", "DELETE", "UPDATE", "UPDATE", "CREATE"]
    sets.client.delete_stack_set(StackSetName="s")
    with pytest.raises(ClientError) as error:
        sets.client.describe_stack_set(StackSetName="s")
    assert code_of(error) == ("StackSetNotFoundException", "StackSet s not found")


def test_a_failure_stops_the_rest(sets, cloud):
    """The failure tolerance is 0: the second region is cancelled. An account without the role is one that fails."""
    sets.client.create_stack_set(StackSetName="f", TemplateBody=json.dumps(TEMPLATE))
    stranger = cloud.account()
    done = sets.deploy("f", ["us-east-1", "eu-west-1"], [sets.accounts[0], stranger])
    assert done["Status"] == "FAILED"
    results = sets.results("f", done)
    assert results[stranger.id, "us-east-1"]["Status"] == "FAILED"
    assert f"Account {stranger.id} should have '{EXECUTION}' role" in results[stranger.id, "us-east-1"]["StatusReason"]
    assert {results[account.id, "eu-west-1"]["Status"] for account in (sets.accounts[0], stranger)} == {"CANCELLED"}
    tolerant = {"FailureToleranceCount": 1, "MaxConcurrentCount": 2}
    sets.client.create_stack_set(StackSetName="t", TemplateBody=json.dumps(TEMPLATE).replace("hello", "t"))
    done = sets.deploy("t", ["eu-west-1"], [sets.accounts[1], stranger], OperationPreferences=tolerant)
    assert done["Status"] == "SUCCEEDED"
    assert urls(sets.accounts[1], "eu-west-1") == ["t"]
    assert done["StatusDetails"]["FailedStackInstancesCount"] == 1


def test_drift_of_a_set(sets):
    sets.client.create_stack_set(StackSetName="d", TemplateBody=json.dumps(TEMPLATE))
    sets.deploy("d")
    other = sets.accounts[1]
    sqs = other.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="hello")["QueueUrl"])
    done = sets.ended("d", sets.client.detect_stack_set_drift(StackSetName="d"))
    assert done["Status"] == "SUCCEEDED", sets.results("d", done)
    found = sets.client.describe_stack_set(StackSetName="d")["StackSet"]["StackSetDriftDetectionDetails"]
    assert (found["DriftStatus"], found["DriftedStackInstancesCount"]) == ("DRIFTED", 1)
    drifted = sets.client.list_stack_instances(
        StackSetName="d", Filters=[{"Name": "DRIFT_STATUS", "Values": "DRIFTED"}]
    )
    assert [each["Account"] for each in drifted["Summaries"]] == [other.id]


def test_what_is_refused(sets, aws):
    template = json.dumps(TEMPLATE)
    sets.client.create_stack_set(StackSetName="r", TemplateBody=template)
    with pytest.raises(ClientError) as error:
        sets.client.create_stack_set(StackSetName="r", TemplateBody=template)
    assert code_of(error)[0] == "NameAlreadyExistsException"
    with pytest.raises(ClientError) as error:
        sets.client.create_stack_set(StackSetName="m", TemplateBody=template, PermissionModel="SERVICE_MANAGED",
                                     AutoDeployment={"Enabled": True})  # fmt: skip
    assert "organizations access" in code_of(error)[1]
    assert sets.client.describe_organizations_access()["Status"] == "DISABLED"
    with pytest.raises(ClientError) as error:
        sets.client.create_stack_instances(StackSetName="none", Accounts=[aws.id], Regions=["us-east-1"])
    assert code_of(error)[0] == "StackSetNotFoundException"
    with pytest.raises(ClientError) as error:
        sets.client.describe_stack_set_operation(StackSetName="r", OperationId="none")
    assert code_of(error)[0] == "OperationNotFoundException"
    with pytest.raises(ClientError) as error:
        sets.client.describe_stack_instance(
            StackSetName="r", StackInstanceAccount=aws.id, StackInstanceRegion="us-east-1"
        )
    assert code_of(error)[0] == "StackInstanceNotFoundException"
    done = sets.deploy("r", accounts=[aws])
    with pytest.raises(ClientError) as error:
        sets.client.stop_stack_set_operation(StackSetName="r", OperationId=done["OperationId"])
    assert code_of(error)[0] == "InvalidOperationException"


def test_a_stack_set_as_a_resource(sets, cfn, aws):
    """AWS::CloudFormation::StackSet makes the set and its stacks; an update moves them, the deletion takes both."""

    def template(*regions):
        properties = {
            "StackSetName": "inner",
            "PermissionModel": "SELF_MANAGED",
            "TemplateBody": json.dumps(TEMPLATE),
            "StackInstancesGroup": [
                {"DeploymentTargets": {"Accounts": [sets.accounts[1].id]}, "Regions": list(regions)}
            ],
        }
        declared = {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}
        return {"Resources": {"Set": declared}, "Outputs": {"Id": {"Value": {"Ref": "Set"}}}}

    stack = cfn.create("outer", template("us-east-1"))
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("outer")
    assert cfn.outputs("outer")["Id"].startswith("inner:")
    assert urls(sets.accounts[1]) == ["hello"]
    assert cfn.update("outer", template("eu-west-1"))["StackStatus"] == "UPDATE_COMPLETE", cfn.failures("outer")
    assert (urls(sets.accounts[1]), urls(sets.accounts[1], "eu-west-1")) == ([], ["hello"])
    assert cfn.delete("outer")["StackStatus"] == "DELETE_COMPLETE"
    assert urls(sets.accounts[1], "eu-west-1") == []
    assert sets.client.list_stack_sets()["Summaries"] == []
