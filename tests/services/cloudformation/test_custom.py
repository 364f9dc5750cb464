"""Custom resources: Lambda functions that make what CloudFormation cannot."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from fogbank.core import services
from fogbank.core.http import Request
from fogbank.gateway.routing import DataPlane, Router
from fogbank.services.cloudformation.callbacks import PATH


def routed():
    return isinstance(Router(("localhost",), "us-east-1").route(Request("PUT", PATH + "x")), DataPlane)


pytestmark = pytest.mark.skipif(not routed(), reason="the gateway does not route callbacks yet")

CODE = """
import json, urllib.request
import boto3

def handler(event, context):
    print(json.dumps(event))
    properties = event["ResourceProperties"]
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer["Status"] = "FAILED" if properties.get("Fail") == event["RequestType"] else "SUCCESS"
    answer["Reason"] = "told to"
    answer["PhysicalResourceId"] = "" if "Empty" in properties else "thing-" + properties.get("Name", "x")
    old = event.get("OldResourceProperties", {}).get("Name", "-")
    answer["Data"] = {"Said": f"{event['RequestType']} {properties.get('Name')} {old} {event['ResourceType']}"}
    put = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    put.add_header("content-type", "")
    urllib.request.urlopen(put)
"""


@pytest.fixture
def function(aws):
    """A function that answers; its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = aws.client("iam").create_role(RoleName="custom", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", CODE)
    made = aws.client("lambda").create_function(
        FunctionName="custom", Runtime="python3.12", Role=role, Handler="index.handler",
        Code={"ZipFile": packed.getvalue()}, Timeout=20,
    )  # fmt: skip
    return made["FunctionArn"]


def template(function, name="one", **properties):
    return {
        "Resources": {
            "Thing": {
                "Type": "Custom::Thing",
                "Properties": {"ServiceToken": function, "Name": name, "Count": 3, **properties},
            }
        },
        "Outputs": {"Said": {"Value": {"Fn::GetAtt": ["Thing", "Said"]}}, "Id": {"Value": {"Ref": "Thing"}}},
    }


def test_the_life_of_a_custom_resource(cfn, function):
    assert cfn.create("custom", template(function))["StackStatus"] == "CREATE_COMPLETE", cfn.events("custom")
    assert cfn.outputs("custom") == {"Said": "Create one - Custom::Thing", "Id": "thing-one"}
    assert cfn.update("custom", template(function, Extra="e"))["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.outputs("custom")["Said"] == "Update one one Custom::Thing"
    # another physical id means a replacement: the old one is deleted in the cleanup
    assert cfn.update("custom", template(function, "two"))["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.outputs("custom") == {"Said": "Update two one Custom::Thing", "Id": "thing-two"}
    deleted = [e for e in cfn.events("custom") if e["ResourceStatus"] == "DELETE_COMPLETE"]
    assert [e["PhysicalResourceId"] for e in deleted] == ["thing-one"]
    assert cfn.delete("custom")["StackStatus"] == "DELETE_COMPLETE"


def test_a_custom_resource_that_says_no(cfn, function):
    assert cfn.create("refused", template(function, Fail="Create"))["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = cfn.reason("refused", "Thing", "CREATE_FAILED")
    assert reason.startswith(
        "Received response status [FAILED] from custom resource. Message returned: told to (RequestId: "
    )
    # AWS sends a Delete for what a failed Create may have left
    deleted = [e for e in cfn.events("refused") if e["ResourceStatus"] == "DELETE_COMPLETE"]
    assert [e["PhysicalResourceId"] for e in deleted] == ["thing-one"]


@pytest.mark.parametrize("more", [{}, {"Fail": "Create"}])
def test_an_empty_physical_id(cfn, function, more):
    """Seen on AWS: an answer with an empty id fails, whatever its status; the Delete has an id that AWS made."""
    stack = cfn.create("empty", template(function, Empty="yes", **more))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE", cfn.failures("empty")
    assert cfn.reason("empty", "Thing", "CREATE_FAILED") == "Invalid PhysicalResourceId"
    (deleted,) = [e for e in cfn.events("empty") if e["ResourceStatus"] == "DELETE_COMPLETE"]
    assert deleted["PhysicalResourceId"].startswith("empty-Thing-")


def test_a_deletion_that_fails(cfn, function):
    cfn.create("sticky", template(function, Fail="Delete"))
    stack = cfn.delete("sticky")
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"].startswith("The following resource(s) failed to delete: [Thing].")
    cfn.client.delete_stack(StackName="sticky", RetainResources=["Thing"])
    assert cfn.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_function_that_does_not_exist(cfn, aws):
    missing = f"arn:aws:lambda:us-east-1:{aws.id}:function:none"
    assert cfn.create("nobody", template(missing))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Function not found" in cfn.reason("nobody", "Thing", "CREATE_FAILED")


@pytest.mark.skipif("sns" not in services.built(), reason="needs SNS")
def test_nobody_answers(own_cloud, cfn_of):
    """ServiceTimeout is the resource's own limit, in seconds; without it an hour."""
    cfn = cfn_of(own_cloud.account())
    made = cfn.account.client("sns").create_topic(Name="deaf")["TopicArn"]
    cfn.create("deaf", template(made, ServiceTimeout="120"), wait=False)
    cfn.until("deaf", "Thing", "CREATE_IN_PROGRESS")
    own_cloud.advance(121)
    cfn.until("deaf", "Thing", "CREATE_FAILED")
    assert "did not receive a response from your Custom Resource" in cfn.reason("deaf", "Thing", "CREATE_FAILED")
    own_cloud.advance(121)
