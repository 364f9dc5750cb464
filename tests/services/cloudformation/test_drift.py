"""Drift detection, with queues, roles, functions and recorded resources."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError


def detected(cfn, name, **kw):
    """Detect the drift of a stack and wait for the result."""
    id = cfn.client.detect_stack_drift(StackName=name, **kw)["StackDriftDetectionId"]
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = cfn.client.describe_stack_drift_detection_status(StackDriftDetectionId=id)
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def drifts(cfn, name, **kw):
    found = cfn.client.describe_stack_resource_drifts(StackName=name, **kw)["StackResourceDrifts"]
    return {each["LogicalResourceId"]: each for each in found}


TEMPLATE = {
    "Resources": {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"VisibilityTimeout": 40, "Tags": [{"Key": "a", "Value": "1"}]},
        },
        "Gone": {"Type": "AWS::SQS::Queue"},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "d"}},
        "Mesh": {"Type": "AWS::AppMesh::Mesh", "Properties": {"MeshName": "m"}},
        "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [], "PolicyDocument": {}}},
    }
}


def test_what_changed_outside_is_found(cfn, aws):
    cfn.create("drifting", TEMPLATE)
    found = detected(cfn, "drifting")
    assert (found["StackDriftStatus"], found["DriftedStackResourceCount"]) == ("IN_SYNC", 0)
    assert {name: each["StackResourceDriftStatus"] for name, each in drifts(cfn, "drifting").items()} == dict.fromkeys(
        ("Queue", "Gone", "Topic", "Mesh"), "IN_SYNC"
    ), "a queue policy cannot be read"
    sqs, ids = aws.client("sqs"), cfn.physical("drifting")
    sqs.set_queue_attributes(QueueUrl=ids["Queue"], Attributes={"VisibilityTimeout": "50", "DelaySeconds": "3"})
    sqs.tag_queue(QueueUrl=ids["Queue"], Tags={"a": "2", "b": "3"})
    sqs.delete_queue(QueueUrl=ids["Gone"])
    aws.client("sns").set_topic_attributes(TopicArn=ids["Topic"], AttributeName="DisplayName", AttributeValue="")
    found = detected(cfn, "drifting")
    assert (found["DetectionStatus"], found["StackDriftStatus"]) == ("DETECTION_COMPLETE", "DRIFTED")
    assert found["DriftedStackResourceCount"] == 3
    shown = drifts(cfn, "drifting")
    assert {name: each["StackResourceDriftStatus"] for name, each in shown.items()} == {
        "Queue": "MODIFIED", "Gone": "DELETED", "Topic": "MODIFIED", "Mesh": "IN_SYNC",
    }  # fmt: skip
    assert shown["Queue"]["PropertyDifferences"] == [
        {"PropertyPath": "/VisibilityTimeout", "ExpectedValue": "40", "ActualValue": "50",
         "DifferenceType": "NOT_EQUAL"},
        {"PropertyPath": "/Tags/0/Value", "ExpectedValue": "1", "ActualValue": "2", "DifferenceType": "NOT_EQUAL"},
        {"PropertyPath": "/Tags/1", "ExpectedValue": "null", "ActualValue": '{"Key":"b","Value":"3"}',
         "DifferenceType": "ADD"},
    ]  # fmt: skip
    assert json.loads(shown["Queue"]["ActualProperties"])["VisibilityTimeout"] == "50"
    assert [d["DifferenceType"] for d in shown["Topic"]["PropertyDifferences"]] == ["REMOVE"]
    assert list(drifts(cfn, "drifting", StackResourceDriftStatusFilters=["DELETED"])) == ["Gone"]
    stack = cfn.stack("drifting")
    assert stack["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    listed = cfn.client.list_stack_resources(StackName="drifting")["StackResourceSummaries"]
    assert {r["LogicalResourceId"]: r["DriftInformation"]["StackResourceDriftStatus"] for r in listed} == {
        "Gone": "DELETED", "Mesh": "IN_SYNC", "Policy": "NOT_CHECKED", "Queue": "MODIFIED", "Topic": "MODIFIED",
    }  # fmt: skip


def test_one_resource(cfn, aws):
    cfn.create("one", TEMPLATE)
    queue = cfn.physical("one")["Queue"]
    aws.client("sqs").untag_queue(QueueUrl=queue, TagKeys=["a"])
    found = cfn.client.detect_stack_resource_drift(StackName="one", LogicalResourceId="Queue")["StackResourceDrift"]
    assert (found["StackResourceDriftStatus"], found["PhysicalResourceId"]) == ("MODIFIED", queue)
    assert found["PropertyDifferences"][0]["DifferenceType"] == "REMOVE"
    with pytest.raises(ClientError) as error:
        cfn.client.detect_stack_resource_drift(StackName="one", LogicalResourceId="Policy")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_the_types_that_can_be_read(cfn, aws):
    """Right after their creation, none of them differs from its template."""
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    tags = [{"Key": "t", "Value": "v"}]
    table = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST",
             "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}  # fmt: skip
    code = {"ZipFile": "def handler(event, context): return 1"}
    declared = {
        "Role": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": trust, "Tags": tags, "Description": "d"}),
        "Function": ("AWS::Lambda::Function", {"Code": code, "Handler": "index.handler", "Runtime": "python3.12",
                     "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Environment": {"Variables": {"LEVEL": 1}},
                     "Tags": tags}),
        "Bucket": ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": tags}),
        "Table": ("AWS::DynamoDB::Table", table),
        "Key": ("AWS::KMS::Key", {"Description": "k", "EnableKeyRotation": True}),
        "Group": ("AWS::Logs::LogGroup", {"RetentionInDays": 7}),
        "Parameter": ("AWS::SSM::Parameter", {"Type": "String", "Value": "v"}),
    }  # fmt: skip
    resources = {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in declared.items()}
    stack = cfn.create("read", {"Resources": resources}, Capabilities=["CAPABILITY_IAM"])
    assert stack["StackStatus"] == "CREATE_COMPLETE", cfn.failures("read")
    assert detected(cfn, "read")["StackDriftStatus"] == "IN_SYNC", drifts(cfn, "read")
    assert set(drifts(cfn, "read")) == set(declared)
    aws.client("s3").put_bucket_versioning(
        Bucket=cfn.physical("read")["Bucket"], VersioningConfiguration={"Status": "Suspended"}
    )
    aws.client("logs").delete_log_group(logGroupName=cfn.physical("read")["Group"])
    found = detected(cfn, "read", LogicalResourceIds=["Bucket", "Group"])
    assert found["DriftedStackResourceCount"] == 2


def test_a_stack_in_progress_and_an_unknown_detection(cfn):
    with pytest.raises(ClientError) as error:
        cfn.client.detect_stack_drift(StackName="none")
    assert error.value.response["Error"]["Message"] == "Stack [none] does not exist"
    with pytest.raises(ClientError) as error:
        cfn.client.describe_stack_drift_detection_status(StackDriftDetectionId="0" * 36)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_a_caller_who_may_not_read_gets_a_failed_detection(cfn, cfn_of, aws):
    """DetectStackDrift reads the resources as its caller, who needs the permission to."""
    cfn.create("secret", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}})
    allowed = [{"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}]
    user = cfn_of(aws.user(json.dumps({"Version": "2012-10-17", "Statement": allowed})))
    found = detected(user, "secret")
    assert found["DetectionStatus"] == "DETECTION_FAILED"
    assert "Queue" in found["DetectionStatusReason"]
