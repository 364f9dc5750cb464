"""DescribeEvents, and the early validation of change sets."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def propose(cfn, stack, template, **kw):
    return cfn.client.create_change_set(
        StackName=stack, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(template), **kw
    )["Id"]


def failed(cfn, **kw):
    return cfn.client.describe_events(Filters={"FailedEvents": True}, **kw)["OperationEvents"]


def test_the_events_of_an_operation(cfn, parameter):
    cfn.create("told", {"Resources": {"A": parameter()}})
    (created,) = cfn.stack("told")["LastOperations"]
    cfn.update("told", {"Resources": {"A": parameter("w")}})
    (updated,) = cfn.stack("told")["LastOperations"]
    assert (created["OperationType"], updated["OperationType"]) == ("CREATE_STACK", "UPDATE_STACK")
    every = cfn.client.describe_events(StackName="told")["OperationEvents"]
    assert {event["OperationId"] for event in every} == {created["OperationId"], updated["OperationId"]}
    found = cfn.client.describe_events(OperationId=created["OperationId"])["OperationEvents"]
    assert [(e["EventType"], e["LogicalResourceId"], e["ResourceStatus"]) for e in found[::-1]] == [
        ("STACK_EVENT", "told", "CREATE_IN_PROGRESS"),
        ("PROGRESS_EVENT", "A", "CREATE_IN_PROGRESS"),
        ("PROGRESS_EVENT", "A", "CREATE_IN_PROGRESS"),
        ("PROGRESS_EVENT", "A", "CREATE_COMPLETE"),
        ("STACK_EVENT", "told", "CREATE_COMPLETE"),
    ]
    assert [e["OperationStatus"] for e in found if e["EventType"] == "STACK_EVENT"] == ["SUCCEEDED", "IN_PROGRESS"]
    assert failed(cfn, StackName="told") == []


def test_what_failed(cfn, parameter):
    cfn.create("ill", {"Resources": {"A": parameter(name="no name")}})
    provisioning = [event for event in failed(cfn, StackName="ill") if event["EventType"] == "PROVISIONING_ERROR"]
    assert [(event["LogicalResourceId"], event["OperationType"]) for event in provisioning] == [("A", "CREATE_STACK")]
    cfn.create("wrong", {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "grey"}}}})
    (validation,) = [event for event in failed(cfn, StackName="wrong") if event["EventType"] == "VALIDATION_ERROR"]
    assert "extraneous key [Colour] is not permitted" in validation["ValidationStatusReason"]


def test_a_change_set_with_wrong_properties_fails(cfn):
    """The CDK looks for AWS::EarlyValidation in the reason, and then asks DescribeEvents."""
    id = propose(cfn, "early", {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "grey"}}}})
    found = cfn.client.describe_change_set(ChangeSetName=id)
    assert found["Status"] == "FAILED"
    assert found["StatusReason"] == (
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early "
        "Validation errors, use the DescribeEvents API for detailed failure information."
    )
    events = failed(cfn, ChangeSetName=id)
    (event,) = [each for each in events if each["EventType"] == "VALIDATION_ERROR"]
    assert event["OperationType"] == "CREATE_CHANGESET"
    assert (event["LogicalResourceId"], event["ValidationName"]) == ("Q", "PROPERTY_VALIDATION")
    assert event["ValidationStatusReason"] == "#: extraneous key [Colour] is not permitted"
    assert event["ValidationPath"].startswith("/Resources/Q")


def test_a_change_set_for_a_name_that_is_taken_fails(cfn, aws):
    aws.client("sns").create_topic(Name="free")
    aws.client("logs").create_log_group(logGroupName="taken")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}
    id = propose(cfn, "name", {"Resources": {"G": group}})
    found = cfn.client.describe_change_set(ChangeSetName=id)
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in found["StatusReason"]
    (event,) = [each for each in failed(cfn, ChangeSetName=id) if each["EventType"] == "VALIDATION_ERROR"]
    assert event["ValidationName"] == "NAME_CONFLICT_VALIDATION"
    assert "already exists" in event["ValidationStatusReason"]
    other = propose(cfn, "other", {"Resources": {"G": group}}, DisableValidation=True)
    assert cfn.client.describe_change_set(ChangeSetName=other)["Status"] == "CREATE_COMPLETE"


def test_nothing_named(cfn):
    with pytest.raises(ClientError) as error:
        cfn.client.describe_events()
    assert error.value.response["Error"]["Code"] == "ValidationError"
